// What of the person, or hand, is in view, as a mark for each part and one sentence of advice.
import { advice, nearest, partNames, partsInView } from "./body.js";
import { element, find, icon } from "./elements.js";

const SHOW_EVERY_MS = 200;

export class BodyCheck {
  constructor(root) {
    this.root = root;
    this.shownAtMs = 0;
    this.marks = {};
  }

  // Returns the person looked at and whether enough of them is in view to record.
  look(result, skeleton) {
    const person = nearest(result.people);
    const parts = person ? partsInView(person, result, skeleton) : {};
    const { text, good } = advice(person, parts, result, skeleton);
    if (performance.now() - this.shownAtMs > SHOW_EVERY_MS) this.#show(partNames(skeleton), parts, text);
    return { person, good };
  }

  #show(names, parts, text) {
    this.shownAtMs = performance.now();
    this.root.hidden = false;
    if (names.join() !== Object.keys(this.marks).join()) this.#setMarks(names);
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

  // A session may change to a model of hands, or back.
  #setMarks(names) {
    this.marks = Object.fromEntries(names.map((part) => [part, element("li", {}, icon("circle"), ` ${part}`)]));
    find(this.root, "[data-parts]").replaceChildren(...Object.values(this.marks));
  }
}
