// Hands files in to an import, in pieces and several at a time, until the server has acknowledged every byte of them.
import { requestJson } from "./api.js";
import { nextEvent, pause } from "./waiting.js";

const PIECE_BYTES = 4 * 2 ** 20;
const PARALLEL = 3;
const RETRY_MS = [1000, 2000, 4000, 8000];
const LATER = new Set([0, 401, 429, 500, 502, 503, 504]); // the same may go well a little later
const GONE = new Set([403, 404]); // nothing more can be handed in

export const fileUrl = (importUrl, name) => `${importUrl}/files/${name.split("/").map(encodeURIComponent).join("/")}`;

// Events: progress; kept {entry}: it is whole on the server; refused {entry, reason}; waiting {reason}: it is tried again
// until it works; going: it works again; failed {reason}: the import is gone; idle: there is nothing left to do.
export class UploadQueue extends EventTarget {
  constructor(importUrl) {
    super();
    Object.assign(this, { importUrl, waiting: [], busy: new Set(), paused: false, ended: false, struggling: false });
    this.stopping = new AbortController();
    this.totals = { files: 0, bytes: 0, doneFiles: 0, doneBytes: 0 };
  }

  get isIdle() {
    return !this.waiting.length && !this.busy.size;
  }

  // receivedBytes: of an upload that was interrupted; the rest follows.
  add(name, blob, receivedBytes = 0) {
    const entry = { name, blob, receivedBytes, calledOff: false };
    this.totals.files += 1;
    this.totals.bytes += blob.size;
    this.totals.doneBytes += receivedBytes;
    this.waiting.push(entry);
    this.#fill();
    return entry;
  }

  // Take a file back, whatever of it is on the server already.
  async remove(entry) {
    entry.calledOff = true;
    this.waiting = this.waiting.filter((other) => other !== entry);
    while (this.busy.has(entry)) await nextEvent(this, "left", this.stopping.signal);
    if (entry.receivedBytes) await this.#patiently(() => this.#request(entry.name, { method: "DELETE" }));
    this.totals.files -= 1;
    this.totals.bytes -= entry.blob.size;
    this.totals.doneBytes -= entry.receivedBytes;
    if (entry.kept) this.totals.doneFiles -= 1;
    this.#tell("progress");
    if (this.isIdle) this.#tell("idle");
  }

  pause() {
    this.paused = true;
  }

  resume() {
    this.paused = false;
    this.#tell("resumed");
    this.#fill();
  }

  // Nothing more is sent; what is on its way is called off.
  stop() {
    this.ended = true;
    this.waiting = [];
    this.stopping.abort(new Error("stopped"));
  }

  #fill() {
    while (!this.paused && !this.ended && this.busy.size < PARALLEL && this.waiting.length) {
      const entry = this.waiting.shift();
      this.busy.add(entry);
      this.#send(entry).finally(() => {
        this.busy.delete(entry);
        this.#tell("left");
        if (this.isIdle && !this.ended) this.#tell("idle");
        else this.#fill();
      });
    }
  }

  async #send(entry) {
    try {
      while (entry.receivedBytes < entry.blob.size && !entry.calledOff) {
        if (this.paused) await nextEvent(this, "resumed", this.stopping.signal);
        await this.#sendPiece(entry);
      }
      if (entry.calledOff) return;
      entry.kept = true;
      this.totals.doneFiles += 1;
      this.#tell("kept", { entry });
      this.#tell("progress");
    } catch (error) {
      if (this.ended || entry.calledOff) return;
      if (GONE.has(error.status)) return this.#fail(error.message);
      this.totals.files -= 1;
      this.totals.bytes -= entry.blob.size;
      this.totals.doneBytes -= entry.receivedBytes;
      this.#tell("refused", { entry, reason: error.message });
    }
  }

  async #sendPiece(entry) {
    const from = entry.receivedBytes;
    const bytes = await contentOf(entry.blob.slice(from, from + PIECE_BYTES));
    const query = `size=${entry.blob.size}&offset=${from}`;
    const answer = await this.#patiently(async () => {
      try {
        return await this.#request(entry.name, { method: "PUT", bytes }, `?${query}`);
      } catch (error) {
        if (error.status === 409) return error.answer; // it has less than was thought: go on from there
        throw error;
      }
    });
    entry.receivedBytes = answer.received_bytes;
    this.totals.doneBytes += entry.receivedBytes - from;
    this.#tell("progress");
  }

  #request(name, options, query = "") {
    return requestJson(`${fileUrl(this.importUrl, name)}${query}`, { ...options, signal: this.stopping.signal });
  }

  // Again and again while the server cannot be reached.
  async #patiently(request) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const answer = await request();
        if (this.struggling) this.#tell("going");
        this.struggling = false;
        return answer;
      } catch (error) {
        // a TypeError: the connection broke while the answer came in
        if (!(error instanceof TypeError) && !LATER.has(error.status)) throw error;
        this.struggling = true;
        this.#tell("waiting", { reason: error.message });
        await retryTime(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)], this.stopping.signal);
      }
    }
  }

  #fail(reason) {
    if (this.ended) return;
    this.stop();
    this.#tell("failed", { reason });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

async function contentOf(blob) {
  try {
    return await blob.arrayBuffer();
  } catch {
    throw new Error("The file cannot be read any more: it was changed, moved or deleted. Choose it again.");
  }
}

// After this time, or as soon as the device is online again.
async function retryTime(ms, signal) {
  const settled = new AbortController();
  const until = AbortSignal.any([signal, settled.signal]);
  const waits = [pause(ms, until), nextEvent(window, "online", until)];
  try {
    await Promise.race(waits);
  } finally {
    for (const wait of waits) wait.catch(() => undefined); // the loser of the race
    settled.abort();
  }
}
