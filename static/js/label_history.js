// What was changed on this page, in order, across its pictures; without a limit, since labels are small and never change.
const ONE_GESTURE_MS = 900;

export class LabelHistory {
  #done = [];
  #undone = [];

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  // what: names the change; the same one again at once, such as a nudge of one keypoint, is undone together with it.
  add(sampleId, before, after, what, { together = false } = {}) {
    const last = this.#done.at(-1);
    const now = performance.now();
    this.#undone = [];
    if (together && last?.sampleId === sampleId && last.what === what && last.after === before && now - last.at < ONE_GESTURE_MS) {
      Object.assign(last, { after, at: now });
    } else {
      this.#done.push({ sampleId, before, after, what, at: now });
    }
  }

  // {sampleId, label, what} to go back to; null where nothing is left.
  undo() {
    const change = this.#done.pop();
    if (!change) return null;
    this.#undone.push(change);
    return { sampleId: change.sampleId, label: change.before, what: change.what };
  }

  redo() {
    const change = this.#undone.pop();
    if (!change) return null;
    this.#done.push({ ...change, at: 0 });
    return { sampleId: change.sampleId, label: change.after, what: change.what };
  }
}
