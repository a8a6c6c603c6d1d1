// Which picture comes next: the trail of this visit, back and forth, and ahead of it what the server wants reviewed.
import { requestJson } from "./api.js";

export const AFTER_DRAWING_MS = 30; // what can wait does, so that the next picture is not kept waiting
const AHEAD = 5;
const MOST_ROUNDS = 20;

export class LabelQueue {
  #trail = [];
  #at = -1;
  #ahead = [];
  #filling = null;
  #passed = new Set(); // shown on this visit: not offered again by itself

  constructor(store, pictures, { reviews }) {
    this.store = store;
    this.pictures = pictures;
    this.reviews = reviews; // whether there is a queue for this person at all
    this.left = null;
    this.failed = null;
  }

  get current() {
    return this.#trail[this.#at] ?? null;
  }

  get hasBack() {
    return this.#at > 0;
  }

  // Put a picture behind the current one and go there.
  goTo(sampleId) {
    const place = this.#trail.indexOf(sampleId, this.#at);
    if (place === this.#at && place >= 0) return;
    this.#trail.splice(this.#at + 1, 0, sampleId);
    this.#at += 1;
    this.#pass(sampleId);
  }

  get visited() {
    return this.#trail;
  }

  // Back to a picture of the trail.
  revisit(sampleId) {
    const place = this.#trail.lastIndexOf(sampleId);
    if (place < 0) this.goTo(sampleId);
    else this.#at = place;
  }

  back() {
    if (this.#at > 0) this.#at -= 1;
    return this.current;
  }

  // The one that was left by going back; null at the end of the trail.
  forth() {
    if (this.#at + 1 >= this.#trail.length) return null;
    this.#at += 1;
    return this.current;
  }

  // The next to review, put at the end of the trail; null where none is left. Answers at once when it was fetched ahead.
  next() {
    const sampleId = this.#ahead.shift();
    if (sampleId) {
      this.#trail.push(sampleId);
      this.#at = this.#trail.length - 1;
      this.#pass(sampleId);
      setTimeout(() => this.fill(), AFTER_DRAWING_MS);
    }
    return sampleId ?? null;
  }

  async nextOrWait() {
    const there = this.next();
    if (there) return there;
    await this.fill();
    return this.next();
  }

  // Fetch what comes next, with the pictures. One request at a time; failed says why the last one did not come.
  fill() {
    if (!this.reviews || this.#ahead.length >= AHEAD) return Promise.resolve();
    this.#filling ??= this.#fill()
      .then(
        () => (this.failed = null),
        (error) => (this.failed = error),
      )
      .finally(() => (this.#filling = null));
    return this.#filling;
  }

  async #fill() {
    const met = new Set();
    let after = this.#ahead.at(-1) ?? this.current;
    for (let round = 0; round < MOST_ROUNDS && this.#ahead.length < AHEAD; round++) {
      const query = new URLSearchParams({ count: String(AHEAD), ...(after && { after }) });
      const { left, samples } = await requestJson(`${this.store.url}queue?${query}`);
      this.left = left;
      const unmet = samples.filter(({ sample_id: id }) => !met.has(id));
      if (!unmet.length) break; // the server goes round in circles: these are all
      this.#append(unmet);
      for (const { sample_id: id } of unmet) met.add(id);
      after = samples.at(-1).sample_id; // all of them may have been passed by on this visit
    }
    // once nothing else is left, those that were passed over come again
    if (!this.#ahead.length) this.#ahead = [...met].filter((id) => id !== this.current && isToReview(this.store.known(id)));
    this.#prepare();
  }

  #append(samples) {
    for (const sample of samples) {
      const { sample_id: id } = sample;
      if (this.#ahead.includes(id) || this.#passed.has(id)) continue;
      this.store.take(sample);
      this.#ahead.push(id);
    }
  }

  // One after the other, so that the nearest is there first; one that cannot be fetched says so when it is shown.
  async #prepare() {
    for (const id of [...this.#ahead]) await this.pictures.load(this.store.known(id).sample.picture_url).catch(() => null);
  }

  #pass(id) {
    this.#passed.add(id);
    this.#ahead = this.#ahead.filter((each) => each !== id);
  }
}

const isToReview = (entry) => ["proposed", "unlabelled"].includes(entry?.draft.state);
