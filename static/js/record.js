// The record page: takes from the camera, hands-free, or from video files, frame by frame; of actions, or of movements
// that are none.
import { ActionKeeper } from "./action_keeper.js";
import { Beeps } from "./beeps.js";
import { BodyCheck } from "./body_check.js";
import { find, prefersStillness } from "./elements.js";
import { FileTakes } from "./file_takes.js";
import { Models } from "./models.js";
import { NegativeKeeper } from "./negative_keeper.js";
import { Stage } from "./stage.js";
import { TakeList } from "./take_list.js";
import { TakeSession } from "./take_session.js";
import { toast } from "./toasts.js";

const root = find(document, "[data-record]");
const form = find(root, "[data-record-form]");
const negative = root.dataset.record === "negative";
const nameField = form.querySelector("#action-name"); // only actions have one
const startButton = find(form, "[data-start]");
const cancelButton = find(form, "[data-cancel]");
const note = find(form, "[data-session-note]");

const stage = new Stage(find(root, "[data-stage]"), { purpose: "record" });
new Models(find(root, "[data-session-models]"), stage);
const bodyRoot = find(root, "[data-body-check]");
const bodyCheck = new BodyCheck(bodyRoot);
const beeps = new Beeps(() => find(form, "#beeps").checked);
const session = new TakeSession(stage, bodyCheck, beeps);
const keeper = negative ? new NegativeKeeper(() => find(form, "[name=source]:checked").value) : new ActionKeeper(checkedName);
const takes = new TakeList(document, { keeper, ...(negative && { title: "Recording", liveUrl: "" }) });
const files = new FileTakes(root, stage, takes);

let running = null;

stage.addEventListener("seen", ({ detail }) => {
  if (stage.kind === "camera") bodyCheck.look(detail, stage.overlay.skeleton);
});
stage.addEventListener("source", ({ detail }) => {
  running?.abort(new Error("the camera was stopped"));
  bodyRoot.hidden = true;
  startButton.disabled = detail.kind !== "camera";
});
session.addEventListener("note", ({ detail }) => (note.textContent = detail.text));
session.addEventListener("again", ({ detail }) =>
  toast(`Recognition was interrupted during take ${detail.number}; it is recorded again.`, "arrow-repeat"),
);
session.addEventListener("take", ({ detail }) => takes.add(detail.tracks, "webcam"));
stage.connection.addEventListener("state", ({ detail }) => {
  if (detail.state === "away") running?.abort(new Error("the connection was lost"));
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (keeper.ready() && numbersAreValid() && !running) record();
});
cancelButton.addEventListener("click", () => running?.abort(new Error("stopped")));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") running?.abort(new Error("stopped"));
});
nameField?.addEventListener("input", () => nameField.classList.remove("is-invalid"));
addEventListener("beforeunload", (event) => {
  if (takes.hasOpen) event.preventDefault(); // takes that are neither kept nor discarded would be lost
});

async function record() {
  running = new AbortController();
  showRunning(true);
  beeps.wake();
  const number = (id) => Number(find(form, id).value);
  const plan = { count: number("#take-count"), seconds: number("#take-seconds"), countdown: number("#countdown-seconds") };
  try {
    await session.run(plan, running.signal);
    bringIntoView(find(document, "[data-takes-section]"), "start");
  } catch (error) {
    if (error !== running.signal.reason) throw error;
    note.textContent = `Recording ended: ${error.message}. Finished takes are below.`;
  } finally {
    running = null;
    showRunning(false);
  }
}

function showRunning(isRunning) {
  startButton.hidden = isRunning;
  cancelButton.hidden = !isRunning;
  for (const field of form.querySelectorAll(".record-numbers input")) field.disabled = isRunning;
  if (!isRunning) return;
  cancelButton.focus({ preventScroll: true });
  bringIntoView(find(stage.root, "[data-stage-view]"), "nearest"); // on a phone the button is below the picture
}

function bringIntoView(part, block) {
  part.scrollIntoView({ block, behavior: prefersStillness() ? "instant" : "smooth" });
}

// The name as the person has it now; without one, the field says so and takes the focus.
function checkedName() {
  const name = nameField.value.trim();
  nameField.classList.toggle("is-invalid", !name);
  if (!name) nameField.focus();
  return name;
}

function numbersAreValid() {
  const wrong = [...form.querySelectorAll(".record-numbers input")].find((field) => !field.checkValidity());
  wrong?.reportValidity();
  return !wrong;
}

files.watch();
