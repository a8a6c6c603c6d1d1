// The plan of a guided recording: one place after the other, each with what to do there.

// share: of the picture that the person takes up, in height or width, whichever is more.
export const DISTANCES = {
  near: { text: "close to the camera", share: [0.62, 1.01] },
  middle: { text: "in the middle of the room", share: [0.38, 0.8] },
  far: { text: "far from the camera", share: [0.1, 0.55] },
};
export const SIDES = {
  front: "facing the camera",
  left: "with your left side to the camera",
  right: "with your right side to the camera",
  back: "with your back to the camera",
};

// [{distance, side, count, text}]: each distance once, turning there, so that nobody walks more than needed.
export function stations(distances, sides, count) {
  return distances.flatMap((distance) =>
    sides.map((side) => ({ distance, side, count, text: `Stand ${DISTANCES[distance].text}, ${SIDES[side]}.` })),
  );
}
