// The person to follow: clicked in the picture or chosen by name. Another click on them, one on empty ground, or
// "Everybody" ends it. The server has the last word: every result says who is followed.
import { personName } from "./body.js";
import { element, find } from "./elements.js";

const CONTROLS_PX = 64; // at the foot of a video file the browser shows its own controls

export class Following {
  // choice: where the people are offered by name.
  constructor(stage, choice) {
    Object.assign(this, { stage, choice, personId: null });
    this.view = find(stage.root, "[data-stage-view]");
    this.view.addEventListener("click", (event) => this.#clicked(event), { capture: true });
    this.view.addEventListener("pointermove", (event) => this.#hover(event));
  }

  // What a result says; offers who is there.
  show(people, personId) {
    this.personId = personId;
    const ids = new Set(people.map(({ person_id: id }) => id));
    if (personId !== null) ids.add(personId); // hidden for a moment, perhaps
    const offered = [...ids].sort((a, b) => a - b);
    this.choice.hidden = offered.length < 2 && personId === null;
    const names = offered.map((id) => personName(id, this.stage.overlay.skeleton));
    if (this.choice.dataset.people !== names.join()) {
      const focused = document.activeElement?.dataset.personId;
      this.choice.dataset.people = names.join();
      const chips = offered.map((id, place) => this.#chip(names[place], id));
      find(this.choice, "[data-people]").replaceChildren(...chips, this.#chip("Everybody", null));
      if (focused !== undefined) this.choice.querySelector(`[data-person-id="${focused}"]`)?.focus();
    }
    for (const chip of this.choice.querySelectorAll("[data-person-id]")) {
      chip.setAttribute("aria-pressed", chip.dataset.personId === String(personId));
    }
  }

  // null: everybody.
  follow(personId) {
    this.stage.connection.follow(personId);
  }

  #chip(text, id) {
    const onclick = () => this.follow(id === this.personId ? null : id);
    return element("button", { type: "button", class: "chip", "data-person-id": String(id), onclick }, text);
  }

  #clicked(event) {
    const hit = this.#personAt(event);
    if (hit === undefined || (hit === null && this.personId === null)) return;
    event.preventDefault(); // a video file would stop or go on
    event.stopPropagation();
    this.follow(hit === this.personId ? null : hit);
  }

  #hover(event) {
    const hit = this.#personAt(event);
    this.view.toggleAttribute("data-over-person", hit !== undefined && hit !== null);
  }

  // The id of the person under the pointer, null on empty ground, undefined where a click means something else.
  #personAt({ target, clientX, clientY }) {
    const { overlay, video } = this.stage;
    if (target !== video || this.stage.onDevice) return undefined;
    const box = overlay.canvas.getBoundingClientRect();
    if (video.controls && box.bottom - clientY < CONTROLS_PX) return undefined;
    const people = overlay.shown.people.length;
    if (people < 2 && this.personId === null) return undefined; // one person alone needs no choice
    return overlay.personAt(clientX - box.left, clientY - box.top);
  }
}
