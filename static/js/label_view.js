// Which part of the picture is seen, and how large: a point (x, y) of the picture is at (left + x * scale, top + y * scale) of the
// stage, in CSS pixels.
const MOST = 40; // CSS pixels per pixel of the picture
const SMALLEST_SHARE = 0.5; // of the scale at which the whole picture is seen
const ROOM_PX = 8;

export class LabelView {
  constructor() {
    this.stage = { width: 1, height: 1 };
    this.picture = { width: 1, height: 1 };
    Object.assign(this, { left: 0, top: 0, scale: 1, seen: null });
  }

  toStage([x, y]) {
    return [this.left + x * this.scale, this.top + y * this.scale];
  }

  toPicture([x, y]) {
    return [(x - this.left) / this.scale, (y - this.top) / this.scale];
  }

  // Keeps what is in the middle there, or what was fitted fitted.
  resize(width, height) {
    const middle = this.toPicture([this.stage.width / 2, this.stage.height / 2]);
    this.stage = { width, height };
    if (this.seen) this.fit(this.seen);
    else this.centre(middle);
  }

  // rectangle: {x, y, width, height} of the picture, seen whole and as large as it fits.
  fit(rectangle) {
    const { width, height } = this.stage;
    const scale = Math.min((width - 2 * ROOM_PX) / rectangle.width, (height - 2 * ROOM_PX) / rectangle.height);
    this.scale = Math.max(scale, 1e-3);
    this.left = width / 2 - (rectangle.x + rectangle.width / 2) * this.scale;
    this.top = height / 2 - (rectangle.y + rectangle.height / 2) * this.scale;
    this.seen = rectangle;
  }

  centre([x, y]) {
    this.left = this.stage.width / 2 - x * this.scale;
    this.top = this.stage.height / 2 - y * this.scale;
    this.#stayNear();
  }

  // The picture's point at this place of the stage stays there.
  zoom(factor, [x, y] = [this.stage.width / 2, this.stage.height / 2]) {
    const kept = this.toPicture([x, y]);
    const whole = Math.min(this.stage.width / this.picture.width, this.stage.height / this.picture.height);
    this.scale = Math.min(MOST, Math.max(SMALLEST_SHARE * whole, this.scale * factor));
    this.left = x - kept[0] * this.scale;
    this.top = y - kept[1] * this.scale;
    this.#stayNear();
  }

  pan(dx, dy) {
    this.left += dx;
    this.top += dy;
    this.#stayNear();
  }

  // Moves only as far as is needed to see this point of the picture.
  reveal(point) {
    const [x, y] = this.toStage(point);
    const room = Math.min(40, this.stage.width / 4, this.stage.height / 4);
    const dx = Math.max(0, room - x) - Math.max(0, x - (this.stage.width - room));
    const dy = Math.max(0, room - y) - Math.max(0, y - (this.stage.height - room));
    if (dx || dy) this.pan(dx, dy);
  }

  // Some of the picture is always in sight.
  #stayNear() {
    this.seen = null;
    const { width, height } = this.stage;
    const [marginX, marginY] = [width / 3, height / 3];
    this.left = Math.min(width - marginX, Math.max(marginX - this.picture.width * this.scale, this.left));
    this.top = Math.min(height - marginY, Math.max(marginY - this.picture.height * this.scale, this.top));
  }
}
