// The stage on which a picture is labelled: the picture below, the label above it, the loupe and the mirrored look beside them.
import { find } from "./elements.js";
import { sharpContext } from "./drawing.js";
import { LabelMarks, VERSION_COLOURS } from "./label_marks.js";
import { ABSENT, UNSURE, cropSquare, insidePicture, plainName, withSidesSwapped } from "./label_values.js";

const CRISP_FROM = 5; // CSS pixels per pixel of the picture: from there single pixels are to be seen
const LOUPE_ZOOM = 2.5;
const LOUPE_LIFT_PX = 96; // how far above the finger

export class LabelCanvas {
  #scheduled = false;
  #onDrawn = [];
  #drawnPicture = [];

  constructor(stage, skeleton, sides, partners, view) {
    Object.assign(this, { stage, skeleton, partners, view });
    this.pictureCanvas = find(stage, "[data-picture]");
    this.marksCanvas = find(stage, "[data-marks]");
    this.loupe = find(stage, "[data-loupe]");
    this.mirror = find(stage, "[data-mirror]");
    this.marks = new LabelMarks(skeleton, sides);
    this.scene = { sample: null, bitmap: null, label: null, selected: null, editingBox: false, versions: null, bare: false };
    this.coarse = matchMedia("(pointer: coarse)").matches;
    new ResizeObserver(() => this.#resize()).observe(stage);
    this.#resize();
  }

  // What changed of the scene; it is drawn with the next frame of the screen.
  show(changes) {
    Object.assign(this.scene, changes);
    this.redraw();
  }

  redraw() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  // Resolves when what was shown last is on the screen.
  drawn() {
    return new Promise((resolve) => {
      this.#onDrawn.push(resolve);
      this.redraw();
    });
  }

  fitCrop() {
    const { sample, label } = this.scene;
    const { x, y, size } = cropSquare(label?.box_px ?? sample.box_px);
    this.view.fit({ x, y, width: size, height: size });
    this.redraw();
  }

  fitPicture() {
    this.view.fit({ x: 0, y: 0, width: this.scene.sample.width_px, height: this.scene.sample.height_px });
    this.redraw();
  }

  // Of a keypoint's dot, in CSS pixels: smaller where the person is, so that a face is not all dots.
  get radius() {
    const [, top, , bottom] = this.scene.label.box_px;
    const tallest = this.coarse ? 9 : 6.5;
    return Math.min(tallest, Math.max(3.5, ((bottom - top) * this.view.scale) / 70));
  }

  isUnsure(k) {
    const { sample, label } = this.scene;
    const said = sample.keypoints?.[k];
    if (!said || said[3] === null || said[3] === undefined || said[3] >= UNSURE || label.state === "reviewed") return false;
    const now = label.points[k];
    return now[0] === said[0] && now[1] === said[1] && now[2] === said[2] && now[2] !== ABSENT;
  }

  light(brightness, contrast) {
    const plain = brightness === 1 && contrast === 1;
    for (const canvas of [this.pictureCanvas, this.loupe, this.mirror]) canvas.style.filter = plain ? "" : `brightness(${brightness}) contrast(${contrast})`;
  }

  // A round glass above the finger at [x, y] of the stage, showing what is under the point; null puts it away.
  showLoupe(at) {
    this.loupe.hidden = !at;
    if (!at) return;
    const { offsetWidth: size } = this.loupe;
    const above = at[1] - LOUPE_LIFT_PX - size / 2;
    const [x, y] = above > 0 ? [at[0], at[1] - LOUPE_LIFT_PX] : [at[0] + (at[0] > size * 1.5 ? -1 : 1) * LOUPE_LIFT_PX, size / 2];
    this.loupe.style.left = `${Math.min(this.stage.clientWidth - size / 2, Math.max(size / 2, x))}px`;
    this.loupe.style.top = `${Math.max(size / 2, y)}px`;
  }

  #resize() {
    this.view.resize(this.stage.clientWidth, this.stage.clientHeight);
    this.redraw();
  }

