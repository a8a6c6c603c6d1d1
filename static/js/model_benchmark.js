// Measures every installed model, one after the other; what is measured stays where it is stopped.
import { requestJson } from "./api.js";
import { find } from "./elements.js";
import { cards, drawSpeeds, putSpeeds } from "./model_speeds.js";

const HOPELESS = [0, 401, 403, 429]; // not reached, logged out, not allowed, too often: the next would fare no better
const LAST = " then it stops";

export class ModelBenchmark {
  constructor(panel) {
    this.panel = panel;
    this.bar = find(panel, "[role=progressbar]");
    this.status = find(panel, "[data-status]");
    this.start = find(panel, "[data-measure]");
    this.cancel = find(panel, "[data-cancel]");
    this.start.addEventListener("click", () => this.run());
    this.cancel.addEventListener("click", () => this.#stop());
    panel.hidden = !this.#measurable().length;
  }

  async run() {
    const all = this.#measurable();
    const result = { measured: 0, failed: 0, stopped: false, hopeless: null };
    this.stopped = false;
    this.#showRunning(true);
    for (const [done, card] of all.entries()) {
      this.#showProgress(done, all.length, `Measuring ${card.dataset.title} (${done + 1} of ${all.length}) …`);
      const error = await this.#measure(card);
      if (error) result.failed += 1;
      else result.measured += 1;
      if (HOPELESS.includes(error?.status)) result.hopeless = error.message;
      if (this.stopped || result.hopeless) break;
    }
    const done = result.measured + result.failed;
    this.#showProgress(done, all.length, summary(result, all.length));
    this.#showRunning(false);
  }

  // Resolves with the error where there is one; its sentence stands in the card.
  async #measure(card) {
    const failed = find(card, "[data-failed]");
    card.ariaBusy = "true";
    try {
      const { role, name } = card.dataset;
      const { speeds } = await requestJson(this.panel.dataset.url, { method: "POST", body: { role, name } });
      putSpeeds(card, speeds, "measured just now");
      drawSpeeds();
      failed.hidden = true;
      return null;
    } catch (error) {
      failed.textContent = `It could not be measured: ${error.message}`;
      failed.hidden = false;
      return error;
    } finally {
      card.ariaBusy = "false";
    }
  }

  #measurable() {
    return cards().filter((card) => "measurable" in card.dataset);
  }

  #stop() {
    this.stopped = true;
    this.cancel.ariaDisabled = "true"; // not disabled, which would lose the focus
    if (!this.status.textContent.endsWith(LAST)) this.status.textContent += LAST;
  }

  #showRunning(running) {
    const hadFocus = [this.start, this.cancel].includes(document.activeElement);
    this.start.hidden = running;
    this.cancel.hidden = !running;
    this.cancel.ariaDisabled = "false";
    find(this.panel, "[data-progress]").hidden = false;
    if (hadFocus) (running ? this.cancel : this.start).focus();
  }

  #showProgress(done, all, text) {
    this.bar.ariaValueMax = all;
    this.bar.ariaValueNow = done;
    this.bar.firstElementChild.style.width = `${(100 * done) / all}%`;
    this.status.textContent = text;
  }
}

function summary({ measured, failed, hopeless }, all) {
  if (hopeless) return `Stopped: ${hopeless}`;
  const left = all - measured - failed;
  const parts = [`${measured} of ${all} models measured.`];
  if (failed) parts.push(`${failed} could not be: the reason stands with ${failed === 1 ? "it" : "them"}.`);
  if (left) parts.push(`Stopped before the other ${left}.`);
  return parts.join(" ");
}
