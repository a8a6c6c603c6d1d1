// Mouse, pen and fingers on the stage: keypoints and the box are dragged, empty places clicked, the view moved and zoomed.
import { boxHandles } from "./label_marks.js";
import { ABSENT, HIDDEN } from "./label_values.js";

const REACH = { mouse: 12, pen: 16, touch: 28 }; // CSS pixels within which something is taken hold of
const SELECTED_FIRST = 8; // so much nearer the selected keypoint counts
const CLICK_MOVES_LESS = 5;
const WHEEL_STEP = 0.0016;
const RESIZED = { n: [1], s: [3], w: [0], e: [2], nw: [0, 1], ne: [2, 1], sw: [0, 3], se: [2, 3] };
const CURSORS = { n: "ns-resize", s: "ns-resize", w: "ew-resize", e: "ew-resize", nw: "nwse-resize", se: "nwse-resize", ne: "nesw-resize", sw: "nesw-resize", inside: "move" };

export class LabelPointer {
  #fingers = new Map(); // pointerId -> [x, y]
  #action = null; // {move(at), end(at, moved), cancel()}
  #pinch = null;
  #began = null;

  constructor(canvas, editor) {
    Object.assign(this, { canvas, editor, stage: canvas.stage, view: canvas.view });
    this.panning = false; // while Space is held
    const on = (name, listener, options) => this.stage.addEventListener(name, listener, options);
    on("pointerdown", (event) => this.#down(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#up(event));
    on("pointercancel", (event) => this.#drop(event));
    on("contextmenu", (event) => event.preventDefault());
    on("wheel", (event) => this.#wheel(event), { passive: false });
  }

  // Ends what is under way without a trace, as when the picture changes.
  cancel() {
    this.#action?.cancel?.();
    this.#end();
  }

  #at(event) {
    const { left, top } = this.stage.getBoundingClientRect();
    return [event.clientX - left - this.stage.clientLeft, event.clientY - top - this.stage.clientTop];
  }

  #down(event) {
    if (event.target.closest("button, input, .label-notes") || this.editor.sampleId === null) return;
    event.preventDefault();
    this.stage.focus({ preventScroll: true });
    this.stage.setPointerCapture(event.pointerId);
    const at = this.#at(event);
    this.#fingers.set(event.pointerId, at);
    if (this.#fingers.size === 2) return this.#beginPinch();
    if (this.#fingers.size > 2) return;
    this.#began = { at, moved: false };
    const pans = this.panning || event.button === 1;
    this.#action = pans ? this.#pan(at) : this.#actionAt(at, event);
    this.#action.move?.(at, { first: true });
  }

  #actionAt(at, event) {
    const { editor } = this;
    const touch = event.pointerType === "touch";
    const reach = REACH[event.pointerType] ?? REACH.mouse;
    if (editor.locked) return this.#pan(at);
    if (editor.editingBox) return this.#boxDrag(at, reach);
    const k = event.button === 2 ? null : this.#keypointAt(at, reach);
    if (k !== null) return this.#pointDrag(k, at, touch);
    if (editor.selected === null) return this.#pan(at);
    const visibility = event.button === 2 ? HIDDEN : null;
    if (editor.label.points[editor.selected][2] === ABSENT) return this.#placing(touch, visibility);
    return this.#panOrPlace(at, visibility);
  }

  #keypointAt([x, y], reach) {
    const { label, selected } = this.editor;
    let [best, nearest] = [null, reach];
    label.points.forEach(([px, py, visibility], k) => {
      if (visibility === ABSENT) return;
      const [sx, sy] = this.view.toStage([px, py]);
      const away = Math.hypot(sx - x, sy - y) - (k === selected ? SELECTED_FIRST : 0);
      if (away < nearest) [best, nearest] = [k, away];
    });
    return best;
  }

  // The keypoint keeps its distance from the pointer, so that taking hold of it does not move it. A mere click chooses it;
  // but where one was chosen by key, that one is meant to come here, however near it is.
  #pointDrag(k, start, touch) {
    const { editor } = this;
    const meant = editor.armed ? editor.selected : null;
    if (meant === null) editor.select(k);
    const [px, py] = this.view.toStage(editor.label.points[k]);
    const grip = [px - start[0], py - start[1]];
    return {
      move: (at) => {
        if (touch) this.canvas.showLoupe([at[0] + grip[0], at[1] + grip[1]]);
        if (!this.#began.moved) return;
        if (editor.selected !== k) editor.select(k);
        editor.dragPoint(k, this.view.toPicture([at[0] + grip[0], at[1] + grip[1]]));
      },
      end: (at, moved) => {
        if (moved) editor.drop(`drag:${k}`);
        else if (meant !== null) editor.place(this.view.toPicture(at));
        else editor.cancelDrag();
      },
      cancel: () => editor.cancelDrag(),
    };
  }

  // A keypoint that is nowhere yet comes under the pointer and follows it until it is let go.
  #placing(touch, visibility) {
    const { editor } = this;
    const k = editor.selected;
    return {
      move: (at) => {
        editor.dragPoint(k, this.view.toPicture(at), visibility);
        if (touch) this.canvas.showLoupe(at);
      },
      end: (at) => {
        editor.gesture = null;
        editor.place(this.view.toPicture(at), visibility);
      },
      cancel: () => editor.cancelDrag(),
    };
  }

