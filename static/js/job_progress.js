// How far a job is: a bar, the step, the time that is left; cancelling; at the end what it says, found and made.
import { requestJson } from "./api.js";
import { element, icon } from "./elements.js";
import { poll } from "./polling.js";
import { toast } from "./toasts.js";

const LOOK_MS = 1000;
const LOOK_HIDDEN_MS = 5000;
const STEADY_MS = 3000; // before that a rate says little
export const STATES = {
  draft: ["not started", "", "file-earmark"],
  queued: ["waiting", "", "hourglass"],
  running: ["running", "tag-accent", "play-fill"],
  succeeded: ["done", "tag-good", "check-lg"],
  failed: ["failed", "tag-bad", "exclamation-triangle"],
  cancelled: ["cancelled", "tag-warn", "x-lg"],
};

const STYLE_URL = new URL("../css/job_progress.css", import.meta.url).pathname;

// Draws the job into root until it has ended, then calls onEnd(job). Answers a function that stops watching.
export function watchJob(root, jobId, onEnd = () => {}) {
  bringStyle();
  const watching = new AbortController();
  const view = new JobView(root);
  const { signal } = watching;
  const show = (job) => {
    view.show(job);
    return job.ended;
  };
  poll(() => requestJson(`/jobs/${jobId}`, { signal }), { show, note: (text) => view.note(text), everyMs: LOOK_MS, hiddenMs: LOOK_HIDDEN_MS, signal }).then(onEnd, (error) => {
    if (!signal.aborted) view.fail(error.message);
  });
  return () => watching.abort();
}

function bringStyle() {
  if (!document.querySelector(`link[href="${STYLE_URL}"]`)) document.head.append(element("link", { rel: "stylesheet", href: STYLE_URL }));
}

// Milliseconds that the step still takes at the pace since it was first seen; null while that cannot be said.
export function timeLeftMs(first, now) {
  const doneSince = now.done - first.done;
  const tookMs = now.atMs - first.atMs;
  if (!now.total || doneSince <= 0 || tookMs < STEADY_MS) return null;
  return ((now.total - now.done) / doneSince) * tookMs;
}

export function inWords(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return "less than a minute left";
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `about ${minutes} ${minutes === 1 ? "minute" : "minutes"} left`;
  return `about ${Math.round(minutes / 60)} hours left`;
}

class JobView {
  #first = null;
  #root;
  #parts;

