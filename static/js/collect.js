// The page that fills a dataset from the webcam: consent, a plan, shots that take themselves, then the import.
import { Beeps } from "./beeps.js";
import { ShotGate } from "./collect_gate.js";
import { PersonChoice } from "./collect_person.js";
import { stations } from "./collect_plan.js";
import { Recording } from "./collect_recording.js";
import { Voice } from "./collect_voice.js";
import { find, prefersStillness } from "./elements.js";
import { watchJob } from "./job_progress.js";
import { Models } from "./models.js";
import { Stage } from "./stage.js";
import { Draft } from "./upload_draft.js";

const root = find(document, "[data-collect]");
const form = find(root, "[data-collect-form]");
const problem = find(form, "[data-problem]");
const { importsUrl, skeleton } = root.dataset;
const checked = (name) => [...form.querySelectorAll(`[name=${name}]:checked`)].map(({ value }) => value);

const stage = new Stage(find(root, "[data-stage]"), { purpose: "record", autostart: false });
new Models(find(root, "[data-session-models]"), stage);
const person = new PersonChoice(find(root, "[data-person]"));
const recording = new Recording(root, stage, {
  gate: new ShotGate(JSON.parse(skeleton).keypoints),
  beeps: new Beeps(() => find(form, "#beeps").checked),
  voice: new Voice(() => find(form, "#voice").checked),
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
form.addEventListener("input", ({ target }) => {
  target.classList.remove("is-invalid");
  showTotal();
});
stage.video.addEventListener("resize", () => stage.root.toggleAttribute("data-upright", stage.video.videoHeight > stage.video.videoWidth));
recording.addEventListener("taken-in", ({ detail }) => showJob(detail.job_id));
recording.addEventListener("discarded", () => (form.hidden = false));
addEventListener("beforeunload", (event) => {
  if (recording.isOpen) event.preventDefault(); // shots on their way would be lost, and the rest be left unfinished
});
for (const panel of document.querySelectorAll("[data-draft]")) listenToDraft(panel);
find(form, "#session").value = new Date().toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
showTotal();

async function start() {
  problem.hidden = true;
  const plan = readPlan();
  const session = find(form, "#session");
  if (!session.value.trim()) session.classList.add("is-invalid");
  const who = person.read({ needsConsent: true });
  if (who && !session.value.trim()) session.focus();
  if (!plan || !who || !session.value.trim()) return;
  recording.wake();
  const button = find(form, "[data-start]");
  button.disabled = true;
  try {
    const wishes = { source: "webcam", people: "given", ...who, session: session.value, one_person: true, label_with: find(form, "#label-with").value || null };
    const draft = await Draft.begin(importsUrl, wishes);
    form.hidden = true;
    find(root, "[data-job]").hidden = true;
    recording.run(draft, plan, Number(find(form, "#countdown-seconds").value));
    if (stage.kind !== "camera") await stage.openCamera();
    // on a phone the button is far below the picture
    find(stage.root, "[data-stage-view]").scrollIntoView({ block: "start", behavior: prefersStillness() ? "instant" : "smooth" });
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  } finally {
    button.disabled = false;
  }
}

// Null where something is missing; the field says so.
function readPlan() {
  const wrong = ["#per-station", "#countdown-seconds"].map((id) => find(form, id)).find((field) => !field.checkValidity());
  if (wrong) {
    wrong.reportValidity();
    return null;
  }
  const plan = stations(checked("distance"), checked("side"), Number(find(form, "#per-station").value));
  if (plan.length) return plan;
  problem.textContent = "Choose at least one distance and one side.";
  problem.hidden = false;
  return null;
}

function showTotal() {
  const places = checked("distance").length * checked("side").length;
  const pictures = places * Number(find(form, "#per-station").value);
  const text = `${places} ${places === 1 ? "place" : "places"}, ${pictures} ${pictures === 1 ? "picture" : "pictures"}. A place that does not fit your room can be left out on the way.`;
  const total = find(form, "[data-plan-total]");
  if (total.textContent !== text) total.textContent = text;
}

function showJob(jobId) {
  const section = find(root, "[data-job]");
  section.hidden = false;
  section.tabIndex = -1;
  section.focus();
  watchJob(section, jobId, () => (form.hidden = false));
}

function listenToDraft(panel) {
  const draft = new Draft(importsUrl, panel.dataset.draft);
  const answer = (work) => async () => {
    try {
      await work();
      panel.remove();
    } catch (error) {
      const place = find(panel, "[data-draft-problem]");
      place.textContent = error.message;
      place.hidden = false;
    }
  };
  find(panel, "[data-go-on]").addEventListener("click", answer(async () => showJob((await draft.startWhole()).job_id)));
  find(panel, "[data-discard]").addEventListener("click", answer(() => draft.discard()));
}
