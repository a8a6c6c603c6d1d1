// What of the person is in view, as five marks and one sentence of advice.
import { PART_NAMES, advice, nearest, partsInView } from "./body.js";
import { element, find, icon } from "./elements.js";

const SHOW_EVERY_MS = 200;

export class BodyCheck {
  constructor(root) {
    this.root = root;
    this.shownAtMs = 0;
    this.marks = Object.fromEntries(PART_NAMES.map((part) => [part, element("li", {}, icon("circle"), ` ${part}`)]));
    find(root, "[data-parts]").append(...Object.values(this.marks));
  }

  // Returns the person looked at and whether enough of them is in view to record.
  look(result, skeleton) {
    const person = nearest(result.people);
    const parts = person ? partsInView(person, result, skeleton) : {};
    const { text, good } = advice(person, parts, result);
    if (performance.now() - this.shownAtMs > SHOW_EVERY_MS) this.#show(parts, text);
    return { person, good };
  }

  #show(parts, text) {
    this.shownAtMs = performance.now();
    this.root.hidden = false;
    for (const [part, mark] of Object.entries(this.marks)) {
      const seen = Boolean(parts[part]);
      if (mark.dataset.seen === String(seen)) continue;
      mark.dataset.seen = seen;
      mark.firstElementChild.className = `bi bi-${seen ? "check-circle-fill" : "circle"}`;
      mark.setAttribute("aria-label", `${part} ${seen ? "in view" : "not in view"}`);
    }
    const place = find(this.root, "[data-advice]");
    if (place.textContent !== text) place.textContent = text;
  }
}
