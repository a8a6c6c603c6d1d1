// The takes of this visit, newest first.
import { find } from "./elements.js";
import { TakeCard } from "./take_card.js";

export class TakeList {
  constructor(root, { keeper, title = "Take", liveUrl = "/live/" }) {
    Object.assign(this, { keeper, title, liveUrl });
    this.list = find(root, "[data-takes]");
    this.emptyNote = find(root, "[data-takes-empty]");
    this.keepAll = find(root, "[data-keep-all]");
    this.keepAll.addEventListener("click", () => this.#keepAll());
    this.cards = new Set();
    this.number = 0;
  }

  get hasOpen() {
    return [...this.cards].some((card) => card.isOpen);
  }

  add(tracks, source, { title = null, liveUrl = this.liveUrl } = {}) {
    this.number += 1;
    const card = new TakeCard({ title: title ?? `${this.title} ${this.number}`, tracks, source, liveUrl, keeper: this.keeper });
    this.cards.add(card);
    card.addEventListener("phase", () => this.#show());
    card.addEventListener("discarded", () => {
      this.cards.delete(card);
      this.#show();
    });
    this.list.prepend(card.element);
    this.#show();
    return card.check();
  }

  #show() {
    this.emptyNote.hidden = this.cards.size > 0;
    this.keepAll.hidden = [...this.cards].filter((card) => card.isOpen).length < 2;
  }

  // One after the other, so that the first creates the action and the others join it.
  async #keepAll() {
    for (const card of this.cards) {
      if (card.isOpen) await card.keep();
    }
  }
}
