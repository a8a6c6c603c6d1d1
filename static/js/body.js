// Which parts of a person are in view, and what to do about the missing ones.

const IN_VIEW_SCORE = 0.5;
const FAR_SHARE = 0.3; // of the picture's height; smaller people give coarse keypoints

const PARTS = {
  head: ["nose", "left_ear", "right_ear"],
  arms: ["left_elbow", "right_elbow", "left_wrist", "right_wrist"],
  hips: ["left_shoulder", "right_shoulder", "left_hip", "right_hip"],
  legs: ["left_knee", "right_knee"],
  feet: ["left_ankle", "right_ankle"],
};

export const PART_NAMES = Object.keys(PARTS);

// {head: true, ...} for a person of a result; a part counts when all but one of its keypoints are inside the picture.
export function partsInView(person, result, skeleton) {
  const visible = (name) => {
    const keypoint = person.keypoints[skeleton.keypoints.indexOf(name)];
    if (!keypoint || keypoint[0] === null || keypoint[2] < IN_VIEW_SCORE) return false;
    return keypoint[0] >= 0 && keypoint[1] >= 0 && keypoint[0] <= result.width_px && keypoint[1] <= result.height_px;
  };
  return Object.fromEntries(
    Object.entries(PARTS).map(([part, names]) => {
      const count = names.filter(visible).length;
      return [part, count >= Math.max(1, names.length - 1)];
    }),
  );
}

// One sentence; {text, good}.
export function advice(person, parts, result) {
  if (!person) return { text: "Step into the picture.", good: false };
  const missing = PART_NAMES.filter((part) => !parts[part]);
  if (missing.includes("hips") && missing.includes("legs")) return { text: "Step back until your whole body is in view.", good: false };
  if (missing.includes("legs") || missing.includes("feet"))
    return { text: "Your feet are not in view: step back or tilt the camera down. Fine for movements of the arms alone.", good: true };
  if (missing.includes("head")) return { text: "Your head is not in view: step back or tilt the camera up.", good: true };
  if (missing.includes("arms")) return { text: "Your arms are partly hidden: leave room at both sides.", good: true };
  const [, y1, , y2] = person.box_px;
  if ((y2 - y1) / result.height_px < FAR_SHARE) return { text: "You are in view, but small: come closer if you can.", good: true };
  return { text: "All in view.", good: true };
}

// The person to look at by default: the largest.
export function nearest(people) {
  const area = ({ box_px: [x1, y1, x2, y2] }) => (x2 - x1) * (y2 - y1);
  return people.reduce((best, person) => (!best || area(person) > area(best) ? person : best), null);
}
