// One sample of the grid: its picture with the label drawn small, and what is known of it. Elements are used again.
import { copyTemplate, find } from "./elements.js";
import { side } from "./skeletons.js";

const STATES = { unlabelled: "no label", proposed: "proposed", reviewed: "reviewed", excluded: "excluded" };
export const SPLITS = { train: "training", validation: "validation", test: "test" };
const SVG = "http://www.w3.org/2000/svg";
const SIDES = ["middle", "left", "right"];

export class Cell {
  #shown = {};

  constructor(skeleton, urlOf) {
    this.skeleton = skeleton;
    this.urlOf = urlOf;
    this.element = copyTemplate("cell");
    this.link = find(this.element, "a");
    this.name = find(this.element, "[data-name]");
    this.state = find(this.element, "[data-state]");
    this.note = find(this.element, "[data-note]");
    this.file = find(this.element, "[data-file]");
    this.own = new Thumbnail(find(this.element, "[data-own]"), skeleton);
    this.other = new Thumbnail(find(this.element, "[data-other]"), skeleton);
  }

  // sample: undefined while it is on its way. withPictures: false while somebody scrolls past.
  show(index, column, sample, { selected, active, withPictures, reason }) {
    const original = reason === "duplicate" ? sample?.original : undefined;
    this.element.hidden = false;
    this.element.id = `sample-${index}`;
    this.element.dataset.index = index;
    this.element.setAttribute("aria-colindex", column + 1);
    this.element.setAttribute("aria-selected", String(selected));
    this.element.classList.toggle("active", active);
    if (this.#shown.sample !== sample || this.#shown.reason !== reason) this.#describe(sample, reason);
    this.own.show(sample?.thumbnail_url, withPictures);
    this.own.draw(sample?.points);
    this.other.show(original?.thumbnail_url, withPictures);
    this.other.draw(original?.points);
    this.#shown = { sample, reason };
  }

  // It stands for no sample; nothing can be found in it.
  clear() {
    this.element.hidden = true;
    this.element.removeAttribute("id");
    delete this.element.dataset.index;
    this.element.classList.remove("active");
  }

  #describe(sample, reason) {
    this.element.classList.toggle("waiting", !sample);
    this.element.dataset.state = sample?.state ?? "";
    this.element.dataset.sampleId = sample?.sample_id ?? "";
    this.element.title = sample?.file_name ?? "";
    this.link.href = sample ? this.urlOf(sample) : "";
    this.name.textContent = sample ? [sample.position, sample.person?.name].filter((part) => part !== undefined).join(" · ") : "";
    this.state.textContent = sample ? STATES[sample.state] : "";
    this.note.textContent = sample ? noteOf(sample, reason) : "";
    this.file.textContent = sample?.file_name ?? "loading";
  }
}

// What the chosen order or outliers go by; else the split.
export function noteOf(sample, reason) {
  if (reason === "duplicate") return sample.duplicate_of === null ? "" : `repeats ${sample.duplicate_of}`;
  if (reason === "bone_error") return sample.bone_error === null ? "" : `bones ${sample.bone_error.toFixed(1)}`;
  if (reason === "disagreement") return sample.disagreement === null ? "" : `off ${(100 * sample.disagreement).toFixed(0)} %`;
  if (reason === "confidence") return sample.confidence === null ? "" : `${(100 * sample.confidence).toFixed(0)} % sure`;
  return SPLITS[sample.split] ?? "";
}

// A picture that never shows another sample's while its own is on the way.
class Thumbnail {
  #url;
  #points;

  constructor(root, skeleton) {
    this.root = root;
    this.image = find(root, "img");
    this.paths = poseDrawing(find(root, "svg"));
    this.edges = edgesBySide(skeleton);
    this.image.addEventListener("load", () => this.image.classList.add("here"));
  }

  show(url, now) {
    this.root.hidden = !url && this.root.hasAttribute("data-other");
    const wanted = now ? url : url === this.#url ? url : undefined;
    if (wanted === this.#url) return;
    this.#url = wanted;
    this.image.classList.remove("here");
    if (wanted) this.image.src = wanted;
    else this.image.removeAttribute("src");
  }

  draw(points) {
    if (points === this.#points) return;
    this.#points = points;
    for (const each of SIDES) this.paths[each].setAttribute("d", points ? pathOf(points, this.edges[each]) : "");
  }
}

function poseDrawing(svg) {
  return Object.fromEntries(
    SIDES.map((each) => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", `pose-${each}`);
      svg.append(path);
      return [each, path];
    }),
  );
}

export function edgesBySide({ keypoints, edges }) {
  const bySide = { middle: [], left: [], right: [] };
  for (const [from, to] of edges) {
    const sides = new Set([side(keypoints[from]), side(keypoints[to])]);
    bySide[sides.size === 1 ? [...sides][0] : "middle"].push([from, to]);
  }
  return bySide;
}

// points: [x, y] in 0..1 of the square, or null; a drawing in 0..100.
export function pathOf(points, edges) {
  const at = ([x, y]) => `${(100 * x).toFixed(1)} ${(100 * y).toFixed(1)}`;
  return edges.map(([from, to]) => (points[from] && points[to] ? `M${at(points[from])}L${at(points[to])}` : "")).join("");
}

// A drawing of its own, as for the choice of poses.
export function smallPose(svg, skeleton, points) {
  const [paths, edges] = [poseDrawing(svg), edgesBySide(skeleton)];
  for (const each of SIDES) paths[each].setAttribute("d", pathOf(points, edges[each]));
}
