// How much a pose sequence moves, over time: the strip behind the trim handles. A picture for the person only; what counts
// as still is decided by the server's check.
import { MIN_SCORE } from "./drawing.js";

const MOVING_PARTS = /(shoulder|elbow|wrist|hip|knee|ankle)$|_(pip|dip|ip|tip)$/;

// Mean speed of the limbs, or fingers, at each frame, in torso lengths a second, smoothed.
export function motionEnergy(sequence, keypointNames) {
  const parts = keypointNames.flatMap((name, position) => (MOVING_PARTS.test(name) ? [position] : []));
  const size = bodySize(sequence);
  const raw = sequence.times_s.map((time, t) => {
    if (t === 0) return 0;
    const elapsed = Math.max(1e-3, time - sequence.times_s[t - 1]);
    const speeds = parts.flatMap((k) => step(sequence, t, k)).map((distance) => distance / size / elapsed);
    return speeds.length ? speeds.reduce((sum, speed) => sum + speed, 0) / speeds.length : 0;
  });
  return raw.map((_, t) => {
    const near = raw.slice(Math.max(0, t - 2), t + 3);
    return near.reduce((sum, value) => sum + value, 0) / near.length;
  });
}

function step(sequence, t, k) {
  if (sequence.scores[t][k] < MIN_SCORE || sequence.scores[t - 1][k] < MIN_SCORE) return [];
  const [x, y] = sequence.keypoints[t][k];
  const [previousX, previousY] = sequence.keypoints[t - 1][k];
  return x === null || previousX === null ? [] : [Math.hypot(x - previousX, y - previousY)];
}

function bodySize(sequence) {
  const heights = sequence.keypoints.map((pose, t) => {
    const ys = pose.flatMap(([, y], k) => (y !== null && sequence.scores[t][k] >= MIN_SCORE ? [y] : []));
    return ys.length ? Math.max(...ys) - Math.min(...ys) : 0;
  });
  const sorted = heights.filter((height) => height > 0).sort((a, b) => a - b);
  return sorted.length ? Math.max(0.02, sorted[sorted.length >> 1] / 3) : 1;
}
