// Goes through a plan hands-free: says where to stand, counts down, and shoots whenever what is seen is worth it.
import { element, find } from "./elements.js";
import { nextEvent, pause } from "./waiting.js";

const BETWEEN_SHOTS_MS = 700;
const SAID_AFTER_MS = 2500; // what is waited for is said once it has lasted
const JPEG_QUALITY = 0.93;

// Events: shot {blob, width, height, station}; place {station, number, of}; note {text}; taken {done, total}.
export class Shooter extends EventTarget {
  constructor(stage, gate, beeps, voice) {
    super();
    Object.assign(this, { stage, gate, beeps, voice, paused: false });
    this.digits = find(stage.root, "[data-countdown]");
    this.flash = find(stage.root, "[data-flash]");
    this.canvas = element("canvas");
  }

  // Resolves after the last place; rejects with the signal's reason when called off.
  async run(plan, countdownS, signal) {
    const total = plan.reduce((sum, { count }) => sum + count, 0);
    let done = 0;
    try {
      for (const [place, station] of plan.entries()) {
        this.skipping = new AbortController();
        this.#tell("place", { station, number: place + 1, of: plan.length });
        this.#tell("taken", { done, total });
        const until = AbortSignal.any([signal, this.skipping.signal]);
        try {
          this.voice.say(station.text, { urgent: true });
          await this.#countDown(countdownS, until);
          await this.#shootAt(station, until, (count) => this.#tell("taken", { done: done + count, total }));
          this.beeps.end();
        } catch (error) {
          signal.throwIfAborted();
          if (error !== this.skipping.signal.reason) throw error;
        }
        done += station.count; // a place that is skipped is done with
      }
    } finally {
      this.digits.hidden = true;
    }
  }

  skip() {
    this.skipping?.abort(new Error("skipped"));
  }

  setPaused(paused) {
    this.paused = paused;
    this.voice.hush();
    if (!paused) this.#tell("resumed");
  }

  async #countDown(seconds, signal) {
    for (let left = seconds; left > 0; left -= 1) {
      await this.#whilePaused(signal);
      this.digits.hidden = false;
      this.digits.textContent = left;
      this.beeps.tick();
      await pause(1000, signal);
    }
    this.digits.hidden = true;
  }

  async #whilePaused(signal) {
    while (this.paused) {
      this.digits.hidden = true;
      await nextEvent(this, "resumed", signal);
    }
  }

  // A picture is held back until a later one has also been found good, so that nobody has walked in meanwhile.
  async #shootAt(station, signal, onCount) {
    this.gate.begin();
    let held = null;
    let notBeforeMs = 0;
    let count = 0;
    while (count < station.count) {
      await this.#whilePaused(signal);
      const { detail: frame } = await nextEvent(this.stage, "seen", signal);
      if (this.paused) {
        held = null;
        continue;
      }
      const { ready, text, pose } = this.gate.look(frame, this.stage.overlay.skeleton, station);
      this.#note(text, ready);
      if (!ready) held = null;
      else if (!held && performance.now() >= notBeforeMs) held = { afterS: this.stage.clock.last, shot: this.#capture() };
      else if (held && frame.time_s > held.afterS) {
        const shot = await held.shot;
        held = null;
        if (!shot) continue;
        this.gate.remember(pose);
        notBeforeMs = performance.now() + BETWEEN_SHOTS_MS;
        count += 1;
        this.#show();
        this.#tell("shot", { ...shot, station });
        onCount(count);
      }
    }
  }

  // The camera's picture as it is now, in full and never mirrored; null while it shows none.
  #capture() {
    const { videoWidth: width, videoHeight: height } = this.stage.video;
    if (!width) return Promise.resolve(null);
    Object.assign(this.canvas, { width, height });
    this.canvas.getContext("2d", { alpha: false }).drawImage(this.stage.video, 0, 0, width, height);
    return new Promise((resolve) => this.canvas.toBlob((blob) => resolve(blob && { blob, width, height }), "image/jpeg", JPEG_QUALITY));
  }

  #show() {
    this.beeps.start();
    this.flash.getAnimations().forEach((animation) => animation.cancel());
    this.flash.animate([{ opacity: 0.55 }, { opacity: 0 }], { duration: 350 });
  }

  #note(text, ready) {
    const now = performance.now();
    if (text !== this.noted) Object.assign(this, { noted: text, notedMs: now });
    else if (!ready && now - this.notedMs > SAID_AFTER_MS) this.voice.say(text);
    this.#tell("note", { text });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
