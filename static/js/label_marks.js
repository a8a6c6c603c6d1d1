// How a label looks over a picture: bones, keypoints (hollow where hidden, ringed where the teacher was unsure), and the box.
import { COLOURS, drawBones } from "./drawing.js";
import { ABSENT, HIDDEN } from "./label_values.js";

const RIM = "rgb(8 20 18 / 75%)";
const UNSURE_COLOUR = "#ff8a5c";
export const VERSION_COLOURS = { mine: "#86e2d6", theirs: "#ff8fc7" };
const SMALLEST = 3; // radius of a dot in CSS pixels
const ROOM_SHARE = 0.42; // of the way to the next dot, so that those of a face stay apart
const one = (colour) => ({ left: colour, right: colour, middle: colour });

// at: [x, y] of the picture -> [x, y] of the canvas.
export class LabelMarks {
  constructor(skeleton, sides) {
    this.skeleton = skeleton;
    this.sides = sides;
  }

  // colour: for all of it, else left and right have their own. unsure: (k) -> whether it wants a look.
  draw(context, label, at, { radius = 6, selected = null, colour = null, unsure = () => false, bones = true } = {}) {
    const colours = colour ? one(colour) : COLOURS;
    const points = label.points.map(([x, y, visibility]) => (visibility === ABSENT ? null : at([x, y])));
    context.save();
    if (bones) drawBones(context, this.skeleton, points, { thickness: Math.max(1.5, radius * 0.45), sides: this.sides, colours });
    points.forEach((point, k) => {
      if (!point) return;
      const own = Math.min(radius, Math.max(SMALLEST, ROOM_SHARE * toNearest(points, k)));
      if (unsure(k)) ring(context, point, own + 4, UNSURE_COLOUR, [3, 3]);
      dot(context, point, own, colours[this.sides[k]], label.points[k][2] === HIDDEN);
    });
    if (selected !== null && points[selected]) crosshair(context, points[selected], radius);
    context.restore();
  }

  // Its name beside a keypoint, kept inside the canvas.
  name(context, text, [x, y], { width, radius }) {
    context.save();
    context.font = "600 13px system-ui, sans-serif";
    const textWidth = context.measureText(text).width + 16;
    const left = x + radius + 8 + textWidth > width ? x - radius - 8 - textWidth : x + radius + 8;
    context.fillStyle = "rgb(8 20 18 / 82%)";
    context.beginPath();
    context.roundRect(left, y - 26, textWidth, 22, 11);
    context.fill();
    context.fillStyle = "#f4f7f6";
    context.fillText(text, left + 8, y - 10.5);
    context.restore();
  }

  // editing: with handles to take hold of.
  box(context, box, at, { editing = false, colour = "#f4f7f6" } = {}) {
    const [left, top] = at(box.slice(0, 2));
    const [right, bottom] = at(box.slice(2));
    context.save();
    context.globalAlpha = editing ? 1 : 0.55;
    for (const [style, width] of [[RIM, editing ? 4 : 3], [colour, editing ? 2 : 1]]) {
      Object.assign(context, { strokeStyle: style, lineWidth: width });
      context.setLineDash(editing ? [] : [6, 5]);
      context.strokeRect(left, top, right - left, bottom - top);
    }
    context.setLineDash([]);
    if (editing) for (const { x, y } of Object.values(boxHandles(box, at))) handle(context, x, y);
    context.restore();
  }
}

// The eight places where a box is taken hold of, by name: {x, y} of the canvas.
export function boxHandles(box, at) {
  const [left, top] = at(box.slice(0, 2));
  const [right, bottom] = at(box.slice(2));
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return {
    nw: { x: left, y: top },
    n: { x, y: top },
    ne: { x: right, y: top },
    e: { x: right, y },
    se: { x: right, y: bottom },
    s: { x, y: bottom },
    sw: { x: left, y: bottom },
    w: { x: left, y },
  };
}

function toNearest(points, k) {
  const [x, y] = points[k];
  let nearest = Infinity;
  points.forEach((other, position) => {
    if (other && position !== k) nearest = Math.min(nearest, Math.hypot(other[0] - x, other[1] - y));
  });
  return nearest;
}

function dot(context, [x, y], radius, colour, hollow) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  if (hollow) {
    Object.assign(context, { strokeStyle: RIM, lineWidth: radius * 0.8 });
    context.stroke();
    Object.assign(context, { strokeStyle: colour, lineWidth: radius * 0.42 });
    context.stroke();
    return;
  }
  context.fillStyle = colour;
  context.fill();
  Object.assign(context, { strokeStyle: RIM, lineWidth: 1.5 });
  context.stroke();
}

function ring(context, [x, y], radius, colour, dash) {
  for (const [style, width] of [[RIM, 4], [colour, 2]]) {
    Object.assign(context, { strokeStyle: style, lineWidth: width });
    context.setLineDash(style === colour ? dash : []);
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
  }
  context.setLineDash([]);
}

// Around the selected one, open in the middle, so that the picture under it stays to be seen.
function crosshair(context, [x, y], radius) {
  for (const [style, width] of [[RIM, 4.5], ["#ffffff", 2]]) {
    Object.assign(context, { strokeStyle: style, lineWidth: width });
    context.beginPath();
    context.arc(x, y, radius + 5, 0, 2 * Math.PI);
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + dx * (radius + 5), y + dy * (radius + 5));
      context.lineTo(x + dx * (radius + 12), y + dy * (radius + 12));
    }
    context.stroke();
  }
}

function handle(context, x, y) {
  Object.assign(context, { fillStyle: "#f4f7f6", strokeStyle: RIM, lineWidth: 2 });
  context.beginPath();
  context.rect(x - 5, y - 5, 10, 10);
  context.fill();
  context.stroke();
}
