// The picture that is labelled now: which keypoint is selected, and every change that can be made to its label.
import { LabelHistory } from "./label_history.js";
import * as values from "./label_values.js";

const { ABSENT, HIDDEN, VISIBLE, VISIBILITIES, insidePicture, plainName } = values;

// Events: change (label, selection or mode); said {text}: what a screen reader is told.
export class LabelEditor extends EventTarget {
  constructor(store, skeleton, partners, { canLabel }) {
    super();
    Object.assign(this, { store, skeleton, partners, canLabel });
    this.history = new LabelHistory();
    this.close();
  }

  close() {
    Object.assign(this, { sampleId: null, selected: null, armed: false, editingBox: false, placing: false, gesture: null });
  }

  open(sampleId) {
    this.gesture = null;
    Object.assign(this, { sampleId, editingBox: false, selected: null, armed: false });
    this.placing = !this.locked && values.placedCount(this.label) === 0;
    if (this.placing) this.select(0, { armed: true });
    else this.#changed();
  }

  get entry() {
    return this.store.known(this.sampleId);
  }

  get sample() {
    return this.entry.sample;
  }

  // What is shown: within a gesture the label as it would be.
  get label() {
    return this.gesture ?? this.entry.draft;
  }

  // A conflict is settled before anything else is done to the picture.
  get locked() {
    return !this.canLabel || this.sampleId === null || Boolean(this.entry.theirs);
  }

  // armed: the next click is where it belongs, even beside another keypoint.
  select(k, { armed = false } = {}) {
    if (this.sampleId === null) return;
    this.armed = armed && k !== null;
    this.selected = k === null ? null : Math.min(this.skeleton.keypoints.length - 1, Math.max(0, k));
    this.editingBox = false;
    this.#changed();
    if (this.selected !== null) this.#describe();
  }

  // The next or the previous keypoint; answers false at the end, where nothing is selected any more.
  step(by, { around = true } = {}) {
    const count = this.skeleton.keypoints.length;
    const next = this.selected === null ? (by > 0 ? 0 : count - 1) : this.selected + by;
    const inside = next >= 0 && next < count;
    this.select(inside || around ? (next + count) % count : null, { armed: true });
    return inside;
  }

  // Put the selected keypoint there, in pixels of the picture. While a picture is labelled from nothing, the next one follows.
  place(point, visibility = null) {
    if (this.locked || this.selected === null) return;
    const k = this.selected;
    this.#edit(this.#moved(this.entry.draft, k, point, visibility), `place:${k}`);
    this.#describe();
    this.armed = false;
    if (this.placing) this.advance();
  }

  advance() {
    const count = this.skeleton.keypoints.length;
    const order = Array.from({ length: count }, (_, step) => (this.selected + 1 + step) % count);
    const next = order.find((k) => k > this.selected && !values.isPlaced(this.label, k)) ?? order.find((k) => !values.isPlaced(this.label, k));
    if (next === undefined) {
      this.placing = false;
      this.#say("All keypoints are placed. Enter accepts the picture.");
    }
    this.select(next ?? null, { armed: true });
  }

  // A drag: shown as it goes, one step back for all of it.
  drag(change) {
    if (this.locked) return;
    this.gesture = change(this.entry.draft);
    this.#changed();
  }