  constructor(root) {
    this.#root = root;
    this.#parts = {
      tag: element("span", { class: "tag" }),
      step: element("p", { class: "job-step mb-0", role: "status" }),
      bar: element("div", { class: "progress-bar" }),
      counted: element("p", { class: "numbers small muted mb-0" }),
      cancel: element("button", { type: "button", class: "btn btn-sm btn-quiet", hidden: true }, "Cancel"),
      note: element("p", { class: "small muted mb-0", hidden: true }),
    };
    const { tag, step, bar, counted, cancel, note } = this.#parts;
    const label = { role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0, "aria-valuemax": 100 };
    this.#parts.progress = element("div", { class: "progress", ...label }, bar);
    root.classList.add("job-progress");
    root.replaceChildren(element("div", { class: "job-head" }, tag, step, cancel), this.#parts.progress, counted, note);
    cancel.addEventListener("click", () => this.#cancel());
  }

  show(job) {
    if (job.ended) {
      this.#showEnd(job);
      return;
    }
    this.#showState(job);
    this.#showProgress(job);
    const { cancel } = this.#parts;
    cancel.dataset.url = job.cancel_url ?? "";
    cancel.hidden = !job.cancel_url;
    cancel.disabled = job.cancelling;
  }

  note(text) {
    setText(this.#parts.note, text);
    this.#parts.note.hidden = !text;
  }

  fail(text) {
    this.#root.replaceChildren(element("p", { class: "alert alert-danger mb-0", role: "alert" }, text));
  }

  #showState(job) {
    const { tag, step } = this.#parts;
    const [text, kind, iconName] = STATES[job.state];
    tag.className = `tag ${kind}`;
    if (tag.textContent !== text) tag.replaceChildren(icon(iconName), text);
    const before = job.waiting_before ? ` ${job.waiting_before} ${job.waiting_before === 1 ? "job comes" : "jobs come"} before it.` : "";
    const waiting = `It begins as soon as there is room.${before}`;
    setText(step, job.cancelling ? "Being cancelled…" : job.state === "queued" ? waiting : job.step || "Starting…");
  }

  #showProgress(job) {
    const { progress, bar, counted } = this.#parts;
    const known = job.state === "running" && job.total > 0;
    const percent = known ? Math.min(100, (100 * job.done) / job.total) : 0;
    progress.classList.toggle("job-unknown", job.state === "running" && !known);
    progress.setAttribute("aria-valuenow", Math.floor(percent));
    bar.style.width = `${percent}%`;
    setText(counted, job.state === "running" ? this.#counted(job) : "");
  }

  #counted(job) {
    const done = job.done.toLocaleString();
    if (!job.total) return job.done ? `${done} so far` : "";
    const now = { step: job.step, done: job.done, total: job.total, atMs: performance.now() };
    if (this.#first?.step !== job.step || this.#first.done > job.done) this.#first = now;
    const leftMs = job.cancelling ? null : timeLeftMs(this.#first, now);
    return `${done} of ${job.total.toLocaleString()}${leftMs === null ? "" : ` · ${inWords(leftMs)}`}`;
  }

  async #cancel() {
    this.#parts.cancel.disabled = true;
    try {
      this.show(await requestJson(this.#parts.cancel.dataset.url, { method: "POST", body: {} }));
    } catch (error) {
      this.#parts.cancel.disabled = false;
      toast(error.message, "exclamation-triangle");
    }
  }

  #showEnd(job) {
    const [text, kind, iconName] = STATES[job.state];
    const tag = element("span", { class: `tag ${kind}` }, icon(iconName), text);
    const step = element("p", { class: "job-step mb-0", role: "status" }, job.message ?? "");
    this.#root.replaceChildren(element("div", { class: "job-head" }, tag, step), ...links(job), ...report(job));
  }
}

function links(job) {
  const link = (href, iconName, text, kind, more = {}) => element("a", { class: `btn btn-sm ${kind}`, href, ...more }, icon(iconName), ` ${text}`);
  const made = [];
  if (job.file_url) made.push(link(job.file_url, "download", `Download ${job.result.file}${megabytes(job.result.size_bytes)}`, "btn-primary", { download: "" }));
  if (job.next_url) made.push(link(job.next_url, "tags", "See them being labelled", "btn-primary"));
  if (job.state === "succeeded" && !["export", "train"].includes(job.kind)) made.push(link(job.dataset_url, "grid-3x3-gap", "Look at the pictures", job.next_url ? "btn-quiet" : "btn-primary"));
  if (job.again_url) made.push(link(job.again_url, "arrow-left", "Try once more", "btn-primary"));
  if (job.report_url) made.push(link(job.report_url, "filetype-csv", "Download the report", "btn-quiet", { download: "" }));
  return made.length ? [element("div", { class: "job-links" }, ...made)] : [];
}

function report(job) {
  const { refused, noted } = job.findings;
  if (!refused && !noted) return [];
  const parts = [refused && `${refused.toLocaleString()} refused`, noted && `${noted.toLocaleString()} ${noted === 1 ? "note" : "notes"} on what was changed or left out`];
  const shown = job.lines ?? [];
  const more = refused + noted - shown.length;
  const rest = more > 0 ? [element("p", { class: "small muted" }, `${more.toLocaleString()} more are in the report.`)] : [];
  const open = job.state !== "succeeded" || refused > 0;
  return [
    element(
      "details",
      { class: "job-report", open },
      element("summary", {}, parts.filter(Boolean).join(", ")),
      element("ul", { class: "job-findings", tabindex: 0, "aria-label": "What was found" }, ...shown.map(finding)),
      ...rest,
    ),
  ];
}

function finding(line) {
  const kind = line.kind === "refused" ? "tag-bad" : "";
  const named = line.file_name ? [element("code", {}, line.file_name), " "] : []; // some are of no file
  return element("li", {}, element("span", { class: `tag ${kind}` }, line.kind), element("span", {}, ...named, line.reason));
}

function megabytes(bytes) {
  return typeof bytes === "number" ? ` (${(bytes / 1e6).toLocaleString(undefined, { maximumFractionDigits: 1 })} MB)` : "";
}

// A status that says the same again is not read out again.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
