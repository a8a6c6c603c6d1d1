// How far a run is: its state, place in the queue, a bar over all epochs, or the longest time, with the time left, and cancelling it.
import { requestJson } from "./api.js";
import { element, icon } from "./elements.js";
import { STATES } from "./job_progress.js";
import { atMost, percent, setText } from "./run_words.js";
import { toast } from "./toasts.js";

export class RunProgress {
  #root;
  #announce;
  #question;
  #parts;
  #state = null;

  // question: asked before it is cancelled. announce: a live region, told when the state changes.
  constructor(root, announce, question) {
    this.#root = root;
    this.#announce = announce;
    this.#question = question;
    this.#parts = {
      tag: element("span", { class: "tag" }),
      step: element("p", { class: "run-step mb-0" }),
      cancel: element("button", { type: "button", class: "btn btn-sm btn-quiet", hidden: true, onclick: () => this.#cancel() }, "Cancel"),
      bar: element("div", { class: "progress-bar" }),
      counted: element("p", { class: "numbers small muted mb-0" }),
      note: element("p", { class: "small run-note mb-0", hidden: true }),
    };
    const { tag, step, cancel, bar, counted, note } = this.#parts;
    this.#parts.progress = element("div", { class: "progress", role: "progressbar", "aria-label": "Progress of the run", "aria-valuemin": 0, "aria-valuemax": 100 }, bar);
    root.replaceChildren(element("div", { class: "run-progress-head" }, tag, step, cancel), this.#parts.progress, counted, note);
  }

  show(run) {
    const { tag, step, cancel, progress, counted } = this.#parts;
    const [text, kind, iconName] = STATES[run.state];
    tag.className = `tag ${kind}`;
    this.#root.classList.toggle("run-failed", run.state === "failed");
    if (tag.textContent !== text) tag.replaceChildren(icon(iconName), text);
    setText(step, stepWords(run));
    cancel.hidden = run.ended || !this.#root.dataset.cancelUrl;
    cancel.disabled = run.cancelling;
    progress.hidden = run.ended;
    this.#fill(run);
    setText(counted, countedWords(run));
    if (this.#state !== null && this.#state !== run.state) this.#announce.textContent = changeWords(run, text);
    this.#state = run.state;
  }

  // As it was shown last.
  get state() {
    return this.#state;
  }

  note(text) {
    setText(this.#parts.note, text);
    this.#parts.note.hidden = !text;
  }

  #fill(run) {
    const { progress, bar } = this.#parts;
    const share = shareDone(run);
    progress.classList.toggle("run-unknown", run.state === "running" && share === null);
    const value = Math.floor(100 * (share ?? 0));
    progress.setAttribute("aria-valuenow", value);
    bar.style.width = `${100 * (share ?? 0)}%`;
  }

  async #cancel() {
    const { cancel } = this.#parts;
    const text = "It stops within a batch. The network of the epoch with the lowest validation loss is kept, but not judged on the test.";
    if (!(await this.#question.ask({ title: "Cancel this run?", text, button: "Cancel the run", danger: true }))) return;
    cancel.disabled = true;
    try {
      this.show(await requestJson(this.#root.dataset.cancelUrl, { method: "POST", body: {} }));
    } catch (error) {
      cancel.disabled = false;
      toast(error.message, "exclamation-triangle");
    }
  }
}

// Of everything that it does at most: 0..1, null where that is not known.
export function shareDone({ state, training, epoch, epochs, batch, batches, time_share }) {
  if (state !== "running") return state === "queued" ? 0 : null;
  const part = batches ? Math.min(1, batch / batches) : null;
  if (!training) return part;
  return Math.min(1, Math.max((epoch + (part ?? 0)) / epochs, time_share ?? 0)); // whichever ends it first
}

// A cancelled run's message says itself that it was.
function changeWords({ state, message }, text) {
  if (state === "running") return "It has begun.";
  if (state === "cancelled" && message) return message;
  return `The run is ${text}. ${message ?? ""}`.trim();
}

function stepWords(run) {
  if (run.ended) return run.message ?? "";
  if (run.cancelling) return "Being cancelled …";
  if (run.state === "running") return run.step || "Starting …";
  const before = run.queue_place - 1;
  return before > 0 ? `It waits: ${before} ${before === 1 ? "comes" : "come"} before it.` : "It begins as soon as there is room.";
}

function countedWords(run) {
  if (run.state !== "running" && !run.epoch) return "";
  // the lowest validation loss decides, and PCK@0.2 may have been higher in another epoch
  const kept = run.best_epoch === null ? "" : `kept${run.ended ? "" : " so far"}: epoch ${run.best_epoch}, of the lowest validation loss; it finds ${percent(run.best_pck)} of the validation keypoints`;
  if (run.ended) return kept;
  if (!run.training) return run.batches ? `${run.batch.toLocaleString()} of ${run.batches.toLocaleString()}` : "";
  const left = run.time_left_s === null || run.cancelling ? "" : `${atMost(run.time_left_s)}, less when it stops early`;
  const batches = run.batches ? `batch ${run.batch.toLocaleString()} of ${run.batches.toLocaleString()}` : "";
  return [left, batches, kept].filter(Boolean).join(" · ");
}
