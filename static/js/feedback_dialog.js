// "That was wrong" and "You missed one": say what it was, see what that would change, apply it, undo it.
import { applyFeedback, newClientKey, previewFeedback, undoFeedback } from "./api.js";
import { nobodySeen } from "./body.js";
import { changesSomething, effectView } from "./effect.js";
import { element, find } from "./elements.js";
import { MissedStretch } from "./missed_stretch.js";

const WAITING = {
  asking: "Looking at what this would change for your takes and newest events …",
  applying: "Applying it …",
  undoing: "Undoing it …",
};
const FINAL = ["applying", "applied", "undoing", "undone"]; // what was said stands from here on
const SUGGESTED = { take: "as a take of", negative: "as a movement that is none of my actions" };

// Phases: choosing, asking, shown, applying, applied, undoing, undone. Events: applied, undone {feedback}; closed {changed}.
export class FeedbackDialog extends EventTarget {
  constructor(dialog) {
    super();
    this.dialog = dialog;
    const part = (name) => find(dialog, `[data-${name}]`);
    Object.assign(this, { title: part("feedback-title"), form: part("feedback-form"), said: part("said"), choice: part("action-choice"), select: part("action") });
    Object.assign(this, { askButton: part("ask"), effectPlace: part("effect"), waiting: part("waiting"), errorPlace: part("error"), actions: part("effect-actions") });
    Object.assign(this, { applyButton: part("apply"), undoButton: part("undo"), allLink: part("all") });
    this.stretch = new MissedStretch(part("missed"));
    this.stretch.addEventListener("change", () => this.#reset());
    this.known = [...this.select.options].map(({ value, text }) => ({ action_id: value, name: text }));
    for (const button of dialog.querySelectorAll("[data-close]")) button.addEventListener("click", () => dialog.close());
    this.form.addEventListener("submit", (event) => (event.preventDefault(), this.#ask()));
    this.form.addEventListener("change", () => this.#reset());
    this.applyButton.addEventListener("click", () => this.#apply());
    this.undoButton.addEventListener("click", () => this.#undo());
    dialog.addEventListener("close", () => this.#closed());
  }

  // Of an event {event_id, action_id, action}. said: "none", "other" or "missed". actions: [{action_id, name}] to choose from.
  openForEvent(event, { said = "none", actions = this.known } = {}) {
    this.event = event;
    this.models = {};
    this.stretch.close();
    this.said.hidden = false;
    for (const place of this.dialog.querySelectorAll("[data-event-action]")) place.textContent = event.action;
    this.#offer(actions.filter(({ action_id: id }) => id !== event.action_id));
    this.form.elements.said.value = said;
    this.#open(`${event.action}: what was it?`);
  }

  // Of the last seconds: a snapshot of tracks, from which a stretch is chosen.
  openForMissed(tracks, personId, { actions = this.known } = {}) {
    this.event = null;
    this.models = { detector: tracks.models.detector, pose_model: tracks.models.pose_model };
    this.said.hidden = true;
    this.#offer(actions);
    this.form.elements.said.value = "missed";
    this.#open("You missed one");
    const seen = this.stretch.open(tracks, personId);
    this.#reset();
    if (!seen) this.#refuse(`${nobodySeen(tracks.models.skeleton)} in the last seconds. Make the movement again, then come back here.`);
    this.askButton.disabled ||= !seen;
  }

  #open(title) {
    this.opening = Symbol(title);
    this.phase = "choosing";
    this.title.textContent = title;
    this.changed = false;
    this.add = null;
    this.tune = true;
    this.#reset();
    this.dialog.showModal();
  }

  #offer(actions) {
    this.select.replaceChildren(...actions.map(({ action_id: id, name }) => element("option", { value: id }, name)));
    this.select.hidden = !actions.length;
    find(this.dialog, "[data-no-choice]").hidden = actions.length > 0;
  }

  // What is said has changed: the effect that was shown, and the key it would be applied under, are of no use any more.
  #reset({ keepOptions = false } = {}) {
    if (FINAL.includes(this.phase)) return;
    if (!keepOptions) Object.assign(this, { add: null, tune: true });
    const { value } = this.form.elements.said;
    this.asked = null;
    if (!keepOptions) this.effect = null;
    this.clientKey = newClientKey();
    this.choice.hidden = value === "none";
    this.askButton.disabled = value !== "none" && !this.select.options.length;
    this.#refuse("");
    this.#setPhase("choosing");
  }

  get #feedback() {
    const { value } = this.form.elements.said;
    return {
      kind: value === "missed" ? "missed" : "wrong",
      action_id: value === "none" ? null : this.select.value,
      tune: this.tune,
      add: this.add,
      ...(this.event ? { event_id: this.event.event_id } : { sequence: this.stretch.chosen, ...this.models }),
    };
  }

  async #ask() {
    if (!["choosing", "shown"].includes(this.phase)) return;
    const asked = (this.asked = this.#feedback);
    this.#refuse("");
    this.#setPhase("asking");
    let effect;
    try {
      effect = await previewFeedback(asked);
    } catch (error) {
      if (this.asked !== asked) return; // something else was said meanwhile
      this.#setPhase("choosing");
      this.#refuse(error.message);
      return;
    }
    if (this.asked !== asked) return;
    this.effect = effect;
    this.#showEffect();
    this.#setPhase("shown");
    this.effectPlace.focus();
  }

  #showEffect() {
    this.effectPlace.replaceChildren(effectView(this.effect), this.#options());
    this.applyButton.disabled = !changesSomething(this.effect, this.add);
  }

  // Keeping the poses besides, and leaving the thresholds alone: each is shown with its own effect before it is applied.
  #options() {
    const { action_id: actionId } = this.asked;
    const kind = actionId === null ? "negative" : "take";
    const where = actionId === null ? SUGGESTED.negative : `${SUGGESTED.take} ${this.select.selectedOptions[0].text}`;
    const suggested = this.effect.suggestion === kind && this.add !== kind;
    const options = element("div", { class: "feedback-options" });
    const mayAdd = actionId !== null || this.asked.kind === "wrong";
    if (mayAdd) options.append(this.#option("feedback-add", `Keep the poses ${where}`, this.add === kind, (on) => (this.add = on ? kind : null), suggested));
    options.append(this.#option("feedback-tune", "Adjust thresholds", this.tune, (on) => (this.tune = on)));
    if (!changesSomething(this.effect, this.add)) {
      const nothing = this.effect.solved ? "It is judged as you say already: there is nothing to apply" : "Nothing would change: there is nothing to apply";
      options.append(element("p", { class: "muted small mb-0", "data-nothing": "" }, `${nothing}${mayAdd ? ", unless you keep the poses" : ""}.`));
    }
    return options;
  }

  #option(id, label, checked, set, suggested = false) {
    const box = element("input", { class: "form-check-input", type: "checkbox", id, checked });
    box.addEventListener("change", () => {
      set(box.checked);
      this.#reset({ keepOptions: true });
      this.#ask();
    });
    const text = element("label", { class: "form-check-label", for: id }, label);
    return element("div", { class: "form-check" }, box, text, suggested ? element("span", { class: "tag tag-accent ms-2" }, "suggested") : "");
  }

  async #apply() {
    if (this.phase !== "shown" || this.applyButton.disabled) return;
    this.#refuse("");
    this.#setPhase("applying");
    const { opening } = this;
    let applied;
    try {
      // the same key at a retry: however often it arrives, it is applied once
      applied = await applyFeedback({ ...this.asked, client_key: this.clientKey, bank_number: this.effect.bank_number });
    } catch (error) {
      if (this.opening !== opening) return;
      this.#setPhase("shown");
      this.#refuse(error.message, error.status === 422);
      return;
    }
    this.#tell("applied", applied);
    if (this.opening !== opening) return; // closed, and opened for something else
    this.applied = applied;
    this.changed = true;
    this.effectPlace.replaceChildren(element("p", { class: "effect-verdict effect-good" }, "Applied. Recognition goes by it from now on; you can undo it at any time."));
    this.#setPhase("applied");
    this.undoButton.focus();
  }

  async #undo() {
    if (this.phase !== "applied") return;
    this.#refuse("");
    this.#setPhase("undoing");
    const { opening } = this;
    let undone;
    try {
      undone = await undoFeedback(this.applied.feedback_id);
    } catch (error) {
      if (this.opening !== opening) return;
      this.#setPhase("applied");
      this.#refuse(error.message);
      return;
    }
    this.#tell("undone", undone);
    if (this.opening !== opening) return;
    this.effectPlace.replaceChildren(element("p", { class: "effect-verdict" }, "Undone: what it changed and added is taken back."));
    this.#setPhase("undone");
  }

  #tell(type, feedback) {
    this.dispatchEvent(new CustomEvent(type, { detail: { feedback } }));
  }

