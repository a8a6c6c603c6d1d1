// The list of what was recognised on this page, newest first, with a count per action.
import { element, icon } from "./elements.js";

const KEPT = 50;

export class EventList {
  constructor({ list, counts, emptyNote, historyUrl }) {
    Object.assign(this, { list, counts, emptyNote, historyUrl });
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

  #item(event, people) {
    const seconds = (event.end_s - event.start_s).toFixed(1);
    const who = people > 1 ? ` · person ${event.person_id}` : "";
    return element(
      "li",
      { class: "event" },
      icon("check-circle-fill"),
      // without an id the event is not in the history yet: there is no page to go to
      element("a", { href: event.event_id && `${this.historyUrl}${event.event_id}` }, event.action),
      element("span", { class: "muted small numbers" }, `${seconds} s · ${Math.round(event.confidence * 100)} % sure${who}`),
      element("time", { class: "muted small numbers" }, new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" })),
    );
  }

  #showCounts() {
    this.counts.replaceChildren(
      ...[...this.numbers].map(([action, number]) =>
        element("span", { class: "count", "data-action": action }, action, element("b", { class: "numbers" }, `× ${number}`)),
      ),
    );
  }
}
