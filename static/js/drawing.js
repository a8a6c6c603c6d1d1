// Drawing a skeleton on a canvas: the same strokes for the live overlay and for a replay.
import { side } from "./skeletons.js";

export const MIN_SCORE = 0.3; // fainter keypoints are guesses, which would make the limbs jump

export const COLOURS = { left: "#ffc85c", right: "#52e0cd", middle: "#f4f7f6" };

// Match the canvas's pixels to its size on the screen; returns its context, scaled so that one unit is one CSS pixel.
export function sharpContext(canvas) {
  const ratio = devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  return context;
}

// The lines between keypoints. points: [x, y] in CSS pixels, or null where there is none; sides: one word per keypoint.
export function drawBones(context, skeleton, points, { thickness, sides, colours = COLOURS }) {
  context.lineCap = "round";
  for (const outline of [true, false]) {
    for (const [from, to] of skeleton.edges) {
      if (!points[from] || !points[to]) continue;
      const both = sides[from] === sides[to] ? sides[from] : "middle";
      // the dark rim keeps the lines readable on a bright picture
      context.strokeStyle = outline ? "rgb(8 20 18 / 55%)" : colours[both];
      context.lineWidth = thickness * (outline ? 1.9 : 1);
      context.beginPath();
      context.moveTo(...points[from]);
      context.lineTo(...points[to]);
      context.stroke();
    }
  }
}

// points: [x, y] per keypoint in CSS pixels, or null where hidden.
export function drawSkeleton(context, skeleton, points, { thickness = 4, faint = false } = {}) {
  const sides = skeleton.keypoints.map(side);
  context.save();
  context.globalAlpha = faint ? 0.45 : 1;
  drawBones(context, skeleton, points, { thickness, sides });
  points.forEach((point, position) => {
    if (!point) return;
    context.fillStyle = COLOURS[sides[position]];
    context.beginPath();
    context.arc(...point, thickness * 0.75, 0, 2 * Math.PI);
    context.fill();
  });
  context.restore();
}
