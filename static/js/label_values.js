// What a label is made of: {box_px: [x1, y1, x2, y2], points: [[x_px, y_px, visibility], ...], state}. Values never change: every
// edit makes a new one, so that undoing is going back to an old one. An absent keypoint remembers where it was.
import { flipPartners, side } from "./skeletons.js";

export const ABSENT = 0;
export const HIDDEN = 1;
export const VISIBLE = 2;
export const VISIBILITIES = ["absent", "hidden", "visible"];
export const UNSURE = 0.5; // a teacher's keypoint below this is marked
export const CROP_MARGIN = 1.25; // as webapp/datasets/crops.py
const SMALLEST_BOX_PX = 4;

const rounded = (value) => Math.round(value * 100) / 100;
const clamped = (value, low, high) => Math.min(high, Math.max(low, value));

// The label that a sample of the server has; nothing placed where it has none.
export function labelOf(sample, count) {
  const points = sample.keypoints?.map(([x, y, visibility]) => [x, y, visibility]) ?? Array.from({ length: count }, () => [null, null, ABSENT]);
  return { box_px: sample.box_px, points, state: sample.state };
}

// What the server is told.
export function bodyOf(label, revision) {
  const keypoints = label.points.map(([x, y, visibility]) => (visibility === ABSENT ? [null, null, ABSENT] : [x, y, visibility]));
  return { revision, box_px: label.box_px, keypoints, state: label.state };
}

export function sameLabel(a, b) {
  if (a === b) return true;
  const [one, other] = [bodyOf(a, 0), bodyOf(b, 0)];
  return JSON.stringify(one) === JSON.stringify(other);
}

export const isPlaced = (label, k) => label.points[k][2] !== ABSENT;

export const placedCount = (label) => label.points.filter((point) => point[2] !== ABSENT).length;

export function insidePicture([x, y], sample) {
  return [rounded(clamped(x, 0, sample.width_px)), rounded(clamped(y, 0, sample.height_px))];
}

export const withPoint = (label, k, point) => ({ ...label, points: label.points.with(k, point) });

export const withState = (label, state) => ({ ...label, state });

// A state that goes with the keypoints: a label that was begun is still to be reviewed, one that is empty is none.
export function withFittingState(label) {
  const placed = placedCount(label) > 0;
  if (placed && label.state === "unlabelled") return withState(label, "proposed");
  return !placed && label.state !== "excluded" ? withState(label, "unlabelled") : label;
}

// The box with its corners in order, inside the picture and not smaller than can be seen.
export function withBox(label, [x1, y1, x2, y2], sample) {
  const [left, top] = [clamped(Math.min(x1, x2), 0, sample.width_px - SMALLEST_BOX_PX), clamped(Math.min(y1, y2), 0, sample.height_px - SMALLEST_BOX_PX)];
  const right = clamped(Math.max(x1, x2), left + SMALLEST_BOX_PX, sample.width_px);
  const bottom = clamped(Math.max(y1, y2), top + SMALLEST_BOX_PX, sample.height_px);
  return { ...label, box_px: [left, top, right, bottom].map(rounded) };
}

// The box around what is placed, with a tenth of room on every side; the same label where less than two are.
export function withFittingBox(label, sample) {
  const placed = label.points.filter((point) => point[2] !== ABSENT);
  if (placed.length < 2) return label;
  const [xs, ys] = [placed.map((point) => point[0]), placed.map((point) => point[1])];
  const room = 0.1 * Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
  return withBox(label, [Math.min(...xs) - room, Math.min(...ys) - room, Math.max(...xs) + room, Math.max(...ys) + room], sample);
}

// Every keypoint takes its partner's place.
export const withSidesSwapped = (label, partners) => ({ ...label, points: label.points.map((_, k) => label.points[partners[k]]) });

// Another label's keypoints, at the same places relative to the box.
export function withPointsOf(label, other, sample) {
  const [x1, y1, x2, y2] = other.box_px;
  const [left, top, right, bottom] = label.box_px;
  const points = other.points.map(([x, y, visibility]) => {
    if (visibility === ABSENT) return [null, null, ABSENT];
    const at = [left + ((x - x1) / (x2 - x1)) * (right - left), top + ((y - y1) / (y2 - y1)) * (bottom - top)];
    return [...insidePicture(at, sample), visibility];
  });
  return { ...label, points };
}

// The square that is shown large: {x, y, size} in pixels of the picture.
export function cropSquare([x1, y1, x2, y2]) {
  const size = CROP_MARGIN * Math.max(x2 - x1, y2 - y1);
  return { x: (x1 + x2) / 2 - size / 2, y: (y1 + y2) / 2 - size / 2, size };
}

// "left", "right" or "middle" of each keypoint: by its name, else by its place in its flip pair.
export function sidesOf(skeleton) {
  const partners = flipPartners(skeleton);
  return skeleton.keypoints.map((name, k) => {
    const named = side(name);
    if (named !== "middle" || partners[k] === k) return named;
    return k < partners[k] ? "left" : "right";
  });
}

// Pairs whose left is on the other side of their right than most pairs have it: perhaps exchanged. Names without the side.
export function pairsAgainstTheOthers(label, skeleton, partners, sides) {
  const width = label.box_px[2] - label.box_px[0];
  const pairs = partners
    .map((partner, k) => [k, partner])
    .filter(([k, partner]) => sides[k] === "left" && partner !== k && isPlaced(label, k) && isPlaced(label, partner))
    .map(([k, partner]) => ({ k, apart: label.points[k][0] - label.points[partner][0] }))
    .filter(({ apart }) => Math.abs(apart) > 0.05 * width);
  const balance = pairs.reduce((sum, { apart }) => sum + Math.sign(apart), 0);
  if (pairs.length < 3 || Math.abs(balance) < pairs.length / 3) return [];
  return pairs.filter(({ apart }) => Math.sign(apart) !== Math.sign(balance)).map(({ k }) => plainName(skeleton.keypoints[k].replace("left", "")));
}

export const plainName = (keypoint) => keypoint.replaceAll("_", " ").trim();