  dragPoint(k, point, visibility = null) {
    this.drag((label) => this.#moved(label, k, point, visibility));
  }

  dragBox(box) {
    this.drag((label) => values.withBox(label, box, this.sample));
  }

  drop(what) {
    const label = this.gesture;
    this.gesture = null;
    if (!label) return;
    this.#edit(label, what);
    if (this.placing) this.advance();
  }

  cancelDrag() {
    this.gesture = null;
    this.#changed();
  }

  // A keypoint that is nowhere yet begins at fallback.
  nudge(dx, dy, fallback) {
    if (this.locked) return;
    const label = this.entry.draft;
    if (this.editingBox) {
      const [x1, y1, x2, y2] = label.box_px;
      this.#edit(values.withBox(label, [x1 + dx, y1 + dy, x2 + dx, y2 + dy], this.sample), "box", { together: true });
    } else if (this.selected !== null) {
      const k = this.selected;
      const [x, y] = label.points[k][0] === null ? fallback : [label.points[k][0] + dx, label.points[k][1] + dy];
      this.#edit(this.#moved(label, k, [x, y], null), `nudge:${k}`, { together: true });
      this.#describe();
    }
  }

  stretchBox(dx, dy) {
    if (this.locked || !this.editingBox) return;
    const [x1, y1, x2, y2] = this.entry.draft.box_px;
    this.#edit(values.withBox(this.entry.draft, [x1, y1, Math.max(x1 + 1, x2 + dx), Math.max(y1 + 1, y2 + dy)], this.sample), "box", { together: true });
  }

  // fallback: where a keypoint comes to be that was nowhere.
  setVisibility(visibility, fallback) {
    if (this.locked || this.selected === null) return;
    const k = this.selected;
    const [x, y] = this.entry.draft.points[k];
    if (visibility !== ABSENT && x === null) this.#edit(this.#moved(this.entry.draft, k, fallback, visibility), `visibility:${k}`);
    else this.#edit(values.withPoint(this.entry.draft, k, [x, y, visibility]), `visibility:${k}`);
    this.#describe();
    if (visibility === ABSENT && this.placing && k + 1 < this.skeleton.keypoints.length) this.select(k + 1, { armed: true });
  }

  cycleVisibility(fallback) {
    if (this.selected === null) return;
    const now = this.label.points[this.selected][2];
    this.setVisibility({ [VISIBLE]: HIDDEN, [HIDDEN]: ABSENT, [ABSENT]: VISIBLE }[now], fallback);
  }

  editBox(on = !this.editingBox) {
    if (this.locked) return;
    Object.assign(this, { editingBox: on, selected: on ? null : this.selected });
    this.#changed();
    if (on) this.#say("The box: drag its handles, or move it with the arrow keys; with Control they change its size.");
  }

  fitBox() {
    if (!this.locked) this.#edit(values.withFittingBox(this.entry.draft, this.sample), "fit box");
  }

  swapSides() {
    if (!this.locked) this.#edit(values.withSidesSwapped(this.entry.draft, this.partners), "swap sides");
  }

  copyFrom(other) {
    if (this.locked) return;
    this.#edit(values.withPointsOf(this.entry.draft, other, this.sample), "copy");
    this.placing = false;
    this.select(null);
  }

  // Back to what the server has.
  reset() {
    if (!this.locked) this.#edit(this.entry.base, "reset");
  }

  setState(state) {
    if (this.locked) return;
    this.#edit(values.withState(this.entry.draft, state), state);
  }

  // The change to go back to or forth to; the page shows its picture first.
  apply({ sampleId, label }) {
    this.gesture = null;
    this.store.edit(sampleId, label);
    if (sampleId === this.sampleId) {
      this.placing = values.placedCount(label) < label.points.length && this.placing;
      this.#changed();
    }
  }

  // One of two versions becomes what is worked on; both stay within undo's reach.
  settle(chosen, { save }) {
    const { entry, sampleId } = this;
    const versions = { mine: entry.draft, theirs: values.labelOf(entry.theirs, this.skeleton.keypoints.length) };
    const label = versions[chosen];
    this.store.settle(sampleId, label, { save: save && chosen === "mine" });
    const other = versions[chosen === "mine" ? "theirs" : "mine"];
    this.history.add(sampleId, other, label, "conflict");
    this.open(sampleId);
  }

  #moved(label, k, point, visibility) {
    const now = label.points[k][2];
    return values.withPoint(label, k, [...insidePicture(point, this.sample), visibility ?? (now === ABSENT ? VISIBLE : now)]);
  }

  #edit(label, what, options) {
    const before = this.entry.draft;
    if (label === before || JSON.stringify(label) === JSON.stringify(before)) return this.#changed();
    this.history.add(this.sampleId, before, label, what, options);
    this.store.edit(this.sampleId, label);
    this.#changed();
  }

  #describe() {
    const [x, y, visibility] = this.label.points[this.selected];
    const where = visibility === ABSENT ? "" : `, ${Math.round(x)} across, ${Math.round(y)} down`;
    this.#say(`${plainName(this.skeleton.keypoints[this.selected])}: ${VISIBILITIES[visibility]}${where}`);
  }

  #say(text) {
    this.dispatchEvent(new CustomEvent("said", { detail: { text } }));
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
