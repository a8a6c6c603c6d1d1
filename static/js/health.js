// What a worker says of all takes. It may take some seconds, so it is asked for after the page and shown when it comes.
import { requestJson } from "./api.js";
import { element, icon } from "./elements.js";

const SLOW_MS = 3000;

export class Health {
  // body: the element that shows how far it is, and then what show(health) puts there; its data-url is what is asked.
  constructor(body, show) {
    Object.assign(this, { body, show });
    this.asked = 0;
  }

  // Ask anew; an answer that a later question has overtaken is let go.
  async load() {
    this.asked += 1;
    const number = this.asked;
    const progress = this.#showProgress();
    const slow = setTimeout(() => (progress.lastChild.textContent = "Still comparing: every take is held against all others …"), SLOW_MS);
    try {
      const health = await requestJson(this.body.dataset.url);
      if (number !== this.asked) return;
      this.body.replaceChildren();
      this.show(health);
    } catch (error) {
      if (number === this.asked) this.#showError(error);
    } finally {
      clearTimeout(slow);
      if (number === this.asked) {
        this.body.ariaBusy = "false";
        this.body.style.minHeight = "";
      }
    }
  }

  // For what the person did within the body: the control is gone afterwards, so the focus goes to the body.
  reload() {
    this.body.focus({ preventScroll: true });
    return this.load();
  }

  #showProgress() {
    const spinner = element("span", { class: "spinner-border spinner-border-sm", "aria-hidden": "true" });
    const progress = element("p", { class: "health-progress" }, spinner, element("span", {}, "Comparing the takes …"));
    this.body.ariaBusy = "true";
    this.body.style.minHeight = `${this.body.offsetHeight}px`; // so that what is below does not jump twice
    this.body.replaceChildren(progress);
    return progress;
  }

  #showError(error) {
    const retry = element("button", { type: "button", class: "btn btn-sm btn-quiet", onclick: () => this.reload() }, icon("arrow-repeat"), " Try again");
    const text = element("span", {}, `The takes cannot be compared now: ${error.message}`);
    this.body.replaceChildren(element("p", { class: "health-error" }, text, retry));
  }
}

export function stateTag(state) {
  const good = state === "good";
  return element("span", { class: `tag tag-${good ? "good" : "warn"}` }, icon(good ? "check-lg" : "exclamation-lg"), state);
}

// Something to mend, with what can be done about it: links and buttons.
export function finding(text, ...remedies) {
  const buttons = remedies.length ? [element("div", { class: "card-buttons" }, ...remedies)] : [];
  return element("li", { class: "finding" }, icon("exclamation-circle"), element("span", {}, text), ...buttons);
}

export const quietLink = (href, text) => element("a", { class: "btn btn-sm btn-quiet", href }, text);

export const takeUrl = (actionId, takeId) => `/actions/${actionId}#take-${takeId}`;
