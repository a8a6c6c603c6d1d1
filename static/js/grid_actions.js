// What is done with the selected samples: by buttons and keys, with a way back where there is one.
import { requestJson } from "./api.js";
import { element, find } from "./elements.js";
import { Naming, SOMEBODY_NEW } from "./grid_naming.js";
import { Question } from "./question.js";
import { toast } from "./toasts.js";

const AT_ONCE = 1000; // ids that one request may name

const DONE = {
  accept: (many) => `${many} accepted.`,
  exclude: (many) => `${many} excluded.`,
  include: (many) => `${many} included again.`,
  delete: (many) => `${many} deleted.`,
  person: (many, name) => (name ? `${many} now of ${name}.` : `${many} now of nobody named.`),
  split: (many, name) => (name ? `${many} now for ${name}.` : `${many} now without a split.`),
};

const NOTHING = {
  accept: "Nothing was changed: only what a model proposed can be accepted.",
  exclude: "Nothing was changed: what was selected is excluded already.",
  include: "Nothing was changed: nothing of what was selected is excluded.",
  delete: "Nothing was changed: what was selected is gone already.",
  person: "Nothing was changed: that person is set already.",
  split: "Nothing was changed: that split is set already.",
};

export const counted = (number) => `${number.toLocaleString()} sample${number === 1 ? "" : "s"}`;

export class GridActions {
  // onDone: after every change, to fetch anew what is shown.
  constructor(bar, { url, selection, pages, filters, onDone }) {
    Object.assign(this, { bar, url, selection, pages, filters, onDone });
    this.people = bar.querySelector('[data-choose="person"]'); // missing for who may only label
    this.naming = this.people && new Naming(find(document, "[data-naming]"));
    this.question = new Question(find(document, "[data-question]"));
    this.words = find(bar, "[data-selected]");
    this.allButton = find(bar, "[data-everything]");
    this.busy = false;
    for (const button of bar.querySelectorAll("[data-action]")) button.addEventListener("click", () => this.run(button.dataset.action));
    for (const select of bar.querySelectorAll("[data-choose]")) select.addEventListener("change", () => this.#chosen(select));
    this.allButton.addEventListener("click", () => selection.takeEverything());
    find(bar, "[data-none]").addEventListener("click", () => selection.clear());
    selection.addEventListener("change", () => this.show());
    this.show();
  }

  show() {
    const [count, total] = [this.selection.count(this.pages.total ?? 0), this.pages.total ?? 0];
    this.bar.hidden = !count;
    this.words.textContent = this.selection.everything ? `All ${counted(total)} selected` : `${counted(count)} selected`;
    this.allButton.hidden = this.selection.everything || count >= total;
    this.allButton.textContent = `Select all ${total.toLocaleString()}`;
  }

  // People for "set person", as the filters know them.
  showPeople(people) {
    if (!this.people) return;
    const named = people.map(({ person_id: id, name }) => element("option", { value: id }, name));
    const [title, nobody, somebodyNew] = this.people.options;
    this.people.replaceChildren(title, nobody, somebodyNew, ...named);
    this.people.selectedIndex = 0;
  }

  // only: a sample to act on where nothing is selected.
  async run(action, { value, name, only } = {}) {
    const everything = this.selection.everything;
    const samples = this.selection.samples.length || everything ? this.selection.samples : [only].filter(Boolean);
    const count = everything ? this.pages.total : samples.length;
    if (!count || this.busy || !this.#allowed(action)) return;
    const toggled = action === "exclude" && !everything && samples.every((sample) => sample.state === "excluded") ? "include" : action;
    if ((toggled === "delete" || everything) && !(await this.question.ask(QUESTIONS[toggled](count, name)))) return;
    const wanted = everything ? [{ filter: this.filters.asObject }] : inPieces(samples);
    const back = everything ? null : wayBack(toggled, samples);
    await this.#do(wanted, toggled, value, name, back);
  }

  #allowed(action) {
    return this.bar.querySelector(`[data-action="${action}"], [data-choose="${action}"]`) !== null || action === "include";
  }

  async #do(wanted, action, value, name, back) {
    this.#setBusy(true);
    try {
      let changed = 0;
      for (const which of wanted) changed += (await this.#send({ ...which, action, value })).changed;
      toast(changed ? DONE[action](counted(changed), name) : NOTHING[action], "check-lg", back && changed ? { text: "Undo", run: () => this.#undo(back) } : null);
      this.selection.clear();
    } catch (error) {
      toast(error.message, "exclamation-triangle");
    } finally {
      this.#setBusy(false);
      this.onDone();
    }
  }

  async #undo(back) {
    try {
      for (const { samples, action, value } of back) {
        for (const which of inPieces(samples)) await this.#send({ ...which, action, value });
      }
      toast("Undone.", "arrow-counterclockwise");
    } catch (error) {
      toast(`It could not be undone: ${error.message}`, "exclamation-triangle");
    }
    this.onDone();
  }

  #send(body) {
    return requestJson(this.url, { method: "POST", body });
  }

  async #chosen(select) {
    const { value, textContent } = select.selectedOptions[0];
    select.selectedIndex = 0;
    if (value === SOMEBODY_NEW) {
      const person = await this.naming.ask();
      if (person) await this.run("person", { value: person.person_id, name: person.name });
    } else {
      await this.run(select.dataset.choose, value === "none" ? { value: null, name: "" } : { value, name: textContent });
    }
  }

