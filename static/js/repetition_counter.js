// The repetitions going on, per person: the same rule as webapp/recognition/repetitions.py, and a test compares them.

const MIN_PAUSE_S = 4;
const PAUSE_DURATIONS = 3;
const RESTART_S = 2;
const SAME_SHARE = 0.5;
const MOMENT_S = 0.05;

export class RepetitionCounter {
  constructor() {
    this.repetitions = [];
  }

  // event: {action_id, action, start_s, end_s, announced_s}.
  add(event) {
    if (this.#endsSet(event)) this.repetitions = [];
    if (this.repetitions.some((counted) => isSame(event, counted))) return;
    this.repetitions.push(event);
    this.repetitions.sort((a, b) => a.start_s - b.start_s);
  }

  // The set going on at this time: {action, count, tempo_per_min}, or null when a pause has ended it.
  at(nowS) {
    const last = this.repetitions.at(-1);
    if (last && nowS - last.end_s > this.#pauseS) this.repetitions = [];
    return this.current;
  }

  get current() {
    const count = this.repetitions.length;
    if (!count) return null;
    const middles = [];
    for (const { start_s: startS, end_s: endS } of this.repetitions) middles.push(Math.max((startS + endS) / 2, (middles.at(-1) ?? -Infinity) + MOMENT_S));
    const tempo = count < 2 ? null : (60 * (count - 1)) / (middles.at(-1) - middles[0]);
    return { action: this.repetitions[0].action, count, tempo_per_min: tempo };
  }

  get #pauseS() {
    const durations = this.repetitions.map(({ start_s: startS, end_s: endS }) => endS - startS).sort((a, b) => a - b);
    const middle = durations.length >> 1;
    const median = durations.length % 2 ? durations[middle] : (durations[middle - 1] + durations[middle]) / 2;
    return Math.max(MIN_PAUSE_S, PAUSE_DURATIONS * median);
  }

  #endsSet(event) {
    const last = this.repetitions.at(-1);
    if (!last) return false;
    const latestS = Math.max(...this.repetitions.map(({ announced_s: announcedS }) => announcedS));
    return event.action_id !== last.action_id || event.start_s - last.end_s > this.#pauseS || event.announced_s < latestS - RESTART_S;
  }
}

function isSame(one, other) {
  const sharedS = Math.min(one.end_s, other.end_s) - Math.max(one.start_s, other.start_s);
  return sharedS >= SAME_SHARE * Math.min(one.end_s - one.start_s, other.end_s - other.start_s);
}
