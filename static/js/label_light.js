// Brightness and contrast of the picture as it is shown, for dark ones; nothing of it is stored.
import { find } from "./elements.js";

const STEP = 1.2;

export class LabelLight {
  constructor(root, canvas) {
    this.canvas = canvas;
    this.fields = { brightness: find(root, "#label-brightness"), contrast: find(root, "#label-contrast") };
    for (const field of Object.values(this.fields)) field.addEventListener("input", () => this.#apply());
  }

  // which: brightness or contrast; up: a step more, else less.
  step(which, up) {
    const field = this.fields[which];
    field.value = Number(field.value) * (up ? STEP : 1 / STEP);
    this.#apply();
  }

  plain() {
    for (const field of Object.values(this.fields)) field.value = 1;
    this.#apply();
  }

  #apply() {
    this.canvas.light(Number(this.fields.brightness.value), Number(this.fields.contrast.value));
  }
}
