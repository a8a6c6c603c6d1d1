// Two handles on a strip of time: by mouse, touch, or arrow keys. Behind them, how much the movement moves.
import { element } from "./elements.js";
import { sharpContext } from "./drawing.js";

const SHORTEST_S = 0.2;
const KEY_STEP_S = 1 / 30;
const BIG_STEP_S = 0.25;

// Events: change {start_s, end_s}.
export class TrimEditor extends EventTarget {
  constructor(root, durationS, { startS = 0, endS = durationS, energy = null } = {}) {
    super();
    this.durationS = durationS;
    this.energy = energy; // {times_s, values}
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.window = element("div", { class: "trim-window" });
    this.playhead = element("div", { class: "trim-playhead", hidden: true });
    this.handles = { start: this.#handle("start", "Start of the movement"), end: this.#handle("end", "End of the movement") };
    this.strip = element("div", { class: "trim-strip" }, this.canvas, this.window, this.playhead, this.handles.start, this.handles.end);
    this.label = element("p", { class: "trim-label numbers small muted" });
    root.replaceChildren(element("div", { class: "trim" }, this.strip, this.label));
    this.set(startS, endS);
    new ResizeObserver(() => this.#drawEnergy()).observe(this.canvas);
  }

  set(startS, endS) {
    const shortest = Math.min(SHORTEST_S, this.durationS);
    this.startS = Math.min(Math.max(0, startS), this.durationS - shortest);
    this.endS = Math.max(Math.min(this.durationS, endS), this.startS + shortest);
    this.#show();
  }

  showPlayhead(timeS) {
    this.playhead.hidden = false;
    this.playhead.style.setProperty("--at", timeS / this.durationS);
  }

  set disabled(disabled) {
    for (const handle of Object.values(this.handles)) handle.disabled = disabled;
  }

  #handle(which, label) {
    const handle = element("button", { type: "button", class: `trim-handle trim-${which}`, role: "slider", "aria-label": label, "data-handle": which });
    handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const { left, width } = this.strip.getBoundingClientRect();
      this.#move(which, ((event.clientX - left) / width) * this.durationS);
    });
    handle.addEventListener("keydown", (event) => this.#key(event, which));
    return handle;
  }

  #key(event, which) {
    const at = which === "start" ? this.startS : this.endS;
    const step = event.shiftKey ? BIG_STEP_S : KEY_STEP_S;
    const target = {
      ArrowLeft: at - step,
      ArrowDown: at - step,
      ArrowRight: at + step,
      ArrowUp: at + step,
      PageDown: at - BIG_STEP_S,
      PageUp: at + BIG_STEP_S,
      Home: 0,
      End: this.durationS,
    }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    this.#move(which, target);
  }

  #move(which, timeS) {
    const shortest = Math.min(SHORTEST_S, this.durationS);
    if (which === "start") this.set(Math.min(timeS, this.endS - shortest), this.endS);
    else this.set(this.startS, Math.max(timeS, this.startS + shortest));
    this.dispatchEvent(new CustomEvent("change", { detail: { start_s: this.startS, end_s: this.endS, moved: which } }));
  }

  #show() {
    this.strip.style.setProperty("--start", this.startS / this.durationS);
    this.strip.style.setProperty("--end", this.endS / this.durationS);
    for (const [which, at] of [["start", this.startS], ["end", this.endS]]) {
      const handle = this.handles[which];
      handle.setAttribute("aria-valuemin", "0");
      handle.setAttribute("aria-valuemax", this.durationS.toFixed(2));
      handle.setAttribute("aria-valuenow", at.toFixed(2));
      handle.setAttribute("aria-valuetext", `${at.toFixed(2)} seconds`);
    }
    this.label.textContent = `${this.startS.toFixed(2)} s to ${this.endS.toFixed(2)} s · ${(this.endS - this.startS).toFixed(2)} s of ${this.durationS.toFixed(2)} s`;
  }

  #drawEnergy() {
    if (!this.energy || !this.canvas.clientWidth) return;
    const context = sharpContext(this.canvas);
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const peak = Math.max(0.5, ...this.energy.values);
    context.fillStyle = getComputedStyle(this.canvas).color;
    context.beginPath();
    context.moveTo(0, height);
    this.energy.values.forEach((value, t) => {
      context.lineTo((this.energy.times_s[t] / this.durationS) * width, height - (value / peak) * height * 0.85 - 1);
    });
    context.lineTo(width, height);
    context.fill();
  }
}
