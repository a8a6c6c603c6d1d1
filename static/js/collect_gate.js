// Whether what is seen now is worth a shot: one whole person, at the right distance, still, and in a pose of its own.
import { DISTANCES } from "./collect_plan.js";

const GUESSED = 0.3; // below this score a keypoint is a guess
const SEEN = 0.5;
const STILL = 0.7; // torso lengths a second; at 1/60 s of exposure a torso of 200 pixels then blurs over 2 of them
const DIFFERENT = 0.3; // torso lengths that the joints that differ most are apart; less trembles by itself
const REMEMBERED = 12; // shots of this place that a new one must differ from
const EDGE = 0.005; // of the picture; what lies beyond it is cut off
const TORSO_PER_SHOULDER_WIDTH = 1.3;
const SMALLEST_MOVED = 2; // keypoints that a difference is measured by

const HEAD = /^(nose|(left|right)_(eye|ear)(_inner|_outer)?|mouth_(left|right))$/;
const PARTS = [
  [HEAD, "Your head is cut off or hidden: step back, or tilt the camera up."],
  [/(ankle|heel|foot_index)$/, "Step back: your feet are cut off."],
  [/(knee|hip)$/, "Step back: your legs are cut off."],
  [/(elbow|wrist|pinky|index|thumb|tip|mcp|pip|dip|cmc)$/, "Your arms or hands are cut off: leave room at both sides."],
];

export class ShotGate {
  // keypoints: names that the dataset has.
  constructor(keypoints) {
    this.keypoints = keypoints;
    this.begin();
  }

  // At a new place every pose is new.
  begin() {
    this.last = null;
    this.shots = [];
  }

  // {ready, text, pose}: text says what is waited for; pose: what to remember, once a shot was made of it.
  look(frame, skeleton, { distance, side }) {
    const before = this.last;
    this.last = null;
    const wanted = this.keypoints.filter((name) => skeleton.keypoints.includes(name));
    if (!wanted.length) return waitFor("The models in use find none of this dataset's keypoints: choose others under Models.");
    if (!frame.people.length) return waitFor("Step into the picture.");
    if (frame.people.length > 1) return waitFor(`${inWords(frame.people.length)} people are in view: only one may be.`);
    const [person] = frame.people;
    const points = pointsOf(person, skeleton, wanted);
    const missing = cutOff(points, frame, side);
    if (missing) return waitFor(missing);
    const sizePx = torsoOf(person, skeleton);
    const pose = { points, sizePx, timeS: frame.time_s };
    this.last = pose;
    const far = wrongDistance(person, frame, distance);
    if (far) return waitFor(far);
    if (this.shots.some((shot) => difference(shot, pose, { centred: true }) < DIFFERENT))
      return waitFor("Move: this is too much like one of the last shots.");
    if (!before) return waitFor("Hold still.");
    const elapsedS = Math.max(0.01, pose.timeS - before.timeS);
    if (difference(before, pose) / elapsedS > STILL) return waitFor("Hold still for a moment.");
    return { ready: true, text: "Hold it …", pose };
  }

  remember(pose) {
    this.shots = [...this.shots.slice(1 - REMEMBERED), pose];
  }
}

const waitFor = (text) => ({ ready: false, text, pose: null });

const inWords = (count) => ["Two", "Three", "Four"][count - 2] ?? String(count);

// How far the quarter of the keypoints that differs most is apart, in torso lengths; centred: wherever the person stands.
export function difference(one, other, { centred = false } = {}) {
  const names = [...one.points.keys()].filter((name) => trusted(one.points.get(name)) && trusted(other.points.get(name)));
  if (!names.length) return Infinity;
  const middleOf = ({ points }) => (centred ? mean(names.map((name) => points.get(name))) : [0, 0]);
  const [[x1, y1], [x2, y2]] = [middleOf(one), middleOf(other)];
  const [scale1, scale2] = centred ? [one.sizePx, other.sizePx] : [other.sizePx, other.sizePx];
  const apart = names
    .map((name) => {
      const [a, b] = [one.points.get(name), other.points.get(name)];
      return Math.hypot((a[0] - x1) / scale1 - (b[0] - x2) / scale2, (a[1] - y1) / scale1 - (b[1] - y2) / scale2);
    })
    .sort((a, b) => b - a);
  const most = apart.slice(0, Math.max(SMALLEST_MOVED, Math.ceil(apart.length / 4)));
  return most.reduce((sum, value) => sum + value, 0) / most.length;
}

const trusted = (point) => point && point[0] !== null && point[2] >= GUESSED;

const mean = (points) => [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);

const pointsOf = (person, skeleton, names) => new Map(names.map((name) => [name, person.keypoints[skeleton.keypoints.indexOf(name)]]));

// The sentence for the first part of the person that is not wholly in the picture; null when all is. Of left and right one
// has to be seen, as the other may be behind the body; from behind no face is.
function cutOff(points, { width_px: width, height_px: height }, side) {
  const isInside = ([x, y]) => x !== null && x >= EDGE * width && y >= EDGE * height && x <= (1 - EDGE) * width && y <= (1 - EDGE) * height;
  const pairs = new Map();
  for (const [name, point] of points) {
    const pair = HEAD.test(name) ? "head" : name.replace(/(^|_)(left|right)(?=_|$)/, "");
    const known = pairs.get(pair) ?? { name, inside: true, seen: false };
    known.inside &&= isInside(point);
    known.seen ||= isInside(point) && (point[2] >= SEEN || (pair === "head" && side === "back"));
    pairs.set(pair, known);
  }
  const worst = [...pairs.values()].find(({ inside, seen }) => !inside || !seen);
  if (!worst) return null;
  return PARTS.find(([pattern]) => pattern.test(worst.name))?.[1] ?? "Step back: you are not wholly in view.";
}

function wrongDistance(person, { width_px: width, height_px: height }, distance) {
  const [x1, y1, x2, y2] = person.box_px;
  const share = Math.max((x2 - x1) / width, (y2 - y1) / height);
  const [least, most] = DISTANCES[distance].share;
  if (share < least) return "Come closer to the camera.";
  return share > most ? "Go further away from the camera." : null;
}

// The longer of what shoulders and hips show and what the shoulder width suggests, as the server measures it.
function torsoOf(person, skeleton) {
  const at = (name) => {
    const point = person.keypoints[skeleton.keypoints.indexOf(name)];
    return trusted(point) ? point : null;
  };
  const [left, right] = [at("left_shoulder"), at("right_shoulder")];
  const [leftHip, rightHip] = [at("left_hip"), at("right_hip")];
  const width = left && right ? Math.hypot(left[0] - right[0], left[1] - right[1]) * TORSO_PER_SHOULDER_WIDTH : 0;
  const length =
    left && right && leftHip && rightHip
      ? Math.hypot(left[0] + right[0] - leftHip[0] - rightHip[0], left[1] + right[1] - leftHip[1] - rightHip[1]) / 2
      : 0;
  const [x1, y1, x2, y2] = person.box_px;
  return Math.max(width, length) || 0.3 * Math.max(x2 - x1, y2 - y1, 1); // a torso is about so much of a person
}
