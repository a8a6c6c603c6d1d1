// Sends labels in the order in which their pictures were left, one at a time, and goes on trying until the server has them.
import { requestJson } from "./api.js";
import { find } from "./elements.js";
import { bodyOf } from "./label_values.js";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;
const WORTH_ANOTHER_TRY = new Set([0, 401, 408, 429, 500, 502, 503, 504]);

// Events: state {waiting, away, loggedOut}; saved {sampleId, answer, label}; conflict {sampleId, theirs}; refused {sampleId, error}.
export class LabelSaver extends EventTarget {
  #jobs = []; // {sampleId, label}
  #sending = false;
  #waitMs = FIRST_WAIT_MS;
  #timer = null;
  #wake = null;

  // revisionOf: sampleId -> the newest revision that this page has seen.
  constructor(urlOf, revisionOf) {
    super();
    this.urlOf = urlOf;
    this.revisionOf = revisionOf;
    this.away = false;
    this.loggedOut = false;
    addEventListener("online", () => this.#goOnNow());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#goOnNow());
  }

  get waiting() {
    return this.#jobs.length;
  }

  isWaiting(sampleId) {
    return this.#jobs.some((job) => job.sampleId === sampleId);
  }

  // One that waits already is replaced, at its place.
  save(sampleId, label) {
    const waits = this.#jobs.find((job, place) => job.sampleId === sampleId && !(place === 0 && this.#sending));
    if (waits) waits.label = label;
    else this.#jobs.push({ sampleId, label });
    this.#tell();
    this.#run();
  }

  async #run() {
    if (this.#sending) return;
    this.#sending = true;
    while (this.#jobs.length) {
      const job = this.#jobs[0];
      const outcome = await this.#send(job);
      if (outcome === "again") await this.#pause();
      else {
        this.#jobs.shift();
        this.#waitMs = FIRST_WAIT_MS;
        this.away = this.loggedOut = false;
        this.dispatchEvent(new CustomEvent(outcome.name, { detail: { sampleId: job.sampleId, label: job.label, ...outcome.detail } }));
      }
      this.#tell();
    }
    this.#sending = false;
  }

  async #send(job) {
    if (this.loggedOut) await renewToken();
    const body = bodyOf(job.label, this.revisionOf(job.sampleId));
    try {
      const answer = await requestJson(this.urlOf(job.sampleId), { method: "PUT", body });
      return { name: "saved", detail: { answer } };
    } catch (error) {
      if (error.status === 409 && error.answer?.theirs) return { name: "conflict", detail: { theirs: error.answer.theirs } };
      if (!WORTH_ANOTHER_TRY.has(error.status)) return { name: "refused", detail: { error } };
      this.away = true;
      this.loggedOut = error.status === 401;
      this.#tell();
      return "again";
    }
  }

  async #pause() {
    await new Promise((resolve) => {
      this.#wake = resolve;
      this.#timer = setTimeout(resolve, this.#waitMs);
    });
    this.#wake = null;
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2);
  }

  #goOnNow() {
    if (!this.#wake) return;
    clearTimeout(this.#timer);
    this.#waitMs = FIRST_WAIT_MS;
    this.#wake();
  }

  #tell() {
    this.dispatchEvent(new CustomEvent("state", { detail: { waiting: this.waiting, away: this.away, loggedOut: this.loggedOut } }));
  }
}

// Who logged in again in another tab has a new session, which wants its own token.
async function renewToken() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected || !answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    find(document, 'meta[name="csrf-token"]').content = find(page, 'meta[name="csrf-token"]').content;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // a TypeError: still away, and the next try says so
  }
}
