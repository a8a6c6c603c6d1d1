// The live page: what is seen, what it is closest to, what was recognised.
import { ActionsNote } from "./actions_note.js";
import { listActions } from "./api.js";
import { nearest, personName } from "./body.js";
import { find } from "./elements.js";
import { EventList } from "./events.js";
import { FeedbackDialog } from "./feedback_dialog.js";
import { Following } from "./following.js";
import { Models } from "./models.js";
import { Ranking, plainReason } from "./ranking.js";
import { RepetitionCounter } from "./repetition_counter.js";
import { SaveDialog } from "./save_dialog.js";
import { Stage } from "./stage.js";
import { Stats } from "./stats.js";
import { toast } from "./toasts.js";
import { TrackBuffer } from "./tracks.js";

const REMEMBERED_S = 20; // time enough to come from the camera to the keyboard and say what was missed
const SAVED_S = 5;
const SHOWN_EVENT_MS = 2500; // a recognised action stays large this long
const SHOW_EVERY_MS = 100; // the overlay follows every frame, the words do not need to

const root = find(document, "[data-live]");
const playSample = location.hash === "#sample"; // where a take of the sample clip sends people to see it recognised
const stage = new Stage(find(root, "[data-stage]"), { purpose: "live", autostart: !playSample });
new Stats(find(root, "[data-stats]"), stage);
new Models(find(root, "[data-session-models]"), stage);
new ActionsNote(find(root, "[data-actions-note]"), stage);
const following = new Following(stage, find(root, "[data-person-choice]"));
const ranking = new Ranking(find(root, "[data-ranking]"), find(root, "[data-ranking-empty]"));
const events = new EventList({
  list: find(root, "[data-events]"),
  counts: find(root, "[data-counts]"),
  emptyNote: find(root, "[data-events-empty]"),
  historyUrl: root.dataset.historyUrl,
  onWrong: (event) => correct((actions) => feedbackDialog.openForEvent(event, { actions })),
});
const feedbackDialog = new FeedbackDialog(find(document, "[data-feedback-dialog]"));
const missedButton = find(root, "[data-missed-one]");
const lastSeconds = new TrackBuffer(REMEMBERED_S);
const saveButton = find(root, "[data-save-last]");
const saveDialog = new SaveDialog(find(document, "[data-save-dialog]"));
const now = find(root, "[data-now]");
const nowTitle = find(root, "[data-now-title]");
const nowReason = find(root, "[data-now-reason]");
const nowSet = find(root, "[data-now-set]");
const counters = new Map(); // of repetitions, by person
const noActions = root.querySelector("[data-no-actions]");

let lastEvent = null;
let shownAtMs = 0;

stage.addEventListener("worker", ({ detail }) => {
  if (detail.skeleton) lastSeconds.models = detail;
});
stage.addEventListener("seen", ({ detail }) => lastSeconds.push(detail));
stage.addEventListener("result", ({ detail }) => {
  for (const event of detail.events) announce(event, detail.people.length);
  if (detail.events.length || performance.now() - shownAtMs > SHOW_EVERY_MS) show(detail);
});
stage.addEventListener("source", () => {
  lastSeconds.clear();
  lastEvent = null;
  counters.clear();
  stage.focusId = null;
  if (stage.followedId !== null) following.follow(null);
  show({ people: [] });
});
stage.addEventListener("sample", () => play(stage.root.dataset.sampleUrl, "Sample clip"));
stage.addEventListener("files", async ({ detail: [file] }) => {
  const url = URL.createObjectURL(file);
  await play(url, file.name);
  stage.addEventListener("source", () => URL.revokeObjectURL(url), { once: true });
});
stage.connection.addEventListener("state", ({ detail }) => {
  if (detail.state === "ready") return;
  // nothing that is shown holds any more while the server is away
  lastSeconds.clear();
  show({ people: [] });
});
stage.connection.addEventListener("actions_changed", () => toast("Your actions changed; recognition uses them now."));
stage.addEventListener("interrupted", () => {
  lastSeconds.clear();
  counters.clear();
});
saveButton.addEventListener("click", () => saveDialog.open(lastSeconds.snapshot(SAVED_S), stage.focusId));
missedButton.addEventListener("click", () => {
  const [seen, personId] = [lastSeconds.snapshot(), stage.focusId]; // as it was when the button was pressed
  correct((actions) => feedbackDialog.openForMissed(seen, personId, { actions }));
});
for (const [type, corrected] of [["applied", true], ["undone", false]]) {
  feedbackDialog.addEventListener(type, ({ detail }) => detail.feedback.event_id && events.markCorrected(detail.feedback.event_id, corrected));
}

// Feedback may name any action that there is by now; one may have been recorded since this page was loaded.
async function correct(open) {
  let actions;
  try {
    actions = await listActions();
  } catch (error) {
    toast(error.message, "exclamation-triangle");
    return;
  }
  if (!feedbackDialog.dialog.open) open(actions);
}

async function play(url, name) {
  try {
    await stage.openFile(url, name);
  } catch {
    // the stage shows why the video cannot be played
  }
}

function announce(event, people) {
  if (!events.add(event, people)) return;
  const counter = counters.get(event.person_id) ?? new RepetitionCounter();
  counters.set(event.person_id, counter);
  counter.add(event);
  lastEvent = { ...event, atMs: performance.now() };
  if (stage.followedId === null) stage.focusId = event.person_id; // who did something is more interesting than who is near
}

function show(result) {
  shownAtMs = performance.now();
  const people = result.people;
  const byId = (wanted) => people.find(({ person_id: id }) => id === wanted);
  const followedId = result.followed ?? null;
  const person = followedId === null ? (byId(stage.focusId) ?? nearest(people)) : byId(followedId);
  stage.focusId = person?.person_id ?? null;
  saveButton.disabled = missedButton.disabled = lastSeconds.durationS < 1;
  showNow(person, followedId);
  showSet(person, result.time_s);
  following.show(people, followedId);
  ranking.show(person?.ranking ?? []);
  if (noActions) {
    noActions.hidden = Boolean(person?.ranking.length);
    find(root, "[data-ranking-empty]").hidden = true;
  }
}

function showNow(person, followedId) {
  const isRecent = lastEvent && performance.now() - lastEvent.atMs < SHOWN_EVENT_MS;
  const action = isRecent ? lastEvent.action : person?.current;
  let text = "Watching";
  if (action) text = action;
  else if (!stage.kind) text = "No picture yet";
  else if (!stage.connection.ready) text = "Waiting for recognition";
  else if (!person) text = followedId === null ? "Nobody in view" : `${personName(followedId, stage.overlay.skeleton)} is out of view`;
  if (now.textContent !== text) now.textContent = text; // unchanged text must not be announced again
  now.dataset.kind = action ? "event" : "none";
  // what was recognised stays large for a moment, while the ranking is already about the next movement
  nowTitle.textContent = action ? "Just recognised" : "Right now";
  const reason = person && !person.current ? plainReason(person.reason) : "";
  nowReason.textContent = action && reason ? `Now: ${reason}` : reason;
}

// The repetitions of the person shown, as long as their set goes on.
function showSet(person, timeS) {
  const set = person && timeS !== undefined ? counters.get(person.person_id)?.at(timeS) : null;
  nowSet.hidden = !set || set.count < 2;
  if (nowSet.hidden) return;
  const text = `${set.action} × ${set.count} · ${Math.round(set.tempo_per_min)} a minute`;
  if (nowSet.textContent !== text) nowSet.textContent = text;
}

if (playSample && stage.root.dataset.sampleUrl) play(stage.root.dataset.sampleUrl, "Sample clip");
