// A question before something that cannot easily be taken back: <dialog data-question> with data-title, data-text,
// data-confirm and data-cancel in it.
import { find } from "./elements.js";

export class Question {
  constructor(dialog) {
    this.dialog = dialog;
    this.confirm = find(dialog, "[data-confirm]");
    this.cancel = find(dialog, "[data-cancel]");
    this.confirm.addEventListener("click", () => dialog.close("yes"));
    this.cancel.addEventListener("click", () => dialog.close("no"));
  }

  // Resolves with whether the person agreed. text: a string, an element or a fragment; danger: Cancel is what Enter presses.
  ask({ title, text, button, danger = false }) {
    find(this.dialog, "[data-title]").textContent = title;
    find(this.dialog, "[data-text]").replaceChildren(text);
    this.confirm.textContent = button;
    this.confirm.className = `btn ${danger ? "btn-danger" : "btn-primary"}`;
    this.dialog.returnValue = "no";
    this.dialog.showModal();
    (danger ? this.cancel : this.confirm).focus();
    return new Promise((resolve) => {
      this.dialog.addEventListener("close", () => resolve(this.dialog.returnValue === "yes"), { once: true });
    });
  }
}
