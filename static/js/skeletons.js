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
};

export const side = (keypoint) => (keypoint.includes("left") ? "left" : keypoint.includes("right") ? "right" : "middle");
