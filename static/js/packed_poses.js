// The poses of one person in few bytes, as docs/protocol.md has them; webapp/core/packed_poses.py reads them.

export const MAX_POSES = 64;

const PER_HEIGHT = 8192;
const PER_SCORE = 255;
const PER_METRE = 1000;
const [PLACE_STEP, SCORE_STEP, METRE_STEP] = [8, 17, 8]; // multiples of these are sent: the model trembles by more
const HIDDEN = -32768;
const LARGEST = 32767;

// people: of one person, one after the other, each with keypoints [[x_px, y_px, score]] and world_m [[x, y, z]] or, in all
// of them, null. Resolves to an ArrayBuffer, which is empty for no poses.
export async function packPoses(people, heightPx) {
  if (!people.length) return new ArrayBuffer(0);
  const rows = people.map((person) => person.keypoints.map((keypoint, k) => wholeNumbers(keypoint, person.world_m?.[k], heightPx)));
  const columns = rows[0][0].length;
  const differences = new Int16Array(columns * rows[0].length * rows.length); // which wraps around, as the format has it
  let place = 0;
  for (let column = 0; column < columns; column += 1) {
    for (let k = 0; k < rows[0].length; k += 1) {
      for (let n = 0; n < rows.length; n += 1) differences[place++] = rows[n][k][column] - (n ? rows[n - 1][k][column] : 0);
    }
  }
  return deflated(bytePlanes(differences));
}

function wholeNumbers([x, y, score], world, heightPx) {
  const hidden = x === null;
  const place = (px) => whole((px / heightPx) * PER_HEIGHT, PLACE_STEP);
  const seen = hidden ? [HIDDEN, HIDDEN, 0] : [place(x), place(y), whole(score * PER_SCORE, SCORE_STEP)];
  return world ? [...seen, ...world.map((value) => whole(value * PER_METRE, METRE_STEP))] : seen;
}

// The multiple of step nearest to the value, as far as it fits.
function whole(value, step) {
  const most = Math.floor(LARGEST / step);
  return step * Math.max(-most, Math.min(most, Math.round(value / step)));
}

// All low bytes, then all high bytes: the high ones are nearly all alike.
function bytePlanes(values) {
  const planes = new Uint8Array(2 * values.length);
  values.forEach((value, position) => {
    planes[position] = value & 255;
    planes[values.length + position] = (value >> 8) & 255;
  });
  return planes;
}

function deflated(bytes) {
  return new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"))).arrayBuffer();
}
