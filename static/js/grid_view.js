// A grid of thousands of samples of which only the rows in view exist; rows that leave are used again for those that come.
import { element } from "./elements.js";

const AHEAD_PX = 500; // rows that exist beyond the edges of the window
const FAST_PX_PER_MS = 4; // somebody who scrolls like this looks at no picture
const REST_MS = 90;

// Events: seen {first, last} (the indices in view).
export class GridView extends EventTarget {
  #rows = new Map(); // number of the row -> {element, cells}
  #spare = [];
  #count = 0;
  #last = { y: 0, at: 0 };
  #frame = null;
  #fast = false;

  // box: the element with role=grid. makeCell() answers {element, clear()}; show(cell, index, column, withPictures) fills it.
  constructor(box, { makeCell, show, narrowestPx, captionPx }) {
    super();
    Object.assign(this, { box, makeCell, show, narrowestPx, captionPx });
    this.pictures = 1;
    addEventListener("scroll", () => this.render(), { passive: true });
    new ResizeObserver(() => this.#measure()).observe(box);
    this.#measure();
  }

  // How many pictures stand side by side in a cell.
  setPictures(pictures) {
    if (pictures === this.pictures) return;
    this.pictures = pictures;
    this.#measure(true);
  }

  setCount(count) {
    this.#count = count;
    if (!this.columns) return this.#measure();
    this.box.setAttribute("aria-rowcount", this.rowCount);
    this.box.style.height = `${this.rowCount * this.rowPx}px`;
    this.render();
  }

  get rowCount() {
    return Math.ceil(this.#count / this.columns);
  }

  get rowsInView() {
    return Math.max(1, Math.floor((innerHeight - this.#coveredPx()) / this.rowPx));
  }

  // Fill every cell anew at the next frame.
  render() {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      this.#draw();
    });
  }

  // As few pixels as bring it into view.
  scrollTo(index) {
    const top = Math.floor(index / this.columns) * this.rowPx + this.#topPx();
    const covered = this.#coveredPx();
    if (top < scrollY + covered) scrollTo({ top: top - covered, behavior: "instant" });
    else if (top + this.rowPx > scrollY + innerHeight - this.#belowPx()) {
      scrollTo({ top: top + this.rowPx - innerHeight + this.#belowPx(), behavior: "instant" });
    }
    this.#draw();
  }

  // The first one that can be seen whole, to come back to; null at the top of the page.
  get firstInView() {
    const above = scrollY + this.#coveredPx() - this.#topPx();
    return above <= 0 ? null : Math.min(Math.ceil(above / this.rowPx - 0.02) * this.columns, this.#count - 1);
  }

  putFirst(index) {
    scrollTo({ top: Math.floor(index / this.columns) * this.rowPx + this.#topPx() - this.#coveredPx(), behavior: "instant" });
  }

  #measure(keep = this.columns) {
    const width = this.box.clientWidth;
    if (!width) return; // not shown yet
    const first = keep ? this.firstInView : null;
    this.columns = Math.max(this.pictures > 1 ? 1 : 2, Math.floor(width / (this.narrowestPx * this.pictures)));
    this.rowPx = Math.round(width / this.columns / this.pictures) + this.captionPx;
    this.box.style.setProperty("--columns", this.columns);
    this.box.style.setProperty("--row", `${this.rowPx}px`);
    this.box.setAttribute("aria-colcount", this.columns);
    for (const row of this.#rows.values()) row.element.remove();
    this.#rows.clear();
    this.#spare = [];
    this.setCount(this.#count);
    if (first !== null) this.putFirst(first);
  }

  #draw() {
    if (!this.columns) return;
    this.#noticeSpeed();
    const top = scrollY - this.#topPx();
    const from = Math.max(0, Math.floor((top - AHEAD_PX) / this.rowPx));
    const to = Math.min(this.rowCount - 1, Math.floor((top + innerHeight + AHEAD_PX) / this.rowPx));
    for (const [number, row] of this.#rows) {
      if (number >= from && number <= to) continue;
      this.#rows.delete(number);
      this.#spare.push(row);
    }
    // what is in view first, so that its pictures are asked for first
    const numbers = Array.from({ length: Math.max(0, to - from + 1) }, (_, offset) => from + offset);
    const inView = (number) => (number + 1) * this.rowPx > top && number * this.rowPx < top + innerHeight;
    for (const wanted of [true, false]) {
      for (const number of numbers) if (inView(number) === wanted) this.#fill(number, this.#rows.get(number) ?? this.#place(number));
    }
    for (const row of this.#spare.filter(({ element: { hidden } }) => !hidden)) putAway(row);
    const first = Math.max(0, Math.floor(top / this.rowPx)) * this.columns;
    const last = Math.min(this.#count - 1, (Math.floor((top + innerHeight) / this.rowPx) + 1) * this.columns - 1);
    if (last >= 0) this.dispatchEvent(new CustomEvent("seen", { detail: { first: Math.min(first, last), last } }));
  }

  #place(number) {
    const row = this.#spare.pop() ?? this.#makeRow();
    row.element.hidden = false;
    row.element.style.transform = `translateY(${number * this.rowPx}px)`;
    row.element.setAttribute("aria-rowindex", number + 1);
    this.#rows.set(number, row);
    return row;
  }

  #makeRow() {
    const cells = Array.from({ length: this.columns }, this.makeCell);
    const row = element("div", { role: "row", class: "grid-row" }, ...cells.map((cell) => cell.element));
    this.box.append(row);
    return { element: row, cells };
  }

  #fill(number, row) {
    row.cells.forEach((cell, column) => {
      const index = number * this.columns + column;
      if (index < this.#count) this.show(cell, index, column, !this.#fast);
      else cell.clear();
    });
  }

  #noticeSpeed() {
    const now = performance.now();
    const speed = Math.abs(scrollY - this.#last.y) / Math.max(8, now - this.#last.at);
    this.#last = { y: scrollY, at: now };
    this.#fast = speed > FAST_PX_PER_MS;
    clearTimeout(this.resting);
    if (this.#fast) this.resting = setTimeout(() => this.render(), REST_MS);
  }

  #topPx() {
    return this.box.getBoundingClientRect().top + scrollY;
  }

  // What stays in view covers the upper and the lower edge.
  #coveredPx() {
    return parseFloat(getComputedStyle(this.box).scrollMarginTop) || 0;
  }

  #belowPx() {
    return parseFloat(getComputedStyle(this.box).scrollMarginBottom) || 0;
  }
}

function putAway(row) {
  row.element.hidden = true;
  for (const cell of row.cells) cell.clear();
}