  #setBusy(busy) {
    this.busy = busy;
    this.bar.setAttribute("aria-busy", String(busy));
  }
}

const FROM_FILTER = "That is everything that the filters show, also what is not on the screen.";
const QUESTIONS = {
  delete: (count) => ({
    title: `Delete ${counted(count)}?`,
    text:
      count === 1
        ? "Its label goes with it, and its picture, unless that shows somebody else too. A version of this dataset that holds it can bring it back."
        : "Their labels go with them, and their pictures, unless those show somebody else too. Versions of this dataset that hold them can bring them back.",
    button: `Delete ${counted(count)}`,
    danger: true,
  }),
  accept: (count) => ({ title: `Accept ${counted(count)}?`, text: `${FROM_FILTER} What a model proposed counts as reviewed from then on.`, button: `Accept ${counted(count)}` }),
  exclude: (count) => ({ title: `Exclude ${counted(count)}?`, text: `${FROM_FILTER} It stays here, but nothing is trained on it.`, button: `Exclude ${counted(count)}` }),
  include: (count) => ({ title: `Include ${counted(count)} again?`, text: FROM_FILTER, button: `Include ${counted(count)}` }),
  person: (count, name) => ({ title: `Set who is in ${counted(count)}?`, text: `${FROM_FILTER} It will be of ${name || "nobody named"}.`, button: "Set" }),
  split: (count, name) => ({ title: `Set the split of ${counted(count)}?`, text: `${FROM_FILTER} It will be ${name ? `for ${name}` : "without a split"}.`, button: "Set" }),
};

function inPieces(samples) {
  const ids = samples.map((sample) => sample.sample_id);
  return Array.from({ length: Math.ceil(ids.length / AT_ONCE) }, (_, piece) => ({ sample_ids: ids.slice(piece * AT_ONCE, (piece + 1) * AT_ONCE) }));
}

// What takes an action back: samples with what they had before; null where nothing does.
function wayBack(action, samples) {
  if (action === "exclude") return [{ action: "include", samples: samples.filter((sample) => sample.state !== "excluded") }];
  if (action === "include") return [{ action: "exclude", samples }];
  const before = { person: (sample) => sample.person?.person_id ?? null, split: (sample) => sample.split }[action];
  if (!before) return null;
  const groups = Map.groupBy(samples, before);
  return [...groups].map(([value, of]) => ({ action, value, samples: of }));
}
