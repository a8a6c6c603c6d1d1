// Calm lines above the picture that stay until they are no longer true, each with what can be done about it.
import { element, icon } from "./elements.js";

export class LabelNotices {
  #lines = new Map();

  constructor(root) {
    this.root = root;
  }

  // actions: [[text, function]]; the same key again replaces the line.
  set(key, text, { iconName = "info-circle", actions = [] } = {}) {
    const buttons = actions.map(([name, run]) => element("button", { type: "button", class: "btn btn-sm btn-quiet", onclick: run }, name));
    const line = element("p", { class: "label-notice", role: "status", "data-notice": key }, icon(iconName), element("span", {}, text), ...buttons);
    const old = this.#lines.get(key);
    if (old?.dataset.text === text) return;
    line.dataset.text = text;
    if (old) old.replaceWith(line);
    else this.root.append(line);
    this.#lines.set(key, line);
  }

  clear(key) {
    this.#lines.get(key)?.remove();
    this.#lines.delete(key);
  }
}
