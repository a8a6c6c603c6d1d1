// Which parts of a person, or of a hand, are in view, and what to do about the missing ones.

const IN_VIEW_SCORE = 0.5;
const FAR_SHARE = 0.3; // of the picture's height; smaller people give coarse keypoints

const HAND_FAR_SHARE = 0.12;

const BODY_PARTS = {
  head: ["nose", "left_ear", "right_ear"],
  arms: ["left_elbow", "right_elbow", "left_wrist", "right_wrist"],
  hips: ["left_shoulder", "right_shoulder", "left_hip", "right_hip"],
  legs: ["left_knee", "right_knee"],
  feet: ["left_ankle", "right_ankle"],
};

const HAND_PARTS = {
  palm: ["wrist", "index_mcp", "pinky_mcp"],
  thumb: ["thumb_ip", "thumb_tip"],
  fingers: ["index_tip", "middle_tip", "ring_tip", "pinky_tip"],
};

export const isHand = ({ keypoints }) => keypoints.includes("middle_mcp") && !keypoints.includes("left_shoulder");

// What somebody, or a hand, is called on the page.
export const personName = (personId, skeleton) => `${skeleton && isHand(skeleton) ? "Hand" : "Person"} ${personId}`;

export const nobodySeen = (skeleton) => (skeleton && isHand(skeleton) ? "No hand was seen" : "Nobody was seen");

// Those of which the skeleton has more than half the keypoints: nobody can show a part that is not looked for.
function partsOf(skeleton) {
  const known = Object.entries(isHand(skeleton) ? HAND_PARTS : BODY_PARTS).map(([part, names]) => {
    const there = names.filter((name) => skeleton.keypoints.includes(name));
    return there.length > names.length / 2 ? [part, there] : null;
  });
  return Object.fromEntries(known.filter(Boolean));
}

export const partNames = (skeleton) => Object.keys(partsOf(skeleton));

// {head: true, ...} for a person of a result; a part counts when all but one of its keypoints are inside the picture.
export function partsInView(person, result, skeleton) {
  const visible = (name) => {
    const keypoint = person.keypoints[skeleton.keypoints.indexOf(name)];
    if (!keypoint || keypoint[0] === null || keypoint[2] < IN_VIEW_SCORE) return false;
    return keypoint[0] >= 0 && keypoint[1] >= 0 && keypoint[0] <= result.width_px && keypoint[1] <= result.height_px;
  };
  return Object.fromEntries(
    Object.entries(partsOf(skeleton)).map(([part, names]) => {
      const count = names.filter(visible).length;
      return [part, count >= Math.max(1, names.length - 1)];
    }),
  );
}

// One sentence; {text, good}.
export function advice(person, parts, result, skeleton) {
  if (isHand(skeleton)) return handAdvice(person, parts, result);
  if (!person) return { text: "Step into the picture.", good: false };
  const missing = partNames(skeleton).filter((part) => !parts[part]);
  if (missing.includes("hips") && missing.includes("legs")) return { text: "Step back until your whole body is in view.", good: false };
  if (missing.length && missing.length === partNames(skeleton).length)
    return { text: `Step back until your ${missing.join(" and ")} are in view.`, good: false };
  if (missing.includes("legs") || missing.includes("feet"))
    return { text: "Your feet are not in view: step back or tilt the camera down. Fine for movements of the arms alone.", good: true };
  if (missing.includes("head")) return { text: "Your head is not in view: step back or tilt the camera up.", good: true };
  if (missing.includes("arms")) return { text: "Your arms are partly hidden: leave room at both sides.", good: true };
  const [, y1, , y2] = person.box_px;
  if ((y2 - y1) / result.height_px < FAR_SHARE) return { text: "You are in view, but small: come closer if you can.", good: true };
  return { text: "All in view.", good: true };
}

function handAdvice(hand, parts, result) {
  if (!hand) return { text: "Show your hand to the camera.", good: false };
  if (!parts.palm) return { text: "Move your hand into the picture.", good: false };
  if (!parts.fingers || !parts.thumb) return { text: "Your fingers are partly out of view: move your hand towards the middle.", good: true };
  const [, y1, , y2] = hand.box_px;
  if ((y2 - y1) / result.height_px < HAND_FAR_SHARE) return { text: "Your hand is in view, but small: hold it closer if you can.", good: true };
  return { text: "All in view.", good: true };
}

// The person to look at by default: the largest.
export function nearest(people) {
  const area = ({ box_px: [x1, y1, x2, y2] }) => (x2 - x1) * (y2 - y1);
  return people.reduce((best, person) => (!best || area(person) > area(best) ? person : best), null);
}
