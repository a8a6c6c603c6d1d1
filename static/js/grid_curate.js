// "Look for outliers and duplicates": a job that works out what the filters of that name go by.
import { requestJson } from "./api.js";
import { find } from "./elements.js";
import { watchJob } from "./job_progress.js";

// onEnd: called when it is done. Answers {show(facets)}.
export function startCurating(panel, onEnd) {
  const button = find(panel, "[data-start]");
  const model = find(panel, "[data-model]");
  const words = find(panel, "[data-words]");
  const progress = find(panel, "[data-progress]");

  async function start() {
    button.disabled = true;
    try {
      const body = { pose_model: model.value || null };
      const { job_id: id } = await requestJson(panel.dataset.url, { method: "POST", body });
      watchJob(progress, id, ended);
    } catch (error) {
      words.textContent = error.message;
      button.disabled = false;
    }
  }

  function ended() {
    button.disabled = false;
    onEnd();
  }

  button.addEventListener("click", start);
  if (panel.dataset.runningJob) {
    panel.open = button.disabled = true;
    watchJob(progress, panel.dataset.runningJob, ended);
  }
  return {
    show({ labelled, curated }) {
      panel.hidden = !labelled;
      if (!curated && !("shown" in panel.dataset)) panel.open = true;
      panel.dataset.shown = "";
      words.textContent = wordsFor(labelled, curated);
    },
  };
}

// labelled, curated: how many labels there are, and how many of them were looked at.
export function wordsFor(labelled, curated) {
  const what = "It compares every label's bones with those of the others, sorts the poses into groups and finds pictures that look the same. With a model, also where a label is far from what that model finds.";
  if (!curated) return `Not done yet for this dataset. ${what}`;
  const newer = labelled - curated;
  return newer > 0 ? `${newer === 1 ? "1 label came or was" : `${newer.toLocaleString()} labels came or were`} changed since it was done last. ${what}` : what;
}
