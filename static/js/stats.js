// What the live page measures: frames a second, round trip and time per stage as medians of the last seconds.

const WINDOW_MS = 3000;
const SHOW_EVERY_MS = 500;
const STAGES = ["decode", "detect", "pose", "recognise"];

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

export class Stats {
  constructor(root, feed) {
    Object.assign(this, { root, feed });
    this.recent = [];
    this.droppedByServer = 0;
    setInterval(() => this.#show(), SHOW_EVERY_MS);
  }

  answered(result) {
    this.recent.push({ at: performance.now(), result });
  }

  dropped() {
    this.droppedByServer += 1;
  }

  #show() {
    const now = performance.now();
    this.recent = this.recent.filter(({ at }) => now - at < WINDOW_MS);
    const results = this.recent.map(({ result }) => result);
    const spanS = this.recent.length > 1 ? (this.recent.at(-1).at - this.recent[0].at) / 1000 : 0;
    this.#set("fps", spanS ? (this.recent.length - 1) / spanS : null, 0);
    this.#set("round_trip", median(results.map((result) => result.round_trip_ms)), 0);
    this.#set("server", median(results.map((result) => result.server_ms)), 1);
    for (const stage of STAGES) this.#set(stage, median(results.map((result) => result.stages_ms?.[stage])), 1);
    this.#set("dropped", this.feed.superseded + this.droppedByServer, 0);
  }

  #set(name, value, digits) {
    const place = this.root.querySelector(`[data-stat="${name}"]`);
    place.textContent = Number.isFinite(value) ? value.toFixed(digits) : "–";
  }
}
