// Pose sequences as docs/protocol.md has them, cut and mirrored; the one that is given stays as it is.
import { flipPartners, skeletonOf } from "./skeletons.js";

// The frames from startS to endS, times from 0 again.
export function cutSequence(sequence, startS, endS) {
  const kept = sequence.times_s.flatMap((time, t) => (time >= startS - 1e-6 && time <= endS + 1e-6 ? [t] : []));
  const pick = (values) => values && kept.map((t) => values[t]);
  const first = sequence.times_s[kept[0]] ?? 0;
  return {
    ...sequence,
    times_s: kept.map((t) => sequence.times_s[t] - first),
    keypoints: pick(sequence.keypoints),
    scores: pick(sequence.scores),
    world_m: pick(sequence.world_m),
  };
}

// As a mirror shows it: what was on the left is on the right, and is called so. World coordinates are left out.
export function mirroredSequence(sequence) {
  const partner = flipPartners(skeletonOf(sequence));
  const flip = ([x, y]) => (x === null ? [null, null] : [-x, y]);
  return {
    ...sequence,
    keypoints: sequence.keypoints.map((pose) => partner.map((k) => flip(pose[k]))),
    scores: sequence.scores.map((scores) => partner.map((k) => scores[k])),
    world_m: null,
  };
}
