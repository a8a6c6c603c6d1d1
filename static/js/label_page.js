// The labelling page: its parts, and what every key and button does.
import { find } from "./elements.js";
import { LabelCanvas } from "./label_canvas.js";
import { LabelConflict } from "./label_conflict.js";
import { LabelEditor } from "./label_editor.js";
import { Pace, hintOf, showFacts } from "./label_facts.js";
import { fillHelp } from "./label_help.js";
import { LabelJourney } from "./label_journey.js";
import { LabelKeys } from "./label_keys.js";
import { LabelLight } from "./label_light.js";
import { LabelList } from "./label_list.js";
import { LabelNotices } from "./label_notices.js";
import { LabelPictures } from "./label_pictures.js";
import { LabelPointer } from "./label_pointer.js";
import { LabelQueue } from "./label_queue.js";
import { watchSaving } from "./label_saving.js";
import { LabelStore } from "./label_store.js";
import { labelOf, pairsAgainstTheOthers, placedCount, sidesOf } from "./label_values.js";
import { LabelView } from "./label_view.js";
import { flipPartners } from "./skeletons.js";
import { toast } from "./toasts.js";

const ZOOM_STEP = 1.25;
const PAN_SHARE = 0.15; // of the stage
const NUDGE_PX = { near: 1, far: 10, farther: 50 };

const root = find(document, "[data-labelling]");
const { datasetUrl, datasetId, userId, collectUrl } = root.dataset;
const canLabel = root.dataset.canLabel === "1";
const skeleton = JSON.parse(root.dataset.skeleton);
const [sides, partners] = [sidesOf(skeleton), flipPartners(skeleton)];
const stage = find(root, "[data-stage]");
const parts = Object.fromEntries(["facts", "hint", "message", "mirror", "mirror-note", "said", "placed", "pace"].map((name) => [name, root.querySelector(`[data-${name}]`)]));

const view = new LabelView();
const canvas = new LabelCanvas(stage, skeleton, sides, partners, view);
const store = new LabelStore({ datasetUrl, datasetId, userId, keypoints: skeleton.keypoints.length });
const pictures = new LabelPictures();
const queue = new LabelQueue(store, pictures, { reviews: canLabel });
const editor = new LabelEditor(store, skeleton, partners, { canLabel });
const pointer = new LabelPointer(canvas, editor);
const light = new LabelLight(find(root, "[data-light]"), canvas);
const notices = new LabelNotices(find(root, "[data-notices]"));
const pace = new Pace(parts.pace);
const help = find(document, "[data-help]");
const jump = find(document, "[data-jump]");
const conflict = new LabelConflict(find(root, "[data-conflict]"), (which, options) => {
  editor.settle(which, options);
  stage.focus({ preventScroll: true });
});
const list = new LabelList(find(root, "[data-list]"), skeleton, sides, {
  canLabel,
  onSelect: (k) => editor.select(k, { armed: true }),
  onVisibility: (k) => {
    editor.select(k, { armed: true });
    editor.cycleVisibility(middle());
  },
});
const journey = new LabelJourney({ url: datasetUrl, collectUrl, message: parts.message, canLabel, view, canvas, store, pictures, queue, editor, pointer, refresh });
let mirrored = false;

const middle = () => view.toPicture([view.stage.width / 2, view.stage.height / 2]);

const actions = {
  accept: (at) => finish("reviewed", at),
  acceptHere: () => acceptable() && (editor.setState("reviewed"), pace.count(editor.sampleId), store.submit(editor.sampleId)),
  exclude: (at) => (editor.label.state === "excluded" ? editor.setState(placedCount(editor.label) ? "proposed" : "unlabelled") : finish("excluded", at)),
  next: (at) => journey.on(at),
  back: (at) => journey.back(at),
  unreviewed: (at) => journey.toNext(at),
  following: () => journey.beside("following"),
  preceding: () => journey.beside("preceding"),
  jump: () => {
    find(jump, "input").value = ""; // else the next number would be typed behind the one before
    jump.showModal();
  },
  nextPoint: (options) => editor.step(1, options),
  previousPoint: (options) => editor.step(-1, options),
  visibility: () => editor.cycleVisibility(middle()),
  absent: () => editor.setVisibility(0, middle()),
  deselect: () => (editor.editingBox ? editor.editBox(false) : editor.select(null)),
  undo: () => journey.travel(editor.history.undo(), "Nothing is left to undo."),
  redo: () => journey.travel(editor.history.redo(), "Nothing is left to redo."),
  copy: () => journey.copy(),
  swap: () => editor.swapSides(),
  mirror: () => ((mirrored = !mirrored), refresh()),
  box: () => editor.editBox(),
  fitBox: () => editor.fitBox(),
  reset: () => editor.reset(),
  zoomIn: () => zoom(ZOOM_STEP),
  zoomOut: () => zoom(1 / ZOOM_STEP),
  whole: () => (view.seen?.width === editor.sample.width_px && view.seen?.x === 0 ? canvas.fitCrop() : canvas.fitPicture()),
  panLeft: () => pan(1, 0),
  panRight: () => pan(-1, 0),
  panUp: () => pan(0, 1),
  panDown: () => pan(0, -1),
  bare: () => (canvas.show({ bare: !canvas.scene.bare }), refresh()),
  lighter: () => light.step("brightness", true),
  darker: () => light.step("brightness", false),
  moreContrast: () => light.step("contrast", true),
  lessContrast: () => light.step("contrast", false),
  plainLight: () => light.plain(),
  fullScreen: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen?.()),
  help: () => help.showModal(),
};
const WITHOUT_PICTURE = new Set(["back", "next", "accept", "unreviewed", "jump", "help", "undo", "redo", "fullScreen", "lighter", "darker", "moreContrast", "lessContrast", "plainLight"]);
for (const [name, run] of Object.entries(actions)) {
  actions[name] = (...given) => (editor.sampleId !== null || WITHOUT_PICTURE.has(name) ? run(...given) : false);
}

