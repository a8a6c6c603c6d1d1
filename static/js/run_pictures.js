// Samples as a network sees them, with the labelled keypoints and those that it found drawn over them.
import { svgElement } from "./dataset_drawing.js";
import { element } from "./elements.js";

const SIDE = 100; // units of the drawing

// labelled, keypoints: per keypoint [x, y] in shares of the picture, or null.
export class RunPicture {
  #skeleton;
  #drawing;

  constructor(skeleton, { url, alt, href, words = "" }) {
    this.#skeleton = skeleton;
    this.#drawing = svgElement("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, "aria-hidden": "true" });
    const gone = element("span", { class: "run-picture-gone small", hidden: true }, "deleted since");
    const image = element("img", { alt, loading: "lazy", decoding: "async" });
    image.addEventListener("error", () => {
      image.hidden = true;
      gone.hidden = false;
    });
    image.src = url;
    const square = element(href ? "a" : "span", { class: "run-square", href }, image, this.#drawing, gone);
    this.node = element("li", { class: "run-picture" }, square, ...(words ? [element("span", { class: "small muted" }, words)] : []));
  }

  draw(labelled, keypoints) {
    this.#drawing.replaceChildren(...pose(this.#skeleton, labelled, "labelled"), ...missed(labelled, keypoints), ...pose(this.#skeleton, keypoints, "predicted"));
  }
}

function pose({ edges }, points, kind) {
  const ends = edges.map(([a, b]) => [points[a], points[b]]).filter(([a, b]) => a && b);
  return [...ends.map(([a, b]) => line(a, b, `run-bone run-${kind}`)), ...points.filter(Boolean).map(([x, y]) => svgElement("circle", { cx: SIDE * x, cy: SIDE * y, r: 1.8, class: `run-${kind}` }))];
}

// From where each keypoint should be to where it was found.
function missed(labelled, keypoints) {
  return labelled.flatMap((point, k) => (point && keypoints[k] ? [line(point, keypoints[k], "run-missed")] : []));
}

const line = ([x1, y1], [x2, y2], kind) => svgElement("line", { x1: SIDE * x1, y1: SIDE * y1, x2: SIDE * x2, y2: SIDE * y2, class: kind });
