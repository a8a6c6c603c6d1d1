// Poses found in this browser: what the page knows of the frame in which MediaPipe runs. Pictures go into that frame and
// no further.
import { element } from "./elements.js";

const START_MS = 15000; // to load the frame's page
const QUIET_MS = 60000; // without any sign while files are loaded and models are set up
const ANSWER_MS = 30000;
const JUMP_S = 2.5; // after such a gap the last picture says nothing about this one; a hidden tab looks about once a second

// Events: loading {share}, failed {reason}.
export class OnDevicePoses extends EventTarget {
  // model: "full" or "lite".
  constructor(url, model) {
    super();
    Object.assign(this, { model, ready: false, number: 0, waiting: new Map(), lastS: null });
    this.hear = (event) => this.#hear(event);
    addEventListener("message", this.hear);
    this.frame = element("iframe", { src: url, class: "visually-hidden", tabindex: "-1", "aria-hidden": "true", title: "Finds poses in this browser" });
    this.#expectWithin(START_MS, "the page that finds poses could not be loaded");
    document.body.append(this.frame);
  }

  // The person in an ImageBitmap, which is handed over: {keypoints: [[x_px, y_px, score]], world_m: [[x, y, z]], ms}, null
  // where nobody is seen, undefined when it was closed meanwhile.
  find(image, timeS) {
    const anew = this.lastS !== null && timeS - this.lastS > JUMP_S;
    this.lastS = timeS;
    this.number += 1;
    this.#expectWithin(ANSWER_MS, "no pose was found within half a minute");
    return new Promise((resolve) => {
      this.waiting.set(this.number, resolve);
      this.frame.contentWindow.postMessage({ kind: "picture", number: this.number, image, time_s: timeS, anew }, location.origin, [image]);
    });
  }

  close() {
    this.ready = false;
    clearTimeout(this.patience);
    removeEventListener("message", this.hear);
    this.frame.remove();
    for (const resolve of this.waiting.values()) resolve(undefined);
    this.waiting.clear();
  }

  #hear({ data, origin, source }) {
    if (origin !== location.origin || source !== this.frame.contentWindow) return;
    clearTimeout(this.patience);
    if (data.kind === "alive") this.#load();
    if (data.kind === "loading") this.#loading(data.share);
    if (data.kind === "ready") this.#loaded();
    if (data.kind === "failed") this.#fail(data.reason);
    if (data.kind === "pose") {
      this.waiting.get(data.number)?.(person(data));
      this.waiting.delete(data.number);
    }
  }

  #load() {
    if (typeof CompressionStream === "undefined") return this.#fail("this browser is too old for it (it has no CompressionStream)");
    this.frame.contentWindow.postMessage({ kind: "load", model: this.model }, location.origin);
    this.#loading(0);
  }

  #loading(share) {
    this.#expectWithin(QUIET_MS, "it did not start within a minute");
    this.dispatchEvent(new CustomEvent("loading", { detail: { share } }));
  }

  #loaded() {
    this.ready = true;
    this.dispatchEvent(new CustomEvent("ready"));
  }

  #expectWithin(ms, otherwise) {
    clearTimeout(this.patience);
    this.patience = setTimeout(() => this.#fail(otherwise), ms);
  }

  #fail(reason) {
    this.close();
    this.dispatchEvent(new CustomEvent("failed", { detail: { reason } }));
  }
}

function person({ keypoints, world, ms }) {
  return keypoints ? { keypoints: inThrees(keypoints), world_m: inThrees(world), ms } : null;
}

const inThrees = (values) => Array.from({ length: values.length / 3 }, (_, k) => [...values.subarray(3 * k, 3 * k + 3)]);
