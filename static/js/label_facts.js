// What is known of the picture on the stage, how far the work is, and whether everything is saved.
import { element } from "./elements.js";
import { plainName } from "./label_values.js";

const STATES = { unlabelled: ["no label yet", "neutral"], proposed: ["to be reviewed", "warn"], reviewed: ["reviewed", "good"], excluded: ["excluded", "bad"] };
const PACE_OVER_MS = 10 * 60_000;

export function showFacts(root, sample, state) {
  const [text, kind] = STATES[state];
  const known = [sample.person?.name, sample.teacher && state === "proposed" && `by ${sample.teacher}`, sure(sample, state), sample.labelled_by && `labelled by ${sample.labelled_by}`];
  root.replaceChildren(
    element("b", { class: "numbers" }, `#${sample.position}`),
    element("span", { class: `tag tag-${kind}`, "data-state": state }, text),
    element("span", { class: "label-file", title: sample.file_name }, sample.file_name),
    element("span", { class: "muted label-known" }, known.filter(Boolean).join(" · ")),
  );
}

const sure = ({ confidence }, state) => state === "proposed" && confidence !== null && `least sure keypoint ${Math.round(100 * confidence)} %`;

// What to do next, at the foot of the picture.
export function hintOf(editor) {
  if (editor.locked || editor.sampleId === null) return "";
  if (editor.editingBox) return "Drag the box or its handles; Esc ends";
  if (editor.placing && editor.selected !== null) return `Place the ${plainName(editor.skeleton.keypoints[editor.selected])}`;
  return "";
}

// Pictures that were accepted or excluded on this visit, and how fast.
export class Pace {
  #done = new Map(); // sampleId -> when

  constructor(root) {
    this.root = root;
  }

  count(sampleId) {
    this.#done.set(sampleId, performance.now());
  }

  show(left) {
    const now = performance.now();
    const lately = [...this.#done.values()].filter((at) => now - at < PACE_OVER_MS);
    const minutes = (now - Math.min(...lately)) / 60_000;
    const parts = [];
    if (this.#done.size) parts.push(`${this.#done.size} done`);
    if (lately.length > 4 && minutes > 0.2) parts.push(`${((lately.length - 1) / minutes).toFixed(1)} a minute`);
    if (left !== null) parts.push(`${left} left`);
    this.root.textContent = parts.join(" · ");
  }
}

// changed: what is shown now differs from what the server has, and was not handed over; savedOnce: something was saved on this visit.
export function savingText({ waiting, away, loggedOut, changed, savedOnce }) {
  if (loggedOut) return "Not saved: you are logged out";
  if (away) return waiting === 1 ? "1 picture waits to be saved" : `${waiting} pictures wait to be saved`;
  if (changed) return "Not saved yet";
  if (waiting) return "Saving";
  return savedOnce ? "Saved" : "";
}
