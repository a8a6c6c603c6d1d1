// Files on their way: how far they are, a pause, and what to do where the connection is lost.
import { find } from "./elements.js";
import { inUnits } from "./upload_files.js";
import { UploadQueue } from "./upload_queue.js";

const SHOW_EVERY_MS = 150;
const MEASURED_MS = 3000; // before that, how long it takes is anybody's guess

// Events: refused {name, reason}.
export class Sending extends EventTarget {
  constructor(root) {
    super();
    this.root = root;
    this.queue = null;
    this.isRunning = false;
    find(root, "[data-pause]").addEventListener("click", () => this.#switchPause());
    find(root, "[data-call-off]").addEventListener("click", () => this.callOff?.());
  }

  // Whether everything is there in the end; false where it was called off and discarded.
  // before: what the draft has already, [{name, size_bytes, received_bytes}].
  async run(draft, files, before) {
    this.isRunning = true;
    find(this.root, "[data-sent]").textContent = "";
    try {
      const known = await this.#settle(draft, files, before);
      this.queue = new UploadQueue(draft.url);
      const ended = this.#ended(draft);
      for (const { name, file } of files) this.queue.add(name, file, known.get(name) ?? 0);
      this.#show();
      if (this.queue.isIdle) this.queue.dispatchEvent(new CustomEvent("idle"));
      return await ended;
    } finally {
      this.isRunning = false;
    }
  }

  // What is there of the chosen files; whatever does not go with them any more is taken out.
  async #settle(draft, files, before) {
    const sizes = new Map(files.map(({ name, file }) => [name, file.size]));
    const known = new Map();
    for (const { name, size_bytes: size, received_bytes: received } of before) {
      if (sizes.get(name) === size) known.set(name, received);
      else if (sizes.has(name) || received < size) {
        await draft.removeFile(name);
        if (!sizes.has(name)) this.#tell("refused", { name, reason: "it was begun before and not chosen again" });
      }
    }
    return known;
  }

  #ended(draft) {
    const { queue } = this;
    this.startedMs = performance.now();
    return new Promise((resolve, reject) => {
      queue.addEventListener("progress", () => this.#showSoon());
      queue.addEventListener("waiting", ({ detail }) => this.#showWaiting(`${detail.reason} It is tried again by itself.`));
      queue.addEventListener("going", () => this.#showWaiting(""));
      queue.addEventListener("refused", ({ detail: { entry, reason } }) => this.#tell("refused", { name: entry.name, reason }));
      queue.addEventListener("idle", () => resolve(true));
      queue.addEventListener("failed", ({ detail }) => reject(new Error(detail.reason)));
      this.callOff = async () => {
        queue.stop();
        try {
          await draft.discard();
          this.isRunning = false;
          resolve(false);
        } catch (error) {
          reject(error);
        }
      };
    });
  }

  #switchPause() {
    const pausing = !this.queue.paused;
    if (pausing) this.queue.pause();
    else this.queue.resume();
    const button = find(this.root, "[data-pause]");
    button.setAttribute("aria-pressed", pausing);
    button.firstElementChild.className = `bi bi-${pausing ? "play" : "pause"}-fill`;
    button.lastElementChild.textContent = pausing ? "Go on" : "Pause";
    this.startedMs = null; // what was measured before no longer tells how long it takes
  }

  #showSoon() {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.#show();
    }, SHOW_EVERY_MS);
  }

  #show() {
    const { files, bytes, doneFiles, doneBytes } = this.queue.totals;
    const percent = bytes ? Math.floor((100 * doneBytes) / bytes) : 100;
    const progress = find(this.root, "[data-progress]");
    progress.setAttribute("aria-valuenow", percent);
    progress.firstElementChild.style.width = `${percent}%`;
    const parts = [`${doneFiles.toLocaleString("en")} of ${files.toLocaleString("en")} files`, `${inUnits(doneBytes)} of ${inUnits(bytes)}`];
    // where all were here before, or all were refused, there is nothing to count
    find(this.root, "[data-sent]").textContent = files ? [...parts, this.#left(doneBytes, bytes)].filter(Boolean).join(" · ") : "";
  }

  #left(doneBytes, bytes) {
    const now = performance.now();
    if (this.startedMs === null) this.startedMs = now;
    if (this.startedMs === now || this.measuredFrom === undefined || this.measuredSince !== this.startedMs) {
      Object.assign(this, { measuredFrom: doneBytes, measuredSince: this.startedMs });
    }
    const [ms, sent] = [now - this.startedMs, doneBytes - this.measuredFrom];
    if (ms < MEASURED_MS || sent <= 0 || this.queue.paused || this.queue.struggling) return "";
    const seconds = (((bytes - doneBytes) / sent) * ms) / 1000;
    return seconds < 60 ? "less than a minute left" : `about ${Math.round(seconds / 60)} min left`;
  }

  #showWaiting(text) {
    const place = find(this.root, "[data-waiting]");
    place.hidden = !text;
    if (place.textContent !== text) place.textContent = text;
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
