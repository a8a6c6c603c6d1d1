// The skeletons over the picture. Keypoints arrive in pixels of the frame that was sent; the picture is shown with
// object-fit: contain, and mirrored when it is a person's own camera.
import { personName } from "./body.js";
import { MIN_SCORE, drawSkeleton, sharpContext } from "./drawing.js";

const FOLLOWED = "#86e2d6";
const ROOM = 12; // CSS pixels around the keypoints that still belong to a person

// Where a picture of this size lies inside a box of that size: {left, top, scale}.
export function containedPicture(box, picture) {
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  return { left: (box.width - picture.width * scale) / 2, top: (box.height - picture.height * scale) / 2, scale };
}

export class Overlay {
  constructor(canvas) {
    this.canvas = canvas;
    this.mirrored = false;
    this.skeleton = null;
    this.shown = { people: [] }; // what was drawn last
  }

  clear() {
    this.shown = { people: [] };
    sharpContext(this.canvas);
  }

  // focusId: the person whose ranking is shown; others are drawn fainter. followedId: the only one who is recognised.
  draw(result, focusId, followedId = null) {
    const context = sharpContext(this.canvas);
    if (!this.skeleton) return;
    this.shown = result;
    const toScreen = this.#mapping(result);
    const thickness = Math.max(2.5, Math.min(6, this.canvas.clientHeight / 120));
    for (const person of result.people) {
      const points = person.keypoints.map(([x, y, score]) => (x === null || score < MIN_SCORE ? null : toScreen(x, y)));
      const faint = result.people.length > 1 && person.person_id !== focusId;
      drawSkeleton(context, this.skeleton, points, { thickness, faint });
      if (person.person_id === followedId) this.#frame(context, this.#extent(person, toScreen));
      if (result.people.length > 1 || followedId !== null) this.#label(context, person, toScreen, faint, followedId);
    }
  }

  // The id of the person at this place of the canvas, in CSS pixels; null where there is none. Of two who overlap, the
  // one with the smaller box: of somebody in front of a wall of people everything else may be covered.
  personAt(x, y) {
    if (!this.shown.people.length) return null;
    const toScreen = this.#mapping(this.shown);
    const size = ({ left, top, right, bottom }) => (right - left) * (bottom - top);
    const hit = this.shown.people
      .map((person) => ({ id: person.person_id, extent: this.#extent(person, toScreen) }))
      .filter(({ extent: { left, top, right, bottom } }) => x >= left && x <= right && y >= top && y <= bottom)
      .sort((a, b) => size(a.extent) - size(b.extent));
    return hit[0]?.id ?? null;
  }

  // Where a person's keypoints are on the canvas, with room around them.
  #extent(person, toScreen) {
    const seen = person.keypoints.filter(([x, , score]) => x !== null && score >= MIN_SCORE).map(([x, y]) => toScreen(x, y));
    const [xs, ys] = [seen.map(([x]) => x), seen.map(([, y]) => y)];
    return { left: Math.min(...xs) - ROOM, top: Math.min(...ys) - ROOM, right: Math.max(...xs) + ROOM, bottom: Math.max(...ys) + ROOM };
  }

  // Four corners around the one who is followed.
  #frame(context, { left, top, right, bottom }) {
    if (!Number.isFinite(left)) return;
    const arm = Math.min(28, (right - left) / 3, (bottom - top) / 3);
    context.save();
    for (const [colour, width] of [["rgb(8 20 18 / 65%)", 7], [FOLLOWED, 3.5]]) {
      Object.assign(context, { strokeStyle: colour, lineWidth: width, lineCap: "round", lineJoin: "round" });
      for (const [x, y, dx, dy] of [[left, top, arm, arm], [right, top, -arm, arm], [left, bottom, arm, -arm], [right, bottom, -arm, -arm]]) {
        context.beginPath();
        context.moveTo(x + dx, y);
        context.lineTo(x, y);
        context.lineTo(x, y + dy);
        context.stroke();
      }
    }
    context.restore();
  }

  #mapping({ width_px: width, height_px: height }) {
    const box = { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
    const { left, top, scale } = containedPicture(box, { width, height });
    return (x, y) => [left + (this.mirrored ? width - x : x) * scale, top + y * scale];
  }

  #label(context, person, toScreen, faint, followedId) {
    const [x1, y1, x2] = person.box_px;
    const [x, y] = toScreen((x1 + x2) / 2, y1);
    const followed = person.person_id === followedId;
    const text = `${personName(person.person_id, this.skeleton)}${followedId === null ? "" : followed ? " · followed" : " · not followed"}`;
    context.save();
    context.globalAlpha = faint ? 0.7 : 1;
    context.font = "600 13px system-ui, sans-serif";
    const width = context.measureText(text).width + 16;
    const top = Math.max(4, y - 28);
    context.fillStyle = followed ? FOLLOWED : "rgb(8 20 18 / 70%)";
    context.beginPath();
    context.roundRect(x - width / 2, top, width, 22, 11);
    context.fill();
    context.fillStyle = followed ? "#06211f" : "#f4f7f6";
    context.textAlign = "center";
    context.fillText(text, x, top + 15.5);
    context.restore();
  }
}
