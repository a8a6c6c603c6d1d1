// The samples that a filter shows, fetched page by page as somebody comes near them.
import { requestJson } from "./api.js";

const PAGE = 100;
const AT_ONCE = 2; // requests
const STALE_AGAIN_MS = 2000; // others may change samples all the time; what is shown is not fetched more often than this
const RETRY_MS = 4000;

// Events: total (how many there are has changed), change {first, last} (samples at these places came), problem {message}.
export class SamplePages extends EventTarget {
  #pages = new Map(); // number of the page -> {samples, stale}
  #loading = new Set();
  #wanted = { first: 0, last: 0 };
  #generation = 0;
  #changeNumber = null;
  #againAt = { stale: 0, any: 0 }; // not before these moments

  constructor(samplesUrl, glancesUrl) {
    super();
    this.samplesUrl = samplesUrl;
    this.glancesUrl = glancesUrl;
    this.total = null;
    this.query = "";
  }

  // Begin anew with other filters; query: of the address, without the question mark.
  show(query) {
    this.query = query;
    this.total = null;
    this.#generation += 1;
    this.#pages.clear();
    this.#loading.clear();
    this.#wanted = { first: 0, last: 0 };
    this.#pump();
  }

  // Fetch anew what is shown, and the rest when somebody comes near it.
  refresh() {
    for (const page of this.#pages.values()) page.stale = true;
    this.#generation += 1;
    this.#loading.clear();
    this.#changeNumber = null;
    this.#againAt = { stale: 0, any: 0 };
    this.#pump();
  }

  at(index) {
    return this.#pages.get(Math.floor(index / PAGE))?.samples[index % PAGE];
  }

  want(first, last) {
    this.#wanted = { first, last };
    this.#pump();
  }

  // The samples first..last, fetched where they are not here yet.
  async range(first, last) {
    for (let number = Math.floor(first / PAGE); number <= Math.floor(last / PAGE); number += 1) {
      if (!this.#pages.has(number)) await this.#load(number);
    }
    return Array.from({ length: last - first + 1 }, (_, offset) => this.at(first + offset)).filter(Boolean);
  }

  get loaded() {
    return [...this.#pages.values()].flatMap((page) => page.samples);
  }

  #pump() {
    if (performance.now() < this.#againAt.any) return;
    while (this.#loading.size < AT_ONCE) {
      const next = this.#next();
      if (next === undefined) return;
      this.#load(next).catch((error) => this.#fail(error));
    }
  }

  // First what is in view, then what lies before and behind it.
  #next() {
    const [first, last] = [Math.floor(this.#wanted.first / PAGE), Math.floor(this.#wanted.last / PAGE)];
    const near = [...Array.from({ length: last - first + 1 }, (_, offset) => first + offset), last + 1, first - 1];
    return near.find((number) => this.#exists(number) && !this.#loading.has(number) && this.#isDue(number));
  }

  #isDue(number) {
    const page = this.#pages.get(number);
    return !page || (page.stale && performance.now() >= this.#againAt.stale);
  }

  #exists(number) {
    return number === 0 || (number > 0 && this.total !== null && number * PAGE < this.total);
  }

  async #load(number) {
    const generation = this.#generation;
    const separator = this.query ? "&" : "";
    this.#loading.add(number);
    try {
      const answer = await requestJson(`${this.samplesUrl}?${this.query}${separator}offset=${number * PAGE}&limit=${PAGE}`);
      if (generation !== this.#generation) return;
      this.#keep(number, answer);
      await this.#addGlances(number, answer.samples, generation);
    } finally {
      if (generation === this.#generation) this.#loading.delete(number);
    }
    this.#pump();
  }

  #keep(number, { samples, total, change_number: changeNumber }) {
    if (this.#changeNumber !== null && changeNumber !== this.#changeNumber) this.#othersAreStale();
    this.#changeNumber = changeNumber;
    const before = this.#pages.get(number)?.samples ?? [];
    const known = new Map(before.map((sample) => [`${sample.sample_id} ${sample.revision}`, sample]));
    for (const sample of samples) {
      const same = known.get(`${sample.sample_id} ${sample.revision}`);
      Object.assign(sample, { points: same?.points, original: same?.original });
    }
    this.#pages.set(number, { samples, stale: false });
    if (total !== this.total) {
      this.total = total;
      for (const other of this.#pages.keys()) if (other && other * PAGE >= total) this.#pages.delete(other);
      this.dispatchEvent(new Event("total"));
    }
    this.#tell(number);
  }

  // Keypoints of the labels, and what a duplicate repeats: both are drawn once they are here.
  async #addGlances(number, samples, generation) {
    const labelled = samples.filter((sample) => sample.revision && !sample.points).map((sample) => sample.position);
    const repeated = samples.map((sample) => sample.duplicate_of).filter((position) => position !== null);
    const positions = [...new Set([...labelled, ...repeated])];
    if (!positions.length) return;
    const { glances } = await requestJson(`${this.glancesUrl}?positions=${positions.join(",")}`);
    if (generation !== this.#generation) return;
    for (const sample of samples) {
      sample.points ??= glances[sample.position]?.points;
      sample.original = glances[sample.duplicate_of];
    }
    this.#tell(number);
  }

  #tell(number) {
    this.dispatchEvent(new CustomEvent("change", { detail: { first: number * PAGE, last: number * PAGE + PAGE - 1 } }));
  }

  #othersAreStale() {
    for (const page of this.#pages.values()) page.stale = true;
    this.#pause("stale", STALE_AGAIN_MS);
  }

  #fail(error) {
    this.dispatchEvent(new CustomEvent("problem", { detail: { message: error.message } }));
    this.#pause("any", RETRY_MS);
  }

  #pause(which, durationMs) {
    this.#againAt[which] = performance.now() + durationMs;
    setTimeout(() => this.#pump(), durationMs + 1);
  }
}
