// The skeletons over the picture. Keypoints arrive in pixels of the frame that was sent; the picture is shown with
// object-fit: contain, and mirrored when it is a person's own camera.
import { MIN_SCORE, drawSkeleton, sharpContext } from "./drawing.js";

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
  }

  clear() {
    sharpContext(this.canvas);
  }

  // focusId: the person whose ranking is shown; others are drawn fainter.
  draw(result, focusId) {
    const context = sharpContext(this.canvas);
    if (!this.skeleton) return;
    const toScreen = this.#mapping(result);
    const thickness = Math.max(2.5, Math.min(6, this.canvas.clientHeight / 120));
    for (const person of result.people) {
      const points = person.keypoints.map(([x, y, score]) => (x === null || score < MIN_SCORE ? null : toScreen(x, y)));
      const faint = result.people.length > 1 && person.person_id !== focusId;
      drawSkeleton(context, this.skeleton, points, { thickness, faint });
      if (result.people.length > 1) this.#label(context, person, toScreen, faint);
    }
  }

  #mapping({ width_px: width, height_px: height }) {
    const box = { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
    const { left, top, scale } = containedPicture(box, { width, height });
    return (x, y) => [left + (this.mirrored ? width - x : x) * scale, top + y * scale];
  }

  #label(context, person, toScreen, faint) {
    const [x1, y1, x2] = person.box_px;
    const [x, y] = toScreen((x1 + x2) / 2, y1);
    const text = `Person ${person.person_id}`;
    context.save();
    context.globalAlpha = faint ? 0.7 : 1;
    context.font = "600 13px system-ui, sans-serif";
    const width = context.measureText(text).width + 16;
    const top = Math.max(4, y - 28);
    context.fillStyle = "rgb(8 20 18 / 70%)";
    context.beginPath();
    context.roundRect(x - width / 2, top, width, 22, 11);
    context.fill();
    context.fillStyle = "#f4f7f6";
    context.textAlign = "center";
    context.fillText(text, x, top + 15.5);
    context.restore();
  }
}
