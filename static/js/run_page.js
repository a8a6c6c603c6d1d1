// The page of one training run: looked at again every two seconds until it has ended.
import { askBeforeActivating } from "./activation.js";
import { requestJson } from "./api.js";
import { find } from "./elements.js";
import { showLocalTimes } from "./local_times.js";
import { poll } from "./polling.js";
import { Question } from "./question.js";
import { RunCurves } from "./run_curves.js";
import { RunExamples } from "./run_examples.js";
import { RunParts } from "./run_parts.js";
import { RunProgress } from "./run_progress.js";
import { showResults } from "./run_results.js";
import { percent, setText } from "./run_words.js";
import { ChosenRuns } from "./runs_chosen.js";
import { toast } from "./toasts.js";

const LOOK_MS = 2000;
const LOOK_HIDDEN_MS = 10000;

const root = find(document, "[data-run]");
const { url, samplesUrl } = root.dataset;
const skeleton = JSON.parse(root.dataset.bones);
const question = new Question(find(document, "[data-question]"));
const progress = new RunProgress(find(root, "[data-progress]"), find(root, "[data-announce]"), question);
const curves = new RunCurves(find(root, "[data-curves]"));
const examples = new RunExamples(find(root, "[data-examples]"), { url: `${url}/files/predictions.json`, samplesUrl, skeleton });
const facts = find(root, "[data-facts]");
const parts = new RunParts(find(root, "[data-parts]"));
const REFRESHED = ["[data-verdict]", "[data-results]", "[data-files]", "[data-facts]"];
let lastEpoch = 0;
let lastUse = null; // as the newest epoch told it

function show(run) {
  progress.show(run);
  lastEpoch = run.new_epochs.at(-1)?.epoch ?? lastEpoch;
  curves.add(run.new_epochs, run.best_epoch);
  examples.follow(run.predictions).then(() => parts.show());
  if (run.new_epochs.length && !run.ended) {
    lastUse = run;
    showUse();
  }
  if (run.data_known && facts.dataset.known !== "true" && !run.ended) refresh(["[data-facts]"]).then(showUse);
  showLog(run.log);
  parts.show();
  return run.ended;
}

// What it uses while it goes on; the server writes the same when it has ended.
function showUse() {
  if (!lastUse) return;
  const place = (name) => find(root, `[data-use="${name}"]`);
  const last = lastUse.new_epochs.at(-1);
  setText(place("data_share"), `${percent(last.data_share)} of the time`);
  setText(place("memory_mb"), `${Math.round(last.memory_mb).toLocaleString()} MB`);
  if (lastUse.pictures_per_s) setText(place("pictures_per_s"), Math.round(lastUse.pictures_per_s).toLocaleString());
}

function showLog(text) {
  const panel = find(root, "[data-log-panel]");
  panel.hidden = !text;
  const log = find(panel, "[data-log]");
  if (log.textContent === text) return;
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 30;
  log.textContent = text;
  if (atEnd) log.scrollTop = log.scrollHeight;
}

// What the server writes of the run by now, put in place without leaving the page.
async function refresh(places = REFRESHED) {
  const response = await fetch(url, { headers: { Accept: "text/html" } });
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const open = [...root.querySelectorAll("details[id][open]")].map(({ id }) => id);
  for (const place of places) find(root, place).replaceChildren(...find(fresh, place).childNodes);
  for (const id of open) document.getElementById(id).open = true;
  facts.dataset.known = find(fresh, "[data-facts]").dataset.known;
  showLocalTimes(root);
  if (places.includes("[data-results]")) ready();
  parts.show();
}

function ready() {
  showResults(find(root, "[data-results]"), { skeleton, samplesUrl, labelUrl: root.dataset.labelUrl, refresh: () => refresh() });
  const button = root.querySelector("[data-delete]");
  if (button) button.hidden = root.dataset.ended !== "true";
}

async function remove({ currentTarget: button }) {
  const text = "Its curves, files and networks go with it. Versions that were registered stay.";
  if (!(await question.ask({ title: `Delete ${button.dataset.name}?`, text, button: "Delete the run", danger: true }))) return;
  try {
    const { url: next } = await requestJson(button.dataset.url, { method: "POST", body: {} });
    new ChosenRuns(root.dataset.account).remove(root.dataset.id);
    location.assign(next);
  } catch (error) {
    toast(error.message, "exclamation-triangle");
  }
}

async function watch() {
  const wasEnded = root.dataset.ended === "true";
  if (wasEnded) ready();
  try {
    await poll(() => requestJson(`${url}/progress?after=${lastEpoch}`), { show, note: (text) => progress.note(text), everyMs: LOOK_MS, hiddenMs: LOOK_HIDDEN_MS });
    root.dataset.ended = "true";
    lastUse = null; // the server knows it better by now
    if (!wasEnded) await refresh();
    if (progress.state === "failed") find(root, "[data-log-panel]").open = true; // the log says more than the reason
  } catch (error) {
    progress.note(error.message);
  }
}

askBeforeActivating(root, question);
root.querySelector("[data-delete]")?.addEventListener("click", remove);
watch();
