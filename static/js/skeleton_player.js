// A pose sequence as a moving skeleton on a canvas, at its own speed or another, looping over a range.
import { MIN_SCORE, drawSkeleton, sharpContext } from "./drawing.js";
import { skeletonOf } from "./skeletons.js";

const MARGIN = 0.08; // of the canvas, around the movement

// Events: time {time_s}, playing {playing}.
export class SkeletonPlayer extends EventTarget {
  constructor(canvas) {
    super();
    this.canvas = canvas;
    this.speed = 1;
    this.timeS = 0;
    this.playing = false;
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  show(sequence) {
    this.skeleton = skeletonOf(sequence);
    this.sequence = sequence;
    this.extent = extentOf(sequence);
    this.setRange(0, this.durationS);
    this.seek(0);
  }

  get durationS() {
    return this.sequence.times_s.at(-1);
  }

  setRange(startS, endS) {
    this.range = [startS, endS];
    if (this.timeS < startS || this.timeS > endS) this.seek(startS);
  }

  seek(timeS) {
    this.timeS = Math.min(Math.max(timeS, 0), this.durationS);
    this.draw();
    this.dispatchEvent(new CustomEvent("time", { detail: { time_s: this.timeS } }));
  }

  play() {
    if (this.playing || !this.sequence) return;
    if (this.timeS >= this.range[1] - 0.02) this.seek(this.range[0]);
    this.#setPlaying(true);
    let before = performance.now();
    const tick = (now) => {
      if (!this.playing) return;
      // a canvas taken off the page stops itself
      if (!this.canvas.isConnected) return this.pause();
      const next = this.timeS + ((now - before) / 1000) * this.speed;
      before = now;
      this.seek(next >= this.range[1] ? this.range[0] : Math.max(next, this.range[0]));
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  pause() {
    this.#setPlaying(false);
  }

  draw() {
    if (!this.sequence || !this.canvas.clientWidth) return;
    const context = sharpContext(this.canvas);
    const toScreen = this.#mapping();
    const frame = this.#frameAt(this.timeS);
    const points = this.sequence.keypoints[frame].map(([x, y], k) =>
      x === null || this.sequence.scores[frame][k] < MIN_SCORE ? null : toScreen(x, y),
    );
    drawSkeleton(context, this.skeleton, points, { thickness: Math.max(2.5, this.canvas.clientHeight / 75) });
  }

  #setPlaying(playing) {
    this.playing = playing;
    this.dispatchEvent(new CustomEvent("playing", { detail: { playing } }));
  }

  #frameAt(timeS) {
    const { times_s: times } = this.sequence;
    let low = 0;
    let high = times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (times[middle] <= timeS + 1e-6) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  // The whole movement fits, and stays where it is while the skeleton moves.
  #mapping() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const [x1, y1, x2, y2] = this.extent;
    const scale = Math.min((width * (1 - 2 * MARGIN)) / (x2 - x1), (height * (1 - 2 * MARGIN)) / (y2 - y1));
    const left = width / 2 - ((x1 + x2) / 2) * scale;
    const top = height / 2 - ((y1 + y2) / 2) * scale;
    return (x, y) => [left + x * scale, top + y * scale];
  }
}

function extentOf({ keypoints, scores }) {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  keypoints.forEach((pose, t) =>
    pose.forEach(([x, y], k) => {
      if (x === null || scores[t][k] < MIN_SCORE) return;
      [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x), Math.max(y2, y)];
    }),
  );
  if (x1 > x2) return [0, 0, 1, 1];
  return [x1, y1, Math.max(x2, x1 + 0.05), Math.max(y2, y1 + 0.05)];
}
