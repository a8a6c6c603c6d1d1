// What the live page measures: frames a second, round trip, what is sent, and time per stage as medians of the last seconds.

const WINDOW_MS = 3000;
const SHOW_EVERY_MS = 500;
const STAGES = ["decode", "detect", "pose", "recognise"];

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

export class Stats {
  constructor(root, stage) {
    Object.assign(this, { root, stage });
    this.results = new Recent();
    this.seen = new Recent();
    this.sent = new Recent();
    this.droppedByServer = 0;
    stage.addEventListener("result", ({ detail }) => this.results.add(detail));
    stage.addEventListener("seen", ({ detail }) => this.seen.add(detail));
    stage.addEventListener("drop", () => (this.droppedByServer += 1));
    stage.connection.addEventListener("sent", ({ detail }) => this.sent.add(detail));
    setInterval(() => this.#show(), SHOW_EVERY_MS);
  }

  #show() {
    const [results, seen, sent] = [this.results, this.seen, this.sent].map((recent) => recent.values());
    this.#set("fps", this.seen.perSecond(), 0);
    this.#set("round_trip", median(results.map((result) => result.round_trip_ms)), 0);
    this.#set("server", median(results.map((result) => result.server_ms)), 1);
    for (const stage of STAGES) this.#set(stage, median(results.map((result) => result.stages_ms?.[stage])), 1);
    if (this.stage.onDevice) this.#set("pose", median(seen.map((frame) => frame.pose_ms).filter(Boolean)), 1);
    this.#set("sent", sent.reduce((sum, { bytes }) => sum + bytes, 0) / WINDOW_MS, 1);
    this.#set("dropped", this.stage.serverFeed.superseded + this.stage.poseFeed.superseded + this.droppedByServer, 0);
  }

  #set(name, value, digits) {
    const place = this.root.querySelector(`[data-stat="${name}"]`);
    place.textContent = Number.isFinite(value) ? value.toFixed(digits) : "–";
  }
}

// What happened in the last seconds.
class Recent {
  constructor() {
    this.entries = [];
  }

  add(value) {
    this.entries.push({ at: performance.now(), value });
  }

  values() {
    const now = performance.now();
    this.entries = this.entries.filter(({ at }) => now - at < WINDOW_MS);
    return this.entries.map(({ value }) => value);
  }

  perSecond() {
    const count = this.values().length;
    return count > 1 ? (count - 1) / ((this.entries.at(-1).at - this.entries[0].at) / 1000) : null;
  }
}
