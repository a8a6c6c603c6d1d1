// Joints as people name them, and what their angles mean; webapp/core/angles.py measures them.

const MEANINGS = {
  shoulder: "0° hangs, 180° is overhead",
  elbow: "180° is straight",
  hip: "180° is straight",
  knee: "180° is straight",
  ankle: "larger is stretched further",
  trunk: "0° is upright",
  head: "0° is in line with the trunk",
  legs: "0° is closed",
  mcp: "180° is straight",
  pip: "180° is straight",
  ip: "180° is straight",
  spread: "larger is further from the palm",
  palm: "0° has the fingers up",
};

// of fingers, which anatomy calls by letters
const FINGER_JOINTS = { mcp: "knuckle", pip: "middle joint", ip: "joint", spread: "spread" };

export function jointLabel(joint) {
  const [first, second] = joint.split("_");
  if (!FINGER_JOINTS[second]) return joint.replace("_", " ");
  const finger = first === "thumb" ? "thumb" : `${first === "pinky" ? "little" : first} finger`;
  return `${finger}, ${FINGER_JOINTS[second]}`;
}

export const jointMeaning = (joint) => MEANINGS[joint.split("_").at(-1)] ?? "";

export const degrees = (value) => (value === null ? "–" : `${Math.round(value)}°`);

export function signedDegrees(value) {
  const whole = Math.round(value);
  return whole === 0 ? "0°" : `${whole > 0 ? "+" : "−"}${Math.abs(whole)}°`;
}
