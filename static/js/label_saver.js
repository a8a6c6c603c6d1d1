// Sends labels in the order in which their pictures were left, one at a time, and goes on trying until the server has them.
import { requestJson } from "./api.js";
import { find } from "./elements.js";
import { bodyOf, sameLabel } from "./label_values.js";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;
const STALE_TOKEN = 400; // the token belongs to another session, or the request is broken
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

  // Of how many samples.
  get waiting() {
    return new Set(this.#jobs.map((job) => job.sampleId)).size;
  }

  isWaiting(sampleId) {
    return this.#jobs.some((job) => job.sampleId === sampleId);
  }

  // One that waits already is replaced, at its place; what is being sent just now is not sent once more.
  save(sampleId, label) {
    const last = this.#jobs.findLast((job) => job.sampleId === sampleId);
    if (last && sameLabel(last.label, label)) return;
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

  // renewed: the token was fetched anew just now, so that a refusal has another cause.
  async #send(job, { renewed = false } = {}) {
    if (this.loggedOut && !renewed) await renewToken();
    const body = bodyOf(job.label, this.revisionOf(job.sampleId));
    try {
      const answer = await requestJson(this.urlOf(job.sampleId), { method: "PUT", body });
      return { name: "saved", detail: { answer } };
    } catch (error) {
      if (error.status === 409 && error.answer?.theirs) return { name: "conflict", detail: { theirs: error.answer.theirs } };
      const stale = error.status === STALE_TOKEN && !renewed; // logged in again between fetching the token and sending
      if (stale && (await renewToken())) return this.#send(job, { renewed: true });
      if (!stale && !WORTH_ANOTHER_TRY.has(error.status)) return { name: "refused", detail: { error } };
      this.away = true;
      this.loggedOut = stale || error.status === 401;
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

  // While a try is under way, the pause after it is a short one.
  #goOnNow() {
    this.#waitMs = FIRST_WAIT_MS;
    clearTimeout(this.#timer);
    this.#wake?.();
  }

  #tell() {
    this.dispatchEvent(new CustomEvent("state", { detail: { waiting: this.waiting, away: this.away, loggedOut: this.loggedOut } }));
  }
}

// Who logged in again in another tab has a new session, which wants its own token. Answers whether it is here.
async function renewToken() {
  try {
    // not followed to the login page: its session would take the place of the one that is just beginning
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "manual" });
    if (!answer.ok) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    find(document, 'meta[name="csrf-token"]').content = find(page, 'meta[name="csrf-token"]').content;
    return true;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return false; // still away, and the next try says so
  }
}
