// Reading a video frame by frame: each picture is sought, sent and answered before the next is sent, so none is lost
// however slow the machine is. The next picture is sought while the server works.
import { TrackBuffer } from "./tracks.js";
import { nextEvent, pause } from "./waiting.js";

export const LONGEST_S = 60; // what the server keeps of one take
const STEP_S = 1 / 30;
const TRIES = 40;
const RETRY_MS = 500;
const READINGS = 3;

// The length in seconds; a recording made by a browser tells it only after a seek far beyond its end.
export async function durationOf(video, signal) {
  if (!Number.isFinite(video.duration)) {
    video.currentTime = 1e6;
    await nextEvent(video, "durationchange", signal, () => Number.isFinite(video.duration));
  }
  return video.duration;
}

// Read the piece [fromS, toS] of the video that the stage shows; onProgress gets the share done, 0 to 1. When recognition
// is interrupted meanwhile the reading begins again, since two people could share an id otherwise.
export async function readPiece(stage, piece, options) {
  for (let reading = 1; reading <= READINGS; reading += 1) {
    const tracks = await readOnce(stage, piece, options);
    if (tracks) return tracks;
  }
  throw new Error(`recognition was interrupted ${READINGS} times while the video was read; try again later`);
}

async function readOnce(stage, [fromS, toS], { onProgress, signal }) {
  const { connection, video, grabber } = stage;
  const tracks = new TrackBuffer();
  const clock = stage.clock.media();
  const keep = ({ detail }) => tracks.push(detail);
  const steps = Math.max(1, Math.floor((toS - fromS) / STEP_S));
  let sent = Promise.resolve();
  let interrupted = false;
  const spoil = () => (interrupted ||= tracks.frames.length > 0);
  stage.addEventListener("result", keep);
  stage.addEventListener("interrupted", spoil);
  try {
    for (let step = 0; step <= steps; step += 1) {
      const mediaS = fromS + step * STEP_S;
      await seek(video, mediaS, signal);
      await sent;
      if (interrupted) return null;
      const bytes = await grabber.grab(video);
      sent = answered(connection, clock(mediaS), bytes, signal);
      sent.catch(() => undefined); // awaited at the next step; until then it must not count as unhandled
      onProgress(step / steps);
    }
    await sent;
  } finally {
    stage.removeEventListener("result", keep);
    stage.removeEventListener("interrupted", spoil);
  }
  if (interrupted) return null;
  tracks.skeleton = stage.overlay.skeleton;
  return tracks;
}

// Resolves once a worker has seen this picture; a drop or a lost connection means trying again.
async function answered(connection, timeS, bytes, signal) {
  let reason = "no worker is there";
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    signal.throwIfAborted();
    if (connection.ready) {
      const answer = await connection.ask(timeS, bytes);
      if (!answer.reason) return;
      reason = answer.reason;
    }
    await pause(RETRY_MS, signal);
  }
  throw new Error(`the server did not look at the picture at ${timeS.toFixed(1)} s (${reason})`);
}

async function seek(video, timeS, signal) {
  // half a millisecond into the picture, lest rounding shows the one before
  const target = Math.min(timeS + 0.0005, Math.max(0, video.duration - 0.001));
  if (Math.abs(video.currentTime - target) < 1e-4 && video.readyState >= 2) return;
  const settled = new AbortController();
  const until = AbortSignal.any([signal, settled.signal]);
  const arrived = nextEvent(video, "seeked", until);
  const broken = nextEvent(video, "error", until).then(() => {
    throw new Error(`the video is damaged near ${timeS.toFixed(1)} s`);
  });
  video.currentTime = target;
  try {
    await Promise.race([arrived, broken]);
  } finally {
    for (const waiting of [arrived, broken]) waiting.catch(() => undefined); // the loser of the race
    settled.abort();
  }
}