const moves = {
  select: (k) => editor.select(k, { armed: true }),
  visibility: (which) => which <= 2 && (editor.setVisibility(which, middle()), true),
  space: (held) => (pointer.panning = held),
  arrow: (dx, dy, { far, control }) => {
    if (editor.sampleId === null) return false;
    if (editor.selected === null && !editor.editingBox) return pan(-dx, -dy) ?? true;
    const step = control && !editor.editingBox ? NUDGE_PX.farther : far ? NUDGE_PX.far : NUDGE_PX.near;
    if (control && editor.editingBox) editor.stretchBox(dx * step, dy * step);
    else editor.nudge(dx * step, dy * step, middle());
    if (editor.selected !== null && editor.label.points[editor.selected][0] !== null) view.reveal(editor.label.points[editor.selected]);
    canvas.redraw();
    return true;
  },
};

function acceptable() {
  if (!canLabel || editor.sampleId === null) return false;
  if (editor.entry.theirs) toast("Choose one of the two labels first.", "people");
  else if (!placedCount(editor.label)) toast("No keypoint is placed yet. Place them, or exclude the picture (E).", "bullseye");
  else return true;
  return false;
}

function finish(state, startedAt) {
  if (editor.sampleId === null || !canLabel) return journey.on(startedAt);
  if (state === "reviewed" ? !acceptable() : editor.locked) return undefined;
  if (["proposed", "unlabelled"].includes(editor.label.state) && queue.left) queue.left -= 1;
  editor.setState(state);
  pace.count(editor.sampleId);
  return journey.on(startedAt);
}

function zoom(factor) {
  const chosen = editor.selected !== null && editor.label.points[editor.selected][2] ? view.toStage(editor.label.points[editor.selected]) : undefined;
  view.zoom(factor, chosen);
  canvas.redraw();
}

function pan(x, y) {
  view.pan(x * PAN_SHARE * view.stage.width, y * PAN_SHARE * view.stage.height);
  canvas.redraw();
}

function refresh() {
  const open = editor.sampleId !== null;
  root.dataset.state = open ? editor.label.state : "none";
  for (const [name, pressed] of Object.entries({ box: editor.editingBox, mirror: mirrored, bare: canvas.scene.bare })) {
    root.querySelector(`[data-do=${name}][aria-pressed]`)?.setAttribute("aria-pressed", String(pressed));
  }
  if (canLabel) pace.show(queue.left);
  parts.mirror.hidden = parts["mirror-note"].hidden = !mirrored || !open || Boolean(editor.entry.theirs);
  conflict.show(open ? editor.entry : null, open && editor.entry.theirs ? versions() : null);
  if (!open) return canvas.show({ sample: null, bitmap: null, label: null });
  const { label, selected, editingBox } = editor;
  canvas.show({ sample: editor.sample, label, selected, editingBox, versions: editor.entry.theirs ? versions() : null });
  list.show(label, selected, (k) => canvas.isUnsure(k));
  showFacts(parts.facts, editor.sample, label.state);
  parts.placed.textContent = `${placedCount(label)} of ${label.points.length}`;
  parts.hint.textContent = hintOf(editor);
  const doubtful = pairsAgainstTheOthers(label, skeleton, partners, sides);
  parts["mirror-note"].textContent = doubtful.length ? `Turned against the others: ${doubtful.join(", ")}` : "Mirrored";
  return undefined;
}

const versions = () => ({ mine: editor.entry.draft, theirs: labelOf(editor.entry.theirs, skeleton.keypoints.length) });

editor.addEventListener("change", refresh);
editor.addEventListener("said", ({ detail }) => (parts.said.textContent = detail.text));
await store.kept.open();
watchSaving({ root, store, notices, editor, refresh, show: (id) => journey.revisit(id) });
fillHelp(find(help, "[data-help-groups]"));
new LabelKeys(stage, { actions, moves, count: skeleton.keypoints.length });
root.addEventListener("click", (event) => {
  const command = event.target.closest("[data-do]")?.dataset.do;
  if (command) actions[command](event.timeStamp);
  if (event.detail > 0 && event.target.closest("button:not([data-bs-toggle])")) stage.focus({ preventScroll: true }); // Enter goes on accepting
});
jump.addEventListener("close", () => {
  const { value } = find(jump, "input");
  if (jump.returnValue === "go" && value) journey.toPosition(Number(value));
  jump.returnValue = "";
  stage.focus({ preventScroll: true });
});
document.addEventListener("fullscreenchange", () => canvas.redraw());

journey.start(new URLSearchParams(location.search).get("sample"));
if (!canvas.coarse) stage.focus({ preventScroll: true });
