// "Save the last five seconds": the movement just made becomes a take.
import { ActionKeeper } from "./action_keeper.js";
import { find } from "./elements.js";
import { TakeCard } from "./take_card.js";

export class SaveDialog {
  constructor(dialog) {
    this.dialog = dialog;
    this.name = find(dialog, "input");
    find(dialog, "[data-close]").addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => this.card?.replay.player.pause());
    this.name.addEventListener("input", () => this.name.setCustomValidity(""));
  }

  open(tracks, personId) {
    this.card = new TakeCard({
      title: "The last seconds",
      tracks,
      personId,
      source: "live",
      keeper: new ActionKeeper(() => this.#checkedName()),
    });
    this.card.addEventListener("discarded", () => this.dialog.close());
    find(this.dialog, "[data-save-take]").replaceChildren(this.card.element);
    this.dialog.showModal();
    this.name.focus();
    this.card.check();
  }

  #checkedName() {
    const name = this.name.value.trim();
    this.name.setCustomValidity(name ? "" : "Give the action a name first.");
    this.name.reportValidity();
    return name;
  }
}
