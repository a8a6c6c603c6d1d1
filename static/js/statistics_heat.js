// Where each joint lies within the crop, as one small map per joint.
import { element } from "./elements.js";
import { drawWithTheme } from "./plots.js";

// Light to dark on a light page and dark to light on a dark one; by brightness alone, so that it needs no sense of colour.
const RAMPS = {
  light: [[255, 255, 255], [158, 211, 203], [15, 107, 102], [3, 32, 38]],
  dark: [[12, 19, 18], [16, 84, 88], [95, 208, 193], [250, 255, 235]],
};

// counts: (K, side, side), the first row on top.
export function heatMaps(root, names, { side, counts }) {
  const canvases = names.map((name) => element("canvas", { width: side, height: side, role: "img", "aria-label": `Where ${name} lies` }));
  root.replaceChildren(...names.map((name, joint) => element("figure", { class: "heat" }, canvases[joint], element("figcaption", {}, name))));
  drawWithTheme(() => canvases.forEach((canvas, joint) => draw(canvas, counts[joint], side)));
}

function draw(canvas, rows, side) {
  const ramp = RAMPS[document.documentElement.dataset.bsTheme] ?? RAMPS.light;
  const most = Math.max(1, ...rows.flat());
  const image = new ImageData(side, side);
  rows.flat().forEach((count, place) => {
    // the square root, so that rare places can be told from empty ones
    const [red, green, blue] = colourAt(ramp, Math.sqrt(count / most));
    image.data.set([red, green, blue, 255], 4 * place);
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function colourAt(ramp, share) {
  const place = share * (ramp.length - 1);
  const from = Math.min(Math.floor(place), ramp.length - 2);
  return ramp[from].map((value, channel) => value + (ramp[from + 1][channel] - value) * (place - from));
}

// [joint, samples, across %, down %, spread %]: the mean place and the root of the mean squared distance from it.
export function placeRows(names, { side, counts }) {
  return names.map((name, joint) => {
    let [all, x, y, squares] = [0, 0, 0, 0];
    counts[joint].forEach((row, down) =>
      row.forEach((count, across) => {
        const [atX, atY] = [(100 * (across + 0.5)) / side, (100 * (down + 0.5)) / side];
        all += count;
        x += count * atX;
        y += count * atY;
        squares += count * (atX * atX + atY * atY);
      }),
    );
    if (!all) return [name, 0, null, null, null];
    const spread = Math.sqrt(Math.max(0, squares / all - (x / all) ** 2 - (y / all) ** 2));
    return [name, all, Math.round(x / all), Math.round(y / all), Math.round(spread)];
  });
}
