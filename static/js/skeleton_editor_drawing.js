// The drawing of the skeleton that is being made: points are dragged about, and two that are pressed one after the other are
// connected, or no longer. From the keyboard: tab to a point, arrows move it, Enter chooses it.
import { SIZE, canvasOf, lineBetween, sideOf, svgElement } from "./dataset_drawing.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 0.02;
const DRAG_PX = 5; // less is a press
const within = (value) => Math.max(0, Math.min(1, value));

export class EditorDrawing {
  #chosen = null; // id of the first of two points
  #drag = null;

  constructor(root, model) {
    this.model = model;
    this.svg = canvasOf();
    this.svg.setAttribute("role", "group");
    this.svg.setAttribute("aria-label", "The skeleton's points: Enter chooses one, then another connects the two; arrow keys move it");
    root.append(this.svg);
    this.svg.addEventListener("pointerdown", (event) => this.#press(event));
    this.svg.addEventListener("pointermove", (event) => this.#move(event));
    this.svg.addEventListener("pointerup", () => this.#release());
    this.svg.addEventListener("pointercancel", () => (this.#drag = null));
    this.svg.addEventListener("keydown", (event) => this.#key(event));
    model.addEventListener("change", () => this.draw());
  }

  draw() {
    const focused = document.activeElement?.closest?.("[data-point]")?.dataset.point;
    const { points, edges } = this.model;
    const byId = new Map(points.map((point) => [point.id, point]));
    if (!byId.has(this.#chosen)) this.#chosen = null;
    const lines = edges.map(([a, b]) => {
      const [one, other] = [byId.get(a), byId.get(b)];
      return lineBetween([one.x, one.y], [other.x, other.y], sideOf(one.name, other.name));
    });
    this.svg.replaceChildren(...lines, ...points.map((point, position) => this.#dot(point, position)));
    if (focused) this.svg.querySelector(`[data-point="${focused}"]`)?.focus();
  }

  #dot({ id, name, x, y }, position) {
    const chosen = id === this.#chosen;
    // outward where there is room, inward at the edge
    const toTheRight = x < 0.2 || (x >= 0.5 && x < 0.8);
    const beside = toTheRight ? { x: x * SIZE + 4 } : { x: x * SIZE - 4, "text-anchor": "end" };
    const label = svgElement("text", { ...beside, y: y * SIZE + 1.4 }, name || `${position + 1}`);
    const dot = svgElement("circle", { cx: x * SIZE, cy: y * SIZE, r: 2.6, class: sideOf(name) });
    const reach = svgElement("circle", { cx: x * SIZE, cy: y * SIZE, r: 5.5, class: "skeleton-reach" });
    const attributes = { class: `skeleton-point${chosen ? " is-chosen" : ""}`, "data-point": id, tabindex: "0", role: "button", "aria-pressed": chosen };
    return svgElement("g", { ...attributes, "aria-label": name || `point ${position + 1}` }, reach, dot, label);
  }

  #press(event) {
    const id = this.#idAt(event.target);
    if (id === null) {
      this.#choose(null);
      return;
    }
    this.#drag = { id, from: [event.clientX, event.clientY], moved: false };
    this.svg.setPointerCapture(event.pointerId);
  }

  #move(event) {
    if (!this.#drag) return;
    const { from } = this.#drag;
    this.#drag.moved ||= Math.hypot(event.clientX - from[0], event.clientY - from[1]) > DRAG_PX;
    if (!this.#drag.moved) return;
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    this.#place(this.#drag.id, x / SIZE, y / SIZE);
  }

  #release() {
    const drag = this.#drag;
    this.#drag = null;
    if (drag && !drag.moved) this.#choose(drag.id);
  }

  #key(event) {
    const id = this.#idAt(event.target);
    if (id === null) return;
    if (event.key === "Enter" || event.key === " ") this.#choose(id);
    else if (event.key === "Escape") this.#choose(null);
    else if (ARROWS[event.key]) {
      const { x, y } = this.model.points.find((point) => point.id === id);
      const [dx, dy] = ARROWS[event.key];
      this.#place(id, x + dx * STEP, y + dy * STEP);
    } else return;
    event.preventDefault();
  }

  #choose(id) {
    const first = this.#chosen;
    this.#chosen = id === first || first !== null ? null : id;
    if (first !== null && id !== null && id !== first) this.model.toggleEdge(first, id);
    else this.draw();
  }

  #place(id, x, y) {
    const point = this.model.points.find((each) => each.id === id);
    Object.assign(point, { x: within(x), y: within(y) });
    this.draw();
  }

  #idAt(target) {
    const point = target.closest("[data-point]");
    return point ? Number(point.dataset.point) : null;
  }
}
