// Who is in the selected samples where nobody of that name is known yet: <dialog data-naming> with a form in it.
import { requestJson } from "./api.js";
import { find } from "./elements.js";

export const SOMEBODY_NEW = "new"; // the choice that leads here

export class Naming {
  // dialog: its data-url takes new people, data-dataset-id is whose they become.
  constructor(dialog) {
    this.dialog = dialog;
    this.form = find(dialog, "form");
    this.name = find(dialog, "input");
    this.problem = find(dialog, "[data-problem]");
    this.form.addEventListener("submit", (event) => this.#save(event));
    this.name.addEventListener("input", () => this.#showProblem(""));
    find(dialog, "[data-cancel]").addEventListener("click", () => dialog.close());
  }

  // Resolves with {person_id, name}, or with null where nobody was named.
  ask() {
    this.person = null;
    this.form.reset();
    this.#showProblem("");
    this.dialog.showModal();
    return new Promise((resolve) => this.dialog.addEventListener("close", () => resolve(this.person), { once: true }));
  }

  async #save(event) {
    event.preventDefault();
    const { url, datasetId } = this.dialog.dataset;
    try {
      this.person = await requestJson(url, { method: "POST", body: { dataset_id: datasetId, name: this.name.value, agreed: false } });
      this.dialog.close();
    } catch (error) {
      this.#showProblem(error.message);
    }
  }

  #showProblem(text) {
    this.problem.textContent = text;
    this.name.classList.toggle("is-invalid", Boolean(text));
  }
}
