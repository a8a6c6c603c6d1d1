// Keypoint names and edges of the skeletons a stored sequence may have; the server's webapp/core/skeleton.py is the original
// and a test compares them. A live session gets them from the server instead.

const FACE = "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer left_ear right_ear mouth_left mouth_right";
const BODY = "left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist";
const HANDS = "left_pinky right_pinky left_index right_index left_thumb right_thumb";
const LEGS = "left_hip right_hip left_knee right_knee left_ankle right_ankle";
const FEET = "left_heel right_heel left_foot_index right_foot_index";

const LIMBS = [
  ["left_shoulder", "right_shoulder"],
  ["left_shoulder", "left_elbow"],
  ["left_elbow", "left_wrist"],
  ["right_shoulder", "right_elbow"],
  ["right_elbow", "right_wrist"],
  ["left_shoulder", "left_hip"],
  ["right_shoulder", "right_hip"],
  ["left_hip", "right_hip"],
  ["left_hip", "left_knee"],
  ["left_knee", "left_ankle"],
  ["right_hip", "right_knee"],
  ["right_knee", "right_ankle"],
];
const HANDS_AND_FEET = [
  ["left_wrist", "left_index"],
  ["left_wrist", "left_pinky"],
  ["left_wrist", "left_thumb"],
  ["right_wrist", "right_index"],
  ["right_wrist", "right_pinky"],
  ["right_wrist", "right_thumb"],
  ["left_ankle", "left_heel"],
  ["left_heel", "left_foot_index"],
  ["right_ankle", "right_heel"],
  ["right_heel", "right_foot_index"],
];
const EYES_AND_EARS = [
  ["nose", "left_eye"],
  ["left_eye", "left_ear"],
  ["nose", "right_eye"],
  ["right_eye", "right_ear"],
];

function skeleton(name, keypoints, edges) {
  const index = new Map(keypoints.map((keypoint, position) => [keypoint, position]));
  return { name, keypoints, edges: edges.map(([from, to]) => [index.get(from), index.get(to)]) };
}

const FINGERS = [
  ["thumb_cmc", "thumb_mcp", "thumb_ip", "thumb_tip"],
  ...["index", "middle", "ring", "pinky"].map((finger) => ["mcp", "pip", "dip", "tip"].map((joint) => `${finger}_${joint}`)),
];
const PALM = [
  ["index_mcp", "middle_mcp"],
  ["middle_mcp", "ring_mcp"],
  ["ring_mcp", "pinky_mcp"],
];
const bones = (finger) => finger.map((joint, position) => [position ? finger[position - 1] : "wrist", joint]);

export const SKELETONS = {
  blazepose_33: skeleton(
    "blazepose_33",
    `${FACE} ${BODY} ${HANDS} ${LEGS} ${FEET}`.split(" "),
    [...LIMBS, ...HANDS_AND_FEET, ...EYES_AND_EARS, ["mouth_left", "mouth_right"]],
  ),
  coco_17: skeleton(
    "coco_17",
    `nose left_eye right_eye left_ear right_ear ${BODY} ${LEGS}`.split(" "),
    [...LIMBS, ...EYES_AND_EARS],
  ),
  upper_body_6: skeleton("upper_body_6", BODY.split(" "), LIMBS.slice(0, 5)),
  hand_21: skeleton("hand_21", ["wrist", ...FINGERS.flat()], [...FINGERS.flatMap(bones), ...PALM]),
};

// The skeleton of a sequence: {name, keypoints, edges}. A sequence names a ready-made one and brings any other whole.
export function skeletonOf(sequence) {
  if (typeof sequence.skeleton === "object") return sequence.skeleton;
  const known = SKELETONS[sequence.skeleton];
  if (!known) throw new Error(`the skeleton ${sequence.skeleton} is unknown to this page`);
  return known;
}

// What a sequence says of this skeleton: the name of a ready-made one, else everything.
export const skeletonReference = (skeleton) => (Object.hasOwn(SKELETONS, skeleton.name) ? skeleton.name : skeleton);

const SIDES = { left: "right", right: "left" };

// For each keypoint the position of its left/right partner; its own where it has none. flip_pairs: positions, where the names
// do not say which is which.
export function flipPartners({ keypoints, flip_pairs: pairs }) {
  if (pairs) {
    const partners = new Map(pairs.flatMap(([a, b]) => [[a, b], [b, a]]));
    return keypoints.map((_, position) => partners.get(position) ?? position);
  }
  const mirrored = (word) => SIDES[word] ?? word;
  const partner = (name) => name.split("_").map(mirrored).join("_");
  return keypoints.map((name, position) => {
    const found = keypoints.indexOf(partner(name));
    return found < 0 ? position : found;
  });
}

export const side = (keypoint) => (keypoint.includes("left") ? "left" : keypoint.includes("right") ? "right" : "middle");
