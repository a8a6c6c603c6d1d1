// What speaks against the run that the form describes, and how its samples are divided: told again when that changes.
import { requestJson } from "./api.js";
import { element, find, icon } from "./elements.js";

const STILL_MS = 200;
const NAMES = new Set(["states", "split_by", "validation_share", "test_share", "seed"]);

export class RunOutlook {
  #asking = new AbortController();
  #timer = 0;

  // settings(): as the server takes them. problem: where it says beside Start why the run would fail. showFaults(faults): what is
  // wrong with the settings themselves, field by field.
  constructor(root, problem, settings, showFaults) {
    this.root = root;
    this.problem = problem;
    this.settings = settings;
    this.showFaults = showFaults;
    this.told = JSON.parse(root.dataset.outlook);
    this.#show();
  }

  // Samples in these states.
  count(states) {
    return states.reduce((sum, state) => sum + (this.told.by_state[state] ?? 0), 0);
  }

  later(input) {
    if (!NAMES.has(input.name)) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), STILL_MS);
  }

  async #ask() {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const all = this.settings();
    const body = Object.fromEntries([...NAMES].map((name) => [name, all[name]]));
    if (!body.states.length) return this.#tellProblem("Choose which labels are trained on.");
    if (Object.values(body).includes(null)) return undefined; // still being typed
    try {
      this.told = await requestJson(this.root.dataset.url, { method: "POST", body, signal });
      this.#show();
    } catch (error) {
      if (signal.aborted) return undefined;
      const { faults } = error.answer ?? {};
      this.#tellProblem(faults ? "" : error.message);
      if (faults) this.showFaults(faults);
    }
    return undefined;
  }

  #show() {
    const { split, warnings, problem } = this.told;
    const [place, list] = [find(this.root, "[data-split]"), find(this.root, "[data-warnings]")];
    place.textContent = split ?? "";
    place.hidden = !split;
    list.replaceChildren(...warnings.map((text) => element("li", { class: "alert alert-warning" }, icon("exclamation-triangle"), ` ${text}`)));
    list.hidden = !warnings.length;
    this.#tellProblem(problem && `It would end at once. ${problem}`);
  }

  #tellProblem(text) {
    this.problem.textContent = text ?? "";
    this.problem.hidden = !text;
  }
}