  #draw() {
    const { sample, bitmap, label } = this.scene;
    if (this.#pictureMoved()) {
      const picture = sharpContext(this.pictureCanvas);
      if (sample && bitmap) this.#drawPicture(picture, this.view);
    }
    const context = sharpContext(this.marksCanvas);
    if (sample && label && !this.scene.bare) this.#drawLabel(context);
    if (sample && label && bitmap && !this.mirror.hidden) this.#drawMirror();
    if (sample && label && bitmap && !this.loupe.hidden) this.#drawLoupe();
    for (const resolve of this.#onDrawn.splice(0)) resolve();
  }

  // Large pictures take a while, and most changes are of the label alone.
  #pictureMoved() {
    const { left, top, scale, stage } = this.view;
    const drawn = [this.scene.bitmap, left, top, scale, stage.width, stage.height, devicePixelRatio];
    const moved = drawn.some((value, place) => value !== this.#drawnPicture[place]);
    this.#drawnPicture = drawn;
    return moved;
  }

  #drawPicture(context, { left, top, scale }) {
    const { sample, bitmap } = this.scene;
    context.imageSmoothingEnabled = scale < CRISP_FROM;
    context.imageSmoothingQuality = "medium";
    context.drawImage(bitmap, left, top, sample.width_px * scale, sample.height_px * scale);
  }

  #drawLabel(context) {
    const { label, selected, editingBox, versions } = this.scene;
    const at = (point) => this.view.toStage(point);
    const { radius } = this;
    if (versions) {
      for (const name of ["theirs", "mine"]) {
        this.marks.box(context, versions[name].box_px, at, { colour: VERSION_COLOURS[name] });
        this.marks.draw(context, versions[name], at, { radius: radius * (name === "mine" ? 0.75 : 1), colour: VERSION_COLOURS[name] });
      }
      return;
    }
    this.marks.box(context, label.box_px, at, { editing: editingBox });
    this.marks.draw(context, label, at, { radius, selected: editingBox ? null : selected, unsure: (k) => this.isUnsure(k) });
    if (selected !== null && !editingBox && label.points[selected][2] !== ABSENT) {
      this.marks.name(context, plainName(this.skeleton.keypoints[selected]), at(label.points[selected]), { width: this.view.stage.width, radius });
    }
  }

  // As in a mirror: the picture turned round, every keypoint with its partner's name.
  #drawMirror() {
    const context = sharpContext(this.mirror);
    const { clientWidth: width, clientHeight: height } = this.mirror;
    const { x, y, size } = cropSquare(this.scene.label.box_px);
    const scale = Math.min(width, height) / size;
    const view = { left: width / 2 - (x + size / 2) * scale, top: height / 2 - (y + size / 2) * scale, scale };
    context.save();
    context.translate(width, 0);
    context.scale(-1, 1);
    this.#drawPicture(context, view);
    context.restore();
    const at = ([px, py]) => [width - (view.left + px * scale), view.top + py * scale];
    this.marks.draw(context, withSidesSwapped(this.scene.label, this.partners), at, { radius: 3.5 });
  }

  #drawLoupe() {
    const { label, selected } = this.scene;
    const context = sharpContext(this.loupe);
    const { clientWidth: size } = this.loupe;
    const [x, y] = insidePicture(selected === null ? label.box_px : label.points[selected], this.scene.sample);
    const scale = this.view.scale * LOUPE_ZOOM;
    this.#drawPicture(context, { left: size / 2 - x * scale, top: size / 2 - y * scale, scale });
    context.strokeStyle = "#ffffff";
    context.lineWidth = 1.5;
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.beginPath();
      context.moveTo(size / 2 + dx * 6, size / 2 + dy * 6);
      context.lineTo(size / 2 + dx * 26, size / 2 + dy * 26);
      context.stroke();
    }
  }
}
