// What differs between two versions of a dataset: counts, and the samples with their labels before and after.
import { element } from "./elements.js";
import { SPLITS, smallPose } from "./grid_cell.js";

const KINDS = {
  added: { title: "Added", tag: "tag-good" },
  removed: { title: "Removed", tag: "tag-bad" },
  changed: { title: "Changed", tag: "tag-warn" },
};

// found: the server's comparison.
export function comparison(found, skeleton) {
  const numbers = [...Object.entries(KINDS).map(([kind, { title }]) => [title, found[kind]]), ["Unchanged", found.unchanged]];
  const counts = element("dl", { class: "number-cards" }, ...numbers.map(([title, count]) => element("div", { class: "card" }, element("dt", {}, title), element("dd", { class: "numbers" }, count.toLocaleString()))));
  const parts = Object.keys(KINDS).flatMap((kind) => section(kind, found, skeleton));
  return [counts, ...(parts.length ? parts : [element("p", { class: "muted mb-0" }, "Nothing differs.")])];
}

function section(kind, found, skeleton) {
  const samples = found.samples.filter((sample) => sample.kind === kind);
  if (!samples.length) return [];
  const left = found[kind] - samples.length;
  return [
    element("h3", {}, KINDS[kind].title),
    element("ul", { class: "sample-pairs" }, ...samples.map((sample) => pair(sample, kind, skeleton))),
    ...(left > 0 ? [element("p", { class: "small muted" }, `and ${left.toLocaleString()} more`)] : []),
  ];
}

function pair(sample, kind, skeleton) {
  const sides = [sample.before && ["before", sample.before], sample.after && ["after", sample.after]].filter(Boolean);
  return element(
    "li",
    { class: "sample-pair" },
    element("div", { class: "cell-pictures" }, ...sides.map(([name, label]) => picture(sample, name, label, skeleton))),
    element("p", { class: "small mb-0" }, element("strong", {}, sample.position), ` ${words(sample, kind)}`),
  );
}

function picture(sample, name, label, skeleton) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("aria-hidden", "true");
  if (label.points) smallPose(svg, skeleton, label.points);
  const image = element("img", { src: sample.thumbnail_url, alt: `Sample ${sample.position}, ${name}`, loading: "lazy", decoding: "async", class: "here" });
  return element("span", { class: "cell-picture" }, image, svg);
}

// What differs, in few words: "proposed → reviewed, none → test, keypoints".
function words({ before, after, file_name: fileName }, kind) {
  if (kind !== "changed") return [(after ?? before).state, (after ?? before).person, fileName].filter(Boolean).join(", ");
  const changes = ["state", "person", "split"].filter((key) => before[key] !== after[key]).map((key) => [before, after].map((each) => (key === "split" ? SPLITS[each.split] : each[key]) ?? "none").join(" → "));
  const moved = JSON.stringify(before.points) !== JSON.stringify(after.points);
  return [...changes, ...(moved ? ["keypoints"] : [])].join(", ") || "labelled again, the same";
}
