// How fast models are: for each card a bar per runtime, and which is the fastest of its kind (detectors, pose models of people, of hands).
import { element, find } from "./elements.js";

const number = (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

export function cards(root = document) {
  return [...root.querySelectorAll("[data-model]")];
}

// speeds: [{runtime, ms}], the fastest first.
export function putSpeeds(card, speeds, measured) {
  const rows = speeds.map(({ runtime, ms }) =>
    element("li", { "data-ms": ms }, element("span", {}, runtime), element("span", { class: "numbers" }, number(ms))),
  );
  find(card, "[data-speeds]").replaceChildren(...rows);
  find(card, "[data-measured]").replaceChildren(measured);
  find(card, "[data-speed]").hidden = false;
}

// Bars can be compared from card to card: a full one is the slowest model of its kind, on its best runtime, or slower.
export function drawSpeeds(all = cards()) {
  for (const kind of new Set(all.map((card) => card.dataset.kind))) drawKind(all.filter((card) => card.dataset.kind === kind));
}

function drawKind(all) {
  const measured = all.filter((card) => rowsOf(card).length);
  const bests = measured.map(bestOf);
  const [best, slowest] = [Math.min(...bests), Math.max(...bests)];
  for (const card of measured) {
    for (const row of rowsOf(card)) {
      row.querySelector(".speed-bar")?.remove();
      const bar = element("span", { class: "speed-bar", "aria-hidden": "true" });
      bar.style.setProperty("--share", Math.min(1, msOf(row) / slowest));
      row.firstElementChild.after(bar);
    }
    find(card, "[data-fastest]").hidden = measured.length < 2 || bestOf(card) !== best;
  }
}

const rowsOf = (card) => [...card.querySelectorAll("[data-ms]")];
const msOf = (row) => Number(row.dataset.ms);
const bestOf = (card) => Math.min(...rowsOf(card).map(msOf));
