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
};

export const jointLabel = (joint) => joint.replace("_", " ");

export const jointMeaning = (joint) => MEANINGS[joint.split("_").at(-1)] ?? "";

export const degrees = (value) => (value === null ? "–" : `${Math.round(value)}°`);

export function signedDegrees(value) {
  const whole = Math.round(value);
  return whole === 0 ? "0°" : `${whole > 0 ? "+" : "−"}${Math.abs(whole)}°`;
}
