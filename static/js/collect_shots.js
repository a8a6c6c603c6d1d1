// The shots of a recording: shown small, sent at once in the background, taken back one by one.
import { element, find, icon } from "./elements.js";
import { UploadQueue } from "./upload_queue.js";

// Events: change; waiting {reason}; going; failed {reason}.
export class Shots extends EventTarget {
  constructor(section, draft) {
    super();
    Object.assign(this, { section, number: 0, shots: new Map() });
    this.list = find(section, "[data-shots]");
    this.list.replaceChildren();
    this.queue = new UploadQueue(draft.url);
    for (const type of ["waiting", "going", "failed"]) {
      this.queue.addEventListener(type, ({ detail }) => this.dispatchEvent(new CustomEvent(type, { detail })));
    }
    this.queue.addEventListener("kept", ({ detail }) => this.#mark(detail.entry));
    this.queue.addEventListener("refused", ({ detail }) => this.#refused(detail));
  }

  get count() {
    return this.shots.size;
  }

  // Not acknowledged by the server yet.
  get unsent() {
    return [...this.shots.keys()].filter((entry) => !entry.kept).length;
  }

  add({ blob, station }) {
    this.number += 1;
    const name = `${String(this.number).padStart(4, "0")}-${station.distance}-${station.side}.jpg`;
    const entry = this.queue.add(name, blob);
    this.shots.set(entry, this.#card(entry, station));
    this.section.hidden = false;
    this.#changed();
  }

  // Resolves once every shot is on the server.
  async settled(signal) {
    while (!this.queue.isIdle) await new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      this.queue.addEventListener("idle", resolve, { once: true });
    });
  }

  // Forget all of them; the server's are discarded with the import.
  close() {
    this.queue.stop();
    for (const entry of this.shots.keys()) this.#forget(entry);
    this.section.hidden = true;
  }

  // Nothing can be taken back once the import has begun.
  lock() {
    for (const card of this.shots.values()) find(card, "button").remove();
  }

  #card(entry, { distance, side }) {
    const text = `Shot ${this.number}, ${distance}, ${side}`;
    const card = element(
      "li",
      { class: "shot", "data-shot": entry.name },
      element("img", { src: URL.createObjectURL(entry.blob), alt: text, loading: "lazy", decoding: "async" }),
      element("span", { class: "shot-state", title: "on its way to the server" }, icon("arrow-up-circle")),
      element("button", { type: "button", class: "shot-delete", "aria-label": `Delete ${text}`, onclick: () => this.#remove(entry) }, icon("trash")),
    );
    this.list.prepend(card);
    return card;
  }

  async #remove(entry) {
    const card = this.shots.get(entry);
    const next = card.nextElementSibling ?? card.previousElementSibling;
    this.#forget(entry);
    (next?.querySelector("button") ?? this.section).focus();
    try {
      await this.queue.remove(entry);
    } catch (error) {
      if (!this.queue.ended) this.dispatchEvent(new CustomEvent("failed", { detail: { reason: error.message } }));
    }
    this.#changed();
  }

  #forget(entry) {
    const card = this.shots.get(entry);
    URL.revokeObjectURL(find(card, "img").src);
    card.remove();
    this.shots.delete(entry);
    this.#changed();
  }

  #mark(entry) {
    const card = this.shots.get(entry);
    if (!card) return;
    card.dataset.kept = "";
    const state = find(card, ".shot-state");
    state.title = "on the server";
    state.replaceChildren(icon("check-circle-fill"));
    this.#changed();
  }

  #refused({ entry, reason }) {
    if (this.shots.has(entry)) this.#forget(entry);
    this.dispatchEvent(new CustomEvent("waiting", { detail: { reason: `A shot was not taken: ${reason}` } }));
  }

  #changed() {
    this.dispatchEvent(new CustomEvent("change"));
  }
}
