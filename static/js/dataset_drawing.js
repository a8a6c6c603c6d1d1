// A skeleton drawn as SVG, small on cards and large on the overview; every [data-skeleton] of the page gets its drawing.
import { layoutOf } from "./dataset_layout.js";
import { side } from "./skeletons.js";

const SVG = "http://www.w3.org/2000/svg";
export const SIZE = 100; // units of the drawing, without its margin
export const MARGIN = 8;

export function svgElement(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export const lineBetween = ([x1, y1], [x2, y2], sides) => svgElement("line", { x1: x1 * SIZE, y1: y1 * SIZE, x2: x2 * SIZE, y2: y2 * SIZE, class: sides });

// The class of an edge or a point: which side of the body it is on.
export const sideOf = (...names) => `bone-${new Set(names.map(side)).size === 1 ? side(names[0]) : "middle"}`;

export function canvasOf(...children) {
  return svgElement("svg", { viewBox: `${-MARGIN} ${-MARGIN} ${SIZE + 2 * MARGIN} ${SIZE + 2 * MARGIN}`, class: "skeleton-svg" }, ...children);
}

export function drawnSkeleton(skeleton) {
  const { keypoints, edges } = skeleton;
  const points = layoutOf(skeleton);
  const lines = edges.map(([a, b]) => lineBetween(points[a], points[b], sideOf(keypoints[a], keypoints[b])));
  const radius = keypoints.length > 25 ? 1.6 : 2.2;
  const dots = points.map(([x, y], position) => {
    const dot = svgElement("circle", { cx: x * SIZE, cy: y * SIZE, r: radius, class: sideOf(keypoints[position]) });
    dot.append(svgElement("title", {}, keypoints[position]));
    return dot;
  });
  return canvasOf(...lines, ...dots);
}

for (const place of document.querySelectorAll("[data-skeleton]")) place.replaceChildren(drawnSkeleton(JSON.parse(place.dataset.skeleton)));