  #panOrPlace(start, visibility) {
    return { ...this.#pan(start), end: (at, moved) => moved || this.editor.place(this.view.toPicture(at), visibility) };
  }

  #pan(start) {
    let last = start;
    return {
      move: (at, { first = false } = {}) => {
        if (first || !this.#began.moved) return;
        this.view.pan(at[0] - last[0], at[1] - last[1]);
        last = at;
        this.canvas.redraw();
      },
    };
  }

  #boxDrag(start, reach) {
    const { editor } = this;
    const grip = this.#boxGripAt(start, reach);
    if (!grip) return { ...this.#pan(start), end: (_, moved) => moved || editor.editBox(false) };
    const box = editor.label.box_px;
    const from = this.view.toPicture(start);
    return {
      move: (at, { first = false } = {}) => {
        if (first) return;
        const to = this.view.toPicture(at);
        const by = [to[0] - from[0], to[1] - from[1]];
        editor.dragBox(box.map((value, side) => (grip === "inside" || RESIZED[grip].includes(side) ? value + by[side % 2] : value)));
      },
      end: (_, moved) => (moved ? editor.drop("box") : editor.cancelDrag()),
      cancel: () => editor.cancelDrag(),
    };
  }

  #boxGripAt([x, y], reach) {
    const box = this.editor.label.box_px;
    const handles = Object.entries(boxHandles(box, (point) => this.view.toStage(point)));
    const near = handles.map(([name, place]) => [name, Math.hypot(place.x - x, place.y - y)]).filter(([, away]) => away < reach + 4);
    if (near.length) return near.sort((a, b) => a[1] - b[1])[0][0];
    const [px, py] = this.view.toPicture([x, y]);
    return px > box[0] && px < box[2] && py > box[1] && py < box[3] ? "inside" : null;
  }

  #move(event) {
    const at = this.#at(event);
    if (!this.#fingers.has(event.pointerId)) return this.#hover(at, event);
    this.#fingers.set(event.pointerId, at);
    if (this.#pinch) return this.#pinchMove();
    if (!this.#action) return;
    const [x, y] = this.#began.at;
    this.#began.moved ||= Math.hypot(at[0] - x, at[1] - y) > CLICK_MOVES_LESS;
    this.#action.move?.(at);
  }

  #hover(at, event) {
    if (event.pointerType === "touch" || this.editor.sampleId === null) return;
    const { editor } = this;
    let cursor = "grab";
    if (this.panning || editor.locked) cursor = "grab";
    else if (editor.editingBox) cursor = CURSORS[this.#boxGripAt(at, REACH.mouse)] ?? "grab";
    else if (this.#keypointAt(at, REACH.mouse) !== null) cursor = "move";
    else if (editor.selected !== null) cursor = "crosshair";
    this.stage.style.cursor = cursor;
  }

  #up(event) {
    if (!this.#fingers.delete(event.pointerId)) return;
    if (this.#pinch) {
      if (this.#fingers.size < 2) this.#pinch = null;
      return; // the finger that is left does nothing until it is lifted
    }
    this.#action?.end?.(this.#at(event), this.#began.moved);
    this.#end();
  }

  #drop(event) {
    this.#fingers.delete(event.pointerId);
    this.#action?.cancel?.();
    this.#end();
  }

  #end() {
    this.#action = null;
    this.canvas.showLoupe(null);
    this.canvas.redraw();
  }

  #beginPinch() {
    this.cancel(); // the first finger meant this, and no keypoint
    this.#pinch = this.#spread();
  }

  #pinchMove() {
    const now = this.#spread();
    this.view.pan(now.middle[0] - this.#pinch.middle[0], now.middle[1] - this.#pinch.middle[1]);
    this.view.zoom(now.distance / this.#pinch.distance, now.middle);
    this.#pinch = now;
    this.canvas.redraw();
  }

  #spread() {
    const [[x1, y1], [x2, y2]] = [...this.#fingers.values()];
    return { middle: [(x1 + x2) / 2, (y1 + y2) / 2], distance: Math.max(1, Math.hypot(x2 - x1, y2 - y1)) };
  }

  #wheel(event) {
    if (this.editor.sampleId === null || event.target.closest(".label-notes")) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const pinched = event.ctrlKey ? 6 : 1; // how browsers tell two fingers on a touchpad
    this.view.zoom(Math.exp(-event.deltaY * lines * WHEEL_STEP * pinched), this.#at(event));
    this.canvas.redraw();
  }
}
