// From the picture on the screen to JPEG bytes, at most as many unanswered frames as the server gives credits.
import { pause } from "./waiting.js";

export const LONGEST_SIDE_PX = 640; // more only costs time: the pose model sees 256 pixels of each person
const JPEG_QUALITY = 0.8;
const TRIES = 40;
const RETRY_MS = 500;

// Which frames are unanswered. A frame's credit is taken before it is encoded, so encoding cannot overshoot.
export class CreditLedger {
  constructor(limit = 2) {
    this.limit = limit;
    this.nextId = 1;
    this.open = new Map();
  }

  get free() {
    return this.limit - this.open.size;
  }

  take(entry = {}) {
    if (this.free <= 0) return null;
    const frameId = this.nextId++;
    this.open.set(frameId, entry);
    return frameId;
  }

  // The entry of this frame, whose credit is free again; undefined for one that is not open. A null id (the server could
  // not read which frame it was) settles the oldest.
  settle(frameId) {
    const id = frameId ?? this.open.keys().next().value;
    const entry = this.open.get(id);
    this.open.delete(id);
    return entry;
  }

  // A new connection owes no answers: whatever was lost with the old one comes back here.
  reset(limit = this.limit) {
    const lost = [...this.open.values()];
    this.open.clear();
    this.limit = limit;
    return lost;
  }
}

export class FrameGrabber {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d", { alpha: false });
  }

  // The picture the video shows now as JPEG bytes (never mirrored); null while it shows none.
  async grab(video) {
    const longest = Math.max(video.videoWidth, video.videoHeight);
    if (!longest) return null;
    const scale = Math.min(1, LONGEST_SIDE_PX / longest);
    const width = Math.max(1, Math.round(video.videoWidth * scale));
    const height = Math.max(1, Math.round(video.videoHeight * scale));
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.context.drawImage(video, 0, 0, width, height);
    const blob = await new Promise((resolve) => this.canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
    return blob ? blob.arrayBuffer() : null;
  }
}

// Calls back for every new picture of a video, until stopped.
export function watchPictures(video, onPicture) {
  let stopped = false;
  let handle = 0;
  const byFrame = "requestVideoFrameCallback" in video;
  let lastTime = -1;
  const schedule = () => {
    if (stopped) return;
    handle = byFrame ? video.requestVideoFrameCallback(onFrame) : requestAnimationFrame(onTick);
  };
  const onFrame = (_now, metadata) => {
    onPicture(metadata.mediaTime);
    schedule();
  };
  const onTick = () => {
    if (video.currentTime !== lastTime && video.readyState >= 2) {
      lastTime = video.currentTime;
      onPicture(lastTime);
    }
    schedule();
  };
  schedule();
  return () => {
    stopped = true;
    if (byFrame) video.cancelVideoFrameCallback(handle);
    else cancelAnimationFrame(handle);
  };
}

// Sends the pictures of one video while credits last: a picture without a credit waits, a newer one takes its place.
export class FrameFeed {
  constructor(video, connection) {
    Object.assign(this, { video, connection });
    this.grabber = new FrameGrabber();
    this.superseded = 0;
    this.stops = 0;
    this.waiting = null;
    this.encoding = false;
    connection.addEventListener("credit", () => this.#trySend());
    document.addEventListener("visibilitychange", () => {
      this.waiting = null; // what waited while the tab was hidden is old
    });
  }

  get ready() {
    return this.connection.ready;
  }

  // The picture that the video shows now.
  capture() {
    return this.grabber.grab(this.video);
  }

  // Resolves once a worker has seen this picture; a drop or a lost connection means trying again.
  async lookAt(bytes, timeS, signal) {
    let reason = "no worker is there";
    const { stops } = this;
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      signal.throwIfAborted();
      if (this.stops !== stops) throw new Error("pictures are no longer looked at on the server");
      if (this.connection.ready) {
        const answer = await this.connection.ask(timeS, bytes);
        if (!answer.reason) return;
        reason = answer.reason;
      }
      await pause(RETRY_MS, signal);
    }
    throw new Error(`the server did not look at the picture at ${timeS.toFixed(1)} s (${reason})`);
  }

  // timeOf: media time in seconds to the session's rising clock.
  start(timeOf) {
    this.stop();
    this.stopWatching = watchPictures(this.video, (mediaTime) => {
      if (document.hidden || !this.connection.ready) return;
      if (this.waiting !== null) this.superseded += 1;
      this.waiting = timeOf(mediaTime);
      this.#trySend();
    });
  }

  stop() {
    this.stops += 1;
    this.stopWatching?.();
    this.stopWatching = null;
    this.waiting = null;
  }

  async #trySend() {
    if (this.waiting === null || this.encoding || document.hidden || !this.connection.ready) return;
    const timeS = this.waiting;
    const frameId = this.connection.reserve(timeS);
    if (frameId === null) return;
    this.waiting = null;
    this.encoding = true; // one at a time, so frame ids arrive rising
    let bytes = null;
    try {
      bytes = await this.capture();
    } finally {
      this.encoding = false;
      // a picture that was being encoded when it was stopped stays here
      if (bytes && this.stopWatching && !document.hidden) this.connection.send(frameId, timeS, bytes);
      else this.connection.release(frameId);
    }
    this.#trySend();
  }
}
