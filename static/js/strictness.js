// How alike a movement has to be: what the learned threshold is multiplied by, on a slider with small steps.
import { find } from "./elements.js";

const STEPS = 10; // to each side of the middle, which is the threshold as it was learned

// The factor at a step, -10 to 10; the ends are the smallest and the largest factor there are.
export function factorAt(step, { smallest, largest }) {
  const factor = step < 0 ? smallest ** (-step / STEPS) : largest ** (step / STEPS);
  return Number(factor.toFixed(2));
}

export function stepOf(factor, { smallest, largest }) {
  const share = factor < 1 ? -Math.log(factor) / Math.log(smallest) : Math.log(factor) / Math.log(largest);
  return Math.round(share * STEPS);
}

// Events: save {factor}.
export class Strictness extends EventTarget {
  constructor(root) {
    super();
    const { factor, smallest, largest } = root.dataset;
    this.bounds = { smallest: Number(smallest), largest: Number(largest) };
    this.slider = find(root, "input[type=range]");
    this.words = find(root, "[data-words]");
    this.note = find(root, "[data-by-feedback-note]");
    this.saveButton = find(root, "[data-save]");
    this.resetButton = find(root, "[data-reset]");
    this.note.hidden = !("byFeedback" in root.dataset);
    this.slider.addEventListener("input", () => this.#choose(factorAt(Number(this.slider.value), this.bounds)));
    this.resetButton.addEventListener("click", () => {
      this.slider.focus(); // the button goes away
      this.#choose(1);
      this.#save();
    });
    this.saveButton.addEventListener("click", () => this.#save());
    this.showSaved(Number(factor));
  }

  // What is stored now; the slider stands at the nearest step.
  showSaved(factor) {
    this.saved = factor;
    this.#choose(factor);
  }

  // The threshold as it is used now, with the saved factor in it.
  showThreshold(threshold) {
    this.learned = threshold / this.saved;
    this.#showWords();
  }

  feedbackIsReplaced() {
    this.note.hidden = true;
  }

  #choose(factor) {
    this.factor = factor;
    this.slider.value = stepOf(factor, this.bounds);
    this.saveButton.setAttribute("aria-disabled", String(factor === this.saved));
    this.resetButton.hidden = factor === 1 && this.saved === 1;
    this.#showWords();
  }

  #save() {
    if (this.factor !== this.saved) this.dispatchEvent(new CustomEvent("save", { detail: { factor: this.factor } }));
  }

  #showWords() {
    const percent = Math.round(this.factor * 100);
    const effect = this.factor < 1 ? "fewer false alarms, but more is missed" : "less is missed, but more false alarms";
    const name = this.factor < 1 ? "Stricter" : "More lenient";
    this.words.textContent = this.factor === 1 ? `As learned from the takes.${this.#numbers()}` : `${name}: ${percent} % of the learned distance may be reached; ${effect}.${this.#numbers()}`;
    this.slider.setAttribute("aria-valuetext", this.factor === 1 ? "as learned" : `${name.toLowerCase()}, ${percent} %`);
  }

  #numbers() {
    if (!this.learned) return "";
    const learned = this.learned.toFixed(2);
    return this.factor === 1 ? ` It counts up to a distance of ${learned}.` : ` It counts up to a distance of ${(this.learned * this.factor).toFixed(2)} (learned: ${learned}).`;
  }
}
