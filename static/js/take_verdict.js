// What is said of one take: left out, would the others recognise it?
import { element, find, icon } from "./elements.js";
import { plainReason } from "./ranking.js";

const OFF = "Kept, but not learned from.";

export class TakeVerdict {
  constructor(card) {
    this.tags = find(card, "[data-take-tags]");
    this.place = find(card, "[data-take-verdict]");
  }

  // take: of the health, undefined where it is switched off; actionName: what it ought to be taken for.
  show(take, actionName) {
    this.tags.replaceChildren(...(take ? tagsOf(take) : []));
    this.place.replaceChildren(...(take ? verdictOf(take, actionName) : [element("p", { class: "muted" }, OFF)]));
  }

  clear() {
    this.tags.replaceChildren();
    this.place.replaceChildren();
  }
}

function tagsOf({ exemplar, outlier, usable, distance }) {
  const tags = [];
  // the only take is the most typical one of itself
  if (exemplar && distance !== null) tags.push(element("span", { class: "tag tag-accent", title: "The take that is most like all the others" }, icon("star-fill"), "most typical"));
  if (outlier && usable) tags.push(element("span", { class: "tag tag-warn" }, "unlike the others"));
  return tags;
}

function verdictOf(take, actionName) {
  const warnings = take.usable ? take.warnings : take.warnings.slice(1);
  const parts = [...sentenceOf(take, actionName)];
  if (warnings.length) parts.push(element("ul", { class: "take-warnings" }, ...warnings.map((text) => element("li", {}, icon("exclamation-circle"), ` ${upperFirst(text)}.`))));
  return parts;
}

function sentenceOf(take, actionName) {
  if (!take.usable) return [line("warn", "x-circle", `Cannot be learned from: ${take.warnings[0] ?? "hardly anything is seen"}.`)];
  if (take.distance === null) return [line("muted", "dash-circle", "There is no other take to hold it against yet.")];
  const bar = nearness(take, actionName);
  if (take.taken_for === actionName) return [line("good", "check-circle", "The other takes alone would recognise it."), bar];
  if (take.taken_for !== null) return [line("warn", "x-circle", `By the other takes alone it would be taken for ${take.taken_for}.`), bar];
  const why = plainReason(take.reason);
  return [line("warn", "exclamation-circle", `The other takes alone would not recognise it${why ? `: ${why}` : ""}.`), bar];
}

const line = (kind, iconName, text) => element("p", { class: kind }, icon(iconName), ` ${text}`);

// The distance to the other takes as a bar, the threshold as a mark in its middle.
function nearness({ distance, threshold, taken_for: takenFor }, actionName) {
  const text = `Distance ${distance.toFixed(2)}, it counts up to ${threshold.toFixed(2)}`;
  const fill = element("span", { class: "nearness-fill" });
  fill.style.setProperty("--share", Math.min(1, distance / (2 * threshold)));
  const bar = element("div", { class: "nearness", "data-counts": String(takenFor === actionName), "aria-hidden": "true" }, fill, element("span", { class: "nearness-mark" }));
  return element("div", {}, bar, element("p", { class: "small muted numbers" }, text));
}

const upperFirst = (text) => text.charAt(0).toUpperCase() + text.slice(1);
