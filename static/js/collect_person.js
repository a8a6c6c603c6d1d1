// Who is in new pictures: somebody known or somebody new, and what they agree to.
import { find } from "./elements.js";

export class PersonChoice {
  constructor(root) {
    this.choice = find(root, "[data-person-choice]");
    this.newcomer = find(root, "[data-person-new]");
    this.name = find(root, "[data-person-name]");
    this.consent = find(root, "[data-consent]");
    this.agreed = find(this.consent, "input");
    this.consented = find(root, "[data-consented]");
    this.choice.addEventListener("change", () => this.#show());
    this.name.addEventListener("input", () => this.name.classList.remove("is-invalid"));
    this.agreed.addEventListener("change", () => this.agreed.classList.remove("is-invalid"));
    this.#show();
  }

  // {person_id, person_name, agreed}; null where something is missing, which is then shown and has the focus.
  // needsConsent: also somebody known who has not agreed yet must.
  read({ needsConsent }) {
    const isNew = !this.choice.value;
    const mustAgree = isNew || (needsConsent && !this.#agreedBefore);
    const missing = [];
    if (isNew && !this.name.value.trim()) missing.push(this.name);
    if (mustAgree && !this.agreed.checked) missing.push(this.agreed);
    for (const field of missing) field.classList.add("is-invalid");
    missing[0]?.focus();
    if (missing.length) return null;
    const agreed = !this.#agreedBefore && this.agreed.checked;
    return isNew ? { person_name: this.name.value.trim(), agreed } : { person_id: this.choice.value, agreed };
  }

  get #agreedBefore() {
    return this.choice.selectedOptions[0].dataset.agreed;
  }

  #show() {
    const agreedAt = this.#agreedBefore;
    this.newcomer.hidden = Boolean(this.choice.value);
    this.consent.hidden = Boolean(agreedAt);
    this.consented.hidden = !agreedAt;
    if (agreedAt) this.consented.lastElementChild.textContent = `agreed on ${new Date(agreedAt).toLocaleDateString()}`;
    this.agreed.checked = false; // the next one has not agreed by that
  }
}
