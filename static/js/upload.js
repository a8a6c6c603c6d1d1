// The page that hands in files: what is chosen and wished for, then sent, then taken in by a job.
import { PersonChoice } from "./collect_person.js";
import { find } from "./elements.js";
import { watchJob } from "./job_progress.js";
import { Question } from "./question.js";
import { Chosen } from "./upload_chosen.js";
import { Draft, lostWithout } from "./upload_draft.js";
import { droppedFiles, inputFiles } from "./upload_files.js";
import { askToLose } from "./upload_lost.js";
import { Sending } from "./upload_sending.js";

const root = find(document, "[data-upload]");
const form = find(root, "[data-upload-form]");
const zone = find(root, "[data-drop-zone]");
const sendButton = find(form, "[data-send]");
const problem = find(form, "[data-problem]");
const { importsUrl, suffixes, pictureBytes, files, allBytes } = root.dataset;
const limits = { suffixes: JSON.parse(suffixes), pictureBytes: Number(pictureBytes), files: Number(files), allBytes: Number(allBytes) };

const chosen = new Chosen(root, limits);
const person = new PersonChoice(find(root, "[data-person]"));
const question = new Question(find(document, "[data-question]"));
const sending = new Sending(find(root, "[data-sending]"));
let goingOn = null; // a draft of before that is gone on with

chosen.addEventListener("change", showChosen);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  handIn();
});
form.addEventListener("change", showWishes);
form.addEventListener("input", ({ target }) => target.classList.remove("is-invalid"));
addEventListener("beforeunload", (event) => {
  if (sending.isRunning) event.preventDefault(); // what is not sent yet has to be chosen again
});
sending.addEventListener("refused", ({ detail }) => chosen.leaveOut(detail.name, detail.reason));
listenToZone();
for (const panel of document.querySelectorAll("[data-draft]")) listenToDraft(panel);
showWishes();

function listenToZone() {
  const [filesInput, folderInput] = [find(zone, "[data-files-input]"), find(zone, "[data-folder-input]")];
  find(zone, "[data-choose-files]").addEventListener("click", () => filesInput.click());
  find(zone, "[data-choose-folder]").addEventListener("click", () => folderInput.click());
  for (const input of [filesInput, folderInput]) {
    input.addEventListener("change", () => {
      chosen.take(inputFiles(input));
      input.value = ""; // so that choosing the same again counts as a change
    });
  }
  for (const type of ["dragenter", "dragover"]) {
    zone.addEventListener(type, (event) => {
      event.preventDefault();
      zone.dataset.over = "";
    });
  }
  zone.addEventListener("dragleave", ({ relatedTarget }) => zone.contains(relatedTarget) || delete zone.dataset.over);
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    delete zone.dataset.over;
    try {
      chosen.take(await droppedFiles(event.dataTransfer));
    } catch (error) {
      show(problem, `What was dropped cannot be read: ${error.message}. Choose it with the buttons.`);
    }
  });
}

function listenToDraft(panel) {
  const draft = new Draft(importsUrl, panel.dataset.draft);
  find(panel, "[data-go-on]").addEventListener("click", () => {
    goingOn = draft;
    panel.dataset.chosen = "";
    showWishes();
    showChosen();
    leadToZone();
  });
  find(panel, "[data-discard]").addEventListener("click", async () => {
    try {
      await draft.discard();
      if (goingOn === draft) goingOn = null;
      panel.remove();
      showWishes();
      showChosen();
    } catch (error) {
      show(find(panel, "[data-draft-problem]"), error.message);
    }
  });
}

function leadToZone() {
  zone.scrollIntoView({ block: "center" });
  find(zone, "[data-choose-files]").focus({ preventScroll: true });
}

function showChosen() {
  sendButton.disabled = !chosen.files.length && !goingOn;
  sendButton.textContent = goingOn && !chosen.files.length ? "Take in what is here" : "Hand in";
  find(form, "[data-video-choice]").hidden = !mayHoldVideo();
  find(form, "[data-folders]").textContent = chosen.folders();
  const session = find(form, "#session");
  if (chosen.files.length && !session.value) session.value = new Date().toLocaleDateString(undefined, { dateStyle: "medium" });
}

function showWishes() {
  const people = find(form, "[name=people]:checked").value;
  find(form, "[data-given]").hidden = people !== "given";
  find(form, "[data-folders]").hidden = people !== "folders";
  find(form, "[data-wishes]").hidden = Boolean(goingOn);
  find(form, "[data-goes-on]").hidden = !goingOn;
  if (!chosen.files.length) sendButton.disabled = !goingOn;
}

async function handIn() {
  problem.hidden = true;
  const wishes = goingOn ? null : readWishes();
  if (!goingOn && !wishes) return;
  sendButton.disabled = true;
  try {
    const before = goingOn ? await goingOn.files() : [];
    const lost = lostWithout(before, chosen.files);
    if (lost.length && !(await askToLose(question, lost))) return leadToZone();
    const draft = goingOn ?? (await Draft.begin(importsUrl, wishes));
    goingOn = draft; // should it fail now, the next try goes on with it
    showSending(true);
    const isWhole = await sending.run(draft, chosen.files, before);
    if (isWhole && chosen.leftOut.length) await draft.noteLeftOut(chosen.leftOut);
    if (isWhole) takeIn(await draft.start());
    else location.reload(); // it was discarded
  } catch (error) {
    showSending(false);
    showWishes();
    show(problem, error.message);
  } finally {
    sendButton.disabled = false;
  }
}

function takeIn({ job_id: jobId }) {
  find(root, "[data-sending]").hidden = true;
  const section = find(root, "[data-job]");
  section.hidden = false;
  section.tabIndex = -1;
  section.focus();
  watchJob(section, jobId, () => undefined);
}

function showSending(isSending) {
  for (const part of [zone, form, ...document.querySelectorAll("[data-draft]")]) part.hidden = isSending;
  find(root, "[data-clear]").hidden = isSending;
  find(root, "[data-sending]").hidden = !isSending;
  if (isSending) find(root, "#sending-title").focus();
}

function mayHoldVideo() {
  return chosen.has("video") || chosen.has("dataset");
}

// Null where something is missing; the field says so and has the focus.
function readWishes() {
  const session = find(form, "#session");
  const rights = find(form, "#rights");
  const [every, change] = [find(form, "[data-every-frames]"), find(form, "[data-pose-change]")];
  const people = find(form, "[name=people]:checked").value;
  const byChange = find(form, "[name=frames]:checked").value === "change";
  const number = mayHoldVideo() ? (byChange ? change : every) : null;
  const missing = [!session.value.trim() && session, number && !number.checkValidity() && number, !rights.checked && rights].filter(Boolean);
  for (const field of missing) field.classList.add("is-invalid");
  const given = people === "given" ? person.read({ needsConsent: false }) : {};
  if (given) missing[0]?.focus();
  if (missing.length || !given) return null;
  return {
    session: session.value,
    people,
    ...given,
    ...(number && { [byChange ? "pose_change" : "every_frames"]: Number(number.value) }),
    one_person: find(form, "#one-person").checked,
    label_with: find(form, "#label-with").value || null,
    rights: true,
  };
}

function show(place, text) {
  place.textContent = text;
  place.hidden = false;
}
