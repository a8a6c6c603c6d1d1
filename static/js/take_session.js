// Several takes in a row, hands-free: wait for a person in view, count down, record, and again.
import { find } from "./elements.js";
import { TrackBuffer } from "./tracks.js";
import { nextEvent, pause } from "./waiting.js";

const BETWEEN_TAKES_MS = 1200;

// Events: take {tracks, number}, again {number} when a take is spoilt and made anew, note {text}.
export class TakeSession extends EventTarget {
  // bodyCheck: looks at every result and says whether enough of a person is in view.
  constructor(stage, bodyCheck, beeps) {
    super();
    Object.assign(this, { stage, bodyCheck, beeps });
    this.digits = find(stage.root, "[data-countdown]");
    this.bar = find(stage.root, "[data-recording-bar]");
    this.sign = find(stage.root, "[data-session-sign]"); // the note again, to be read from afar
  }

  // Resolves after the last take; rejects with the signal's reason when called off.
  async run({ count, seconds, countdown }, signal) {
    try {
      let number = 1;
      while (number <= count) {
        this.#note(`Take ${number} of ${count}: step into the picture.`);
        await this.#personInView(signal);
        this.#note(`Take ${number} of ${count}: get ready.`);
        await this.#countDown(countdown, signal);
        this.#note(`Take ${number} of ${count}: move now.`);
        const tracks = await this.#record(seconds, signal);
        this.dispatchEvent(new CustomEvent(tracks ? "take" : "again", { detail: { tracks, number } }));
        if (tracks) number += 1;
        if (number <= count) await pause(BETWEEN_TAKES_MS, signal);
      }
      this.#note("Done. Look at the takes below and keep the good ones.");
    } finally {
      this.digits.hidden = true;
      this.bar.hidden = true;
      this.sign.hidden = true;
      delete this.stage.root.dataset.recording;
    }
  }

  #personInView(signal) {
    return nextEvent(this.stage, "seen", signal, ({ detail }) => this.bodyCheck.look(detail, this.stage.overlay.skeleton).good);
  }

  async #countDown(seconds, signal) {
    this.digits.hidden = false;
    for (let left = seconds; left > 0; left -= 1) {
      this.digits.textContent = left;
      this.beeps.tick();
      await pause(1000, signal);
    }
    this.digits.hidden = true;
    this.beeps.start();
  }

  // The tracks, or null when recognition was interrupted: two people could share an id in them.
  async #record(seconds, signal) {
    const tracks = new TrackBuffer(Infinity, this.stage.models);
    const keep = ({ detail }) => tracks.push(detail);
    const interruption = new AbortController();
    const spoil = () => interruption.abort();
    this.stage.addEventListener("seen", keep);
    this.stage.addEventListener("interrupted", spoil);
    this.stage.root.dataset.recording = "";
    this.bar.hidden = false;
    this.bar.style.setProperty("--seconds", `${seconds}s`);
    try {
      await pause(seconds * 1000, AbortSignal.any([signal, interruption.signal]));
    } catch (error) {
      signal.throwIfAborted();
      if (error !== interruption.signal.reason) throw error;
    } finally {
      this.stage.removeEventListener("seen", keep);
      this.stage.removeEventListener("interrupted", spoil);
      this.bar.hidden = true;
      delete this.stage.root.dataset.recording;
    }
    this.beeps.end();
    return interruption.signal.aborted ? null : tracks;
  }

  #note(text) {
    this.sign.hidden = false;
    this.sign.textContent = text;
    this.dispatchEvent(new CustomEvent("note", { detail: { text } }));
  }
}
