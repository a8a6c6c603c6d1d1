// Two curves of one joint's angle over the time of a movement, with a movable mark; drawn anew whenever the size changes.
import { element } from "./elements.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT_PX = 220;
const MARGIN_PX = { left: 44, right: 12, top: 12, bottom: 28 };
const HALF_LABEL_PX = 24;
const STEPS_DEG = [5, 10, 15, 30, 45, 60, 90];
const STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20];
const SMALLEST_RANGE_DEG = 20; // so that trembling does not look like a movement

// Events: pick {time_s}, where the reader points at a moment.
export class AngleChart extends EventTarget {
  constructor(root) {
    super();
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("role", "img");
    this.svg.setAttribute("class", "chart");
    root.append(this.svg);
    this.svg.addEventListener("pointerdown", (event) => this.#pick(event));
    this.svg.addEventListener("pointermove", (event) => event.buttons && this.#pick(event));
    new ResizeObserver(() => this.#draw()).observe(root);
  }

  // times_s: (L,) rising or equal; performance, take: degrees or null where hidden.
  show({ times_s: timesS, performance, take, label }) {
    Object.assign(this, { timesS, performance, take });
    this.svg.setAttribute("aria-label", label);
    const seen = [...performance, ...take].filter((value) => value !== null);
    const middle = seen.length ? (Math.min(...seen) + Math.max(...seen)) / 2 : 90;
    const half = Math.max(SMALLEST_RANGE_DEG, ...seen.map((value) => 2 * Math.abs(value - middle))) / 2;
    this.rangeDeg = [middle - half * 1.08, middle + half * 1.08];
    this.#draw();
  }

  mark(timeS) {
    this.markedS = timeS;
    this.#placeMark();
  }

  get #width() {
    return this.svg.parentElement?.clientWidth ?? 0;
  }

  #x(timeS) {
    const [first, last] = [this.timesS[0], this.timesS.at(-1)];
    const share = (timeS - first) / Math.max(1e-6, last - first);
    return MARGIN_PX.left + share * (this.#width - MARGIN_PX.left - MARGIN_PX.right);
  }

  #y(deg) {
    const [low, high] = this.rangeDeg;
    return MARGIN_PX.top + ((high - deg) / (high - low)) * (HEIGHT_PX - MARGIN_PX.top - MARGIN_PX.bottom);
  }

  #draw() {
    if (!this.timesS?.length || !this.#width) return;
    this.svg.setAttribute("width", this.#width);
    this.svg.setAttribute("height", HEIGHT_PX);
    this.marker = shape("line", { class: "chart-mark", y1: MARGIN_PX.top, y2: HEIGHT_PX - MARGIN_PX.bottom });
    this.svg.replaceChildren(
      ...this.#grid(),
      shape("path", { class: "chart-take", d: this.#path(this.take) }),
      shape("path", { class: "chart-performance", d: this.#path(this.performance) }),
      this.marker,
    );
    this.#placeMark();
  }

  #grid() {
    const [low, high] = this.rangeDeg;
    const [first, last] = [this.timesS[0], this.timesS.at(-1)];
    const degrees = ticks(low, high, STEPS_DEG, 5).flatMap((deg) => [
      shape("line", { class: "chart-grid", x1: MARGIN_PX.left, x2: this.#width - MARGIN_PX.right, y1: this.#y(deg), y2: this.#y(deg) }),
      label(`${deg}°`, MARGIN_PX.left - 6, this.#y(deg) + 4, "end"),
    ]);
    const seconds = ticks(first, last, STEPS_S, this.#width / 80).map((timeS) =>
      label(`${Number(timeS.toFixed(1))} s`, this.#x(timeS), HEIGHT_PX - 8, this.#anchor(timeS)),
    );
    return [...degrees, ...seconds];
  }

  // A label near an edge stays inside.
  #anchor(timeS) {
    if (timeS === this.timesS[0]) return "start";
    return this.#x(timeS) > this.#width - HALF_LABEL_PX ? "end" : "middle";
  }

  // A new piece begins wherever the joint was hidden.
  #path(values) {
    let down = false;
    return values
      .map((value, at) => {
        if (value === null) return (down = false) || "";
        const step = `${down ? "L" : "M"}${this.#x(this.timesS[at]).toFixed(1)} ${this.#y(value).toFixed(1)}`;
        down = true;
        return step;
      })
      .join("");
  }

  #placeMark() {
    if (this.markedS === undefined || !this.marker) return;
    this.marker.setAttribute("x1", this.#x(this.markedS));
    this.marker.setAttribute("x2", this.#x(this.markedS));
  }

  #pick(event) {
    const { left } = this.svg.getBoundingClientRect();
    const share = (event.clientX - left - MARGIN_PX.left) / (this.#width - MARGIN_PX.left - MARGIN_PX.right);
    const [first, last] = [this.timesS[0], this.timesS.at(-1)];
    const timeS = first + Math.min(1, Math.max(0, share)) * (last - first);
    this.dispatchEvent(new CustomEvent("pick", { detail: { time_s: timeS } }));
  }
}

// What two colours and dashes mean, as text beside the chart.
export function legend(entries) {
  return element("p", { class: "chart-legend small" }, ...entries.map(([kind, text]) => element("span", { class: `chart-key chart-key-${kind}` }, text)));
}

function ticks(low, high, steps, most) {
  const step = steps.find((one) => (high - low) / one <= most) ?? steps.at(-1);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.max(0, Math.floor(high / step + 1e-9) - first + 1);
  return Array.from({ length: count }, (_, i) => (first + i) * step);
}

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function label(text, x, y, anchor) {
  const made = shape("text", { class: "chart-label", x, y, "text-anchor": anchor });
  made.textContent = text;
  return made;
}
