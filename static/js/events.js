// The list of what was recognised on this page, newest first, with a count per action.
import { element, icon } from "./elements.js";

const KEPT = 50;

export class EventList {
  // onWrong: called with the event that somebody says was wrong.
  constructor({ list, counts, emptyNote, historyUrl, onWrong = () => undefined }) {
    Object.assign(this, { list, counts, emptyNote, historyUrl, onWrong });
    this.numbers = new Map();
    this.seen = new Set();
  }

  // Returns whether the event is new; the server may tell one twice around a reconnect.
  add(event, people) {
    if (this.seen.has(event.event_key)) return false;
    this.seen.add(event.event_key);
    this.numbers.set(event.action, (this.numbers.get(event.action) ?? 0) + 1);
    this.list.prepend(this.#item(event, people));
    while (this.list.children.length > KEPT) this.list.lastElementChild.remove();
    this.emptyNote.hidden = true;
    this.#showCounts();
    return true;
  }

  // Show that feedback on this event holds, or no longer does.
  markCorrected(eventId, corrected) {
    const item = this.list.querySelector(`[data-event-id="${eventId}"]`);
    if (!item) return;
    item.toggleAttribute("data-corrected", corrected);
    item.querySelector("[data-note]").textContent = corrected ? " · corrected" : "";
  }

  #item(event, people) {
    const seconds = (event.end_s - event.start_s).toFixed(1);
    const who = people > 1 ? ` · person ${event.person_id}` : "";
    return element(
      "li",
      { class: "event", "data-event-id": event.event_id },
      icon("check-circle-fill"),
      // without an id the event is not in the history yet: there is no page to go to
      element("a", { href: event.event_id && `${this.historyUrl}${event.event_id}` }, event.action),
      element("span", { class: "muted small numbers" }, `${seconds} s · ${Math.round(event.confidence * 100)} % sure${who}`, element("span", { "data-note": "" })),
      element("time", { class: "muted small numbers" }, new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" })),
      event.event_id ? this.#wrongButton(event) : "",
    );
  }

  #wrongButton(event) {
    const said = `That was wrong: ${event.action}`;
    return element("button", { type: "button", class: "icon-button event-wrong", title: "That was wrong", "aria-label": said, onclick: () => this.onWrong(event) }, icon("flag"));
  }

  #showCounts() {
    this.counts.replaceChildren(
      ...[...this.numbers].map(([action, number]) =>
        element("span", { class: "count", "data-action": action }, action, element("b", { class: "numbers" }, `× ${number}`)),
      ),
    );
  }
}
