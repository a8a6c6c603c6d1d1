// Switching a take or a movement off and on again on the spot; without this module the form does it with a new page.
import { requestJson } from "./api.js";
import { find } from "./elements.js";
import { toast } from "./toasts.js";

// Events: change.
export class EnabledSwitch extends EventTarget {
  constructor(card) {
    super();
    this.card = card;
    this.form = find(card, "[data-enabled-switch]");
    this.button = find(this.form, "button");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.set(!this.enabled);
    });
  }

  get enabled() {
    return this.card.dataset.switched === "on";
  }

  async set(enabled) {
    if (this.busy) return;
    this.busy = true;
    try {
      await requestJson(this.form.getAttribute("action"), { method: "POST", body: { enabled } });
      this.#show(enabled);
      this.dispatchEvent(new CustomEvent("change"));
    } catch (error) {
      toast(`It could not be switched ${enabled ? "on" : "off"}: ${error.message}`, "exclamation-triangle");
    } finally {
      this.busy = false;
    }
  }

  #show(enabled) {
    this.card.dataset.switched = enabled ? "on" : "off";
    find(this.card, "[data-off-tag]").hidden = enabled;
    find(this.form, "[name=enabled]").value = enabled ? 0 : 1;
    this.button.textContent = enabled ? "Switch off" : "Switch on";
    this.button.setAttribute("aria-label", `${this.button.textContent}: ${this.form.dataset.name}`);
    toast(enabled ? "It is used again." : "Switched off, but kept.", enabled ? "check-lg" : "slash-circle");
  }
}
