// The grid by keyboard and pointer: which cell is the active one, and what is selected.

const ROWS = { ArrowDown: 1, ArrowUp: -1 };
const COLUMNS = { ArrowRight: 1, ArrowLeft: -1 };
const MOST_IN_RANGE = 5000; // more than that is selected by "Select all"

// Events: active, open {sample}, act {action, sample}, problem {message}.
export class GridKeys extends EventTarget {
  constructor(box, { view, pages, selection, maySelect }) {
    super();
    Object.assign(this, { box, view, pages, selection, maySelect });
    this.active = 0;
    box.addEventListener("keydown", (event) => this.#pressed(event));
    box.addEventListener("click", (event) => this.#clicked(event));
    box.addEventListener("dblclick", (event) => this.#withCell(event, (index) => this.#open(index)));
    box.addEventListener("mousedown", (event) => event.shiftKey && event.preventDefault()); // no text is marked
  }

  get last() {
    return (this.pages.total ?? 0) - 1;
  }

  activate(index) {
    this.active = Math.max(0, Math.min(index, this.last));
    this.dispatchEvent(new Event("active"));
  }

  #pressed(event) {
    if (event.target !== this.box || this.last < 0) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (this.#move(event) || this.#act(key, event)) event.preventDefault();
  }

  #move(event) {
    const place = this.#placeAfter(event);
    if (place === undefined) return false;
    const before = this.active;
    this.activate(place);
    this.view.scrollTo(this.active);
    if (event.shiftKey && this.maySelect) this.#extend(before);
    return true;
  }

  #placeAfter({ key, ctrlKey, metaKey }) {
    const { columns, rowsInView } = this.view;
    if (ROWS[key]) return this.#within(this.active + ROWS[key] * columns);
    if (COLUMNS[key]) return this.active + COLUMNS[key];
    const row = Math.floor(this.active / columns) * columns;
    const column = this.active - row;
    const whole = ctrlKey || metaKey;
    return {
      Home: whole ? 0 : row,
      End: whole ? this.last : row + columns - 1,
      PageDown: Math.min(this.active + rowsInView * columns, this.last),
      PageUp: Math.max(this.active - rowsInView * columns, column),
    }[key];
  }

  #within(place) {
    return place < 0 ? this.active : place > this.last && Math.floor(this.active / this.view.columns) === this.view.rowCount - 1 ? this.active : place;
  }

  #act(key, event) {
    const sample = this.pages.at(this.active);
    const [whole, plain] = [event.ctrlKey || event.metaKey, !event.ctrlKey && !event.metaKey && !event.altKey];
    if (key === "a" && whole && this.maySelect) return this.selection.takeEverything() ?? true;
    if (key === "Escape" && this.selection.count(this.pages.total)) return this.selection.clear() ?? true;
    if (!plain || !sample) return false;
    if (key === " ") return this.#select(this.active, event.shiftKey) ?? true;
    if (key === "Enter") return this.#open(this.active) ?? true;
    const action = { e: "exclude", a: "accept", Delete: "delete" }[key];
    if (action) this.dispatchEvent(new CustomEvent("act", { detail: { action, sample } }));
    return action !== undefined;
  }

  #clicked(event) {
    if (event.target.closest("a")) return;
    this.#withCell(event, (index) => {
      this.activate(index);
      this.box.focus({ preventScroll: true });
      this.#select(index, event.shiftKey);
    });
  }

  #withCell(event, run) {
    const cell = event.target.closest("[data-index]");
    if (cell) run(Number(cell.dataset.index));
  }

  #open(index) {
    const sample = this.pages.at(index);
    if (sample) this.dispatchEvent(new CustomEvent("open", { detail: { sample } }));
  }

  #select(index, asRange) {
    const sample = this.pages.at(index);
    if (!this.maySelect || !sample) return;
    if (asRange && this.selection.anchor !== null) this.#extend(index);
    else this.selection.toggle(sample, index);
  }

  // Everything between where the selection began and the active one.
  async #extend(from) {
    this.selection.anchor ??= from;
    const [first, last] = [Math.min(this.selection.anchor, this.active), Math.max(this.selection.anchor, this.active)];
    if (this.selection.everything) return;
    if (last - first >= MOST_IN_RANGE) {
      const message = `At most ${MOST_IN_RANGE.toLocaleString()} are selected one by one. Narrow the filters, then select all.`;
      this.dispatchEvent(new CustomEvent("problem", { detail: { message } }));
      return;
    }
    try {
      this.selection.add(await this.pages.range(first, last));
    } catch (error) {
      this.dispatchEvent(new CustomEvent("problem", { detail: { message: error.message } }));
    }
  }
}