  // lookAgain: the actions have changed since, so the effect has to be worked out anew.
  #refuse(text, lookAgain = false) {
    const again = element("button", { type: "button", class: "btn btn-sm btn-quiet", onclick: () => (this.#reset({ keepOptions: true }), this.#ask()) }, "Look again");
    this.errorPlace.replaceChildren(text, lookAgain ? element("span", { class: "d-block mt-2" }, again) : "");
    this.errorPlace.hidden = !text;
  }

  #setPhase(phase) {
    this.phase = phase;
    this.dialog.dataset.phase = phase;
    const said = FINAL.includes(phase);
    for (const field of this.form.elements) if (field !== this.askButton) field.disabled = said;
    this.waiting.hidden = !(phase in WAITING);
    find(this.waiting, "[data-waiting-text]").textContent = WAITING[phase] ?? "";
    this.askButton.hidden = phase !== "choosing";
    // what was shown stays while the same is asked with other options, so that nothing jumps
    this.effectPlace.hidden = phase === "choosing" || (phase === "asking" && !this.effect);
    this.effectPlace.inert = phase === "asking";
    this.form.hidden = ["applied", "undoing", "undone"].includes(phase);
    this.stretch.root.hidden = !this.stretch.sequence || this.form.hidden;
    this.actions.hidden = ["choosing", "asking"].includes(phase);
    this.applyButton.hidden = !["shown", "applying"].includes(phase);
    this.applyButton.toggleAttribute("aria-busy", phase === "applying");
    this.undoButton.hidden = !["applied", "undoing"].includes(phase);
    this.allLink.hidden = !["applied", "undone"].includes(phase);
    find(this.actions, "[data-close]").textContent = this.changed ? "Close" : "Cancel";
  }

  #closed() {
    this.asked = null;
    this.stretch.close();
    this.dispatchEvent(new CustomEvent("closed", { detail: { changed: this.changed } }));
  }
}
