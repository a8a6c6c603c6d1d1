// Which samples are selected: some of them one by one, or everything that the filter shows.

// Events: change.
export class Selection extends EventTarget {
  #samples = new Map(); // id -> sample as it was when it was selected
  everything = false;
  anchor = null;

  has(sample) {
    return this.everything || (sample !== undefined && this.#samples.has(sample.sample_id));
  }

  get samples() {
    return [...this.#samples.values()];
  }

  // How many, of so many that the filter shows.
  count(total) {
    return this.everything ? total : this.#samples.size;
  }

  toggle(sample, index) {
    if (this.everything) this.#samples.clear();
    this.everything = false;
    this.anchor = index;
    if (!this.#samples.delete(sample.sample_id)) this.#samples.set(sample.sample_id, sample);
    this.#tell();
  }

  add(samples) {
    for (const sample of samples) this.#samples.set(sample.sample_id, sample);
    this.#tell();
  }

  takeEverything() {
    this.#samples.clear();
    this.everything = true;
    this.#tell();
  }

  clear() {
    if (!this.everything && !this.#samples.size) return;
    this.#samples.clear();
    this.everything = false;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
