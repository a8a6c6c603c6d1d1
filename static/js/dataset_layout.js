// Where the keypoints of a skeleton are drawn: known names at the place that a body or a hand has them, any others where their
// edges pull them; parts without an edge between them lie beside each other. Points are [x, y] in 0..1, y down, the whole skeleton as large as fits.

// Of somebody who faces the reader, so their left is on the right; the other side is its mirror.
const MIDDLE = { head: [0.5, 0.03], nose: [0.5, 0.12], neck: [0.5, 0.22], thorax: [0.5, 0.27], spine: [0.5, 0.4], mid_hip: [0.5, 0.54], pelvis: [0.5, 0.54] };
const LEFT = {
  left_eye_inner: [0.518, 0.085], left_eye: [0.538, 0.08], left_eye_outer: [0.56, 0.083], left_ear: [0.59, 0.105], mouth_left: [0.53, 0.16],
  left_shoulder: [0.62, 0.25], left_elbow: [0.7, 0.39], left_wrist: [0.745, 0.52], left_pinky: [0.785, 0.57], left_index: [0.76, 0.6],
  left_thumb: [0.715, 0.575], left_hip: [0.57, 0.54], left_knee: [0.585, 0.73], left_ankle: [0.59, 0.9], left_heel: [0.58, 0.95],
  left_foot_index: [0.65, 0.965], left_hand: [0.76, 0.57], left_foot: [0.62, 0.96],
};
const HAND = {
  wrist: [0.5, 0.95], thumb_cmc: [0.36, 0.85], thumb_mcp: [0.25, 0.73], thumb_ip: [0.17, 0.63], thumb_tip: [0.1, 0.54],
  index_mcp: [0.36, 0.52], index_pip: [0.32, 0.36], index_dip: [0.3, 0.25], index_tip: [0.285, 0.15],
  middle_mcp: [0.48, 0.49], middle_pip: [0.475, 0.31], middle_dip: [0.472, 0.19], middle_tip: [0.47, 0.08],
  ring_mcp: [0.59, 0.52], ring_pip: [0.62, 0.35], ring_dip: [0.635, 0.24], ring_tip: [0.645, 0.14],
  pinky_mcp: [0.69, 0.58], pinky_pip: [0.75, 0.45], pinky_dip: [0.785, 0.37], pinky_tip: [0.815, 0.29],
};
const PLACES = { ...MIDDLE, ...LEFT, ...HAND };
for (const [name, [x, y]] of Object.entries(LEFT)) PLACES[name.replace("left", "right")] = [1 - x, y];

const STEPS = 250;
const EDGE = 0.18; // how long an edge likes to be

const ROW = 1.6; // how much wider than high a drawing of many parts may become, about

export function layoutOf({ keypoints, edges }) {
  const known = keypoints.map((name) => PLACES[name]);
  const points = keypoints.map(() => null);
  const parts = partsOf(keypoints.length, edges, known).map((members) => {
    const its = members.map((position, place) => (known[position] ? [...known[position]] : onCircle(place, members.length)));
    const within = edges.filter(([a]) => members.includes(a)).map((edge) => edge.map((position) => members.indexOf(position)));
    if (members.some((position) => !known[position])) relax(its, within, members.map((position) => Boolean(known[position])));
    members.forEach((position, place) => (points[position] = its[place]));
    return its;
  });
  layBeside(parts);
  return fitted(points);
}

// Positions that hang together, [[position, ...], ...]: by edges, or because their names have known places.
function partsOf(count, edges, known) {
  const partOf = Array.from({ length: count }, (_, position) => position);
  const join = (a, b) => {
    const [kept, joined] = [partOf[a], partOf[b]];
    partOf.forEach((part, position) => part === joined && (partOf[position] = kept));
  };
  for (const [a, b] of edges) join(a, b);
  const first = known.findIndex(Boolean);
  known.forEach((place, position) => place && join(first, position));
  return [...Map.groupBy(partOf.keys(), (position) => partOf[position]).values()];
}

// Move the points of each part, so that the parts lie in rows with room between them.
function layBeside(parts) {
  const boxes = parts.map((points) => ({ points, ...boxOf(points) }));
  const room = Math.sqrt(boxes.reduce((sum, { width, height }) => sum + (width + EDGE) * (height + EDGE), 0));
  const widest = Math.max(ROW * room, ...boxes.map(({ width }) => width));
  const rows = [];
  for (const box of boxes) {
    const row = rows.at(-1);
    if (row && row.width + EDGE + box.width <= widest) Object.assign(row, { width: row.width + EDGE + box.width, height: Math.max(row.height, box.height) }).boxes.push(box);
    else rows.push({ width: box.width, height: box.height, boxes: [box] });
  }
  let y = 0;
  for (const row of rows) {
    let x = 0;
    for (const { points, left, top, width, height } of row.boxes) {
      const down = y + (row.height - height) / 2;
      for (const point of points) [point[0], point[1]] = [point[0] - left + x, point[1] - top + down];
      x += width + EDGE;
    }
    y += row.height + EDGE;
  }
}

function onCircle(position, count) {
  const angle = (2 * Math.PI * position) / count - Math.PI / 2;
  return [0.5 + 0.38 * Math.cos(angle), 0.5 + 0.38 * Math.sin(angle)];
}

// Points push each other away, edges pull (Fruchterman and Reingold 1991); what is known stays.
function relax(points, edges, pinned) {
  for (let step = 0; step < STEPS; step += 1) {
    const forces = points.map(() => [0, 0]);
    const push = (a, b, strength) => {
      const [dx, dy] = [points[a][0] - points[b][0], points[a][1] - points[b][1]];
      const distance = Math.hypot(dx, dy) || 0.001;
      const size = strength(distance) / distance;
      forces[a][0] += dx * size;
      forces[a][1] += dy * size;
      forces[b][0] -= dx * size;
      forces[b][1] -= dy * size;
    };
    for (let a = 0; a < points.length; a += 1) for (let b = 0; b < a; b += 1) push(a, b, (distance) => (EDGE * EDGE) / distance / 2);
    for (const [a, b] of edges) push(a, b, (distance) => -(distance * distance) / EDGE);
    const most = 0.05 * (1 - step / STEPS);
    points.forEach((point, position) => {
      if (pinned[position]) return;
      const [fx, fy] = forces[position];
      const size = Math.hypot(fx, fy) || 1;
      point[0] += (fx / size) * Math.min(size, most);
      point[1] += (fy / size) * Math.min(size, most);
    });
  }
}

function boxOf(points) {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return { left, top, width: Math.max(...xs) - left, height: Math.max(...ys) - top };
}

function fitted(points) {
  const { left, top, width, height } = boxOf(points);
  const scale = 1 / (Math.max(width, height) || 1);
  const shift = (size) => (1 - size * scale) / 2;
  return points.map(([x, y]) => [(x - left) * scale + shift(width), (y - top) * scale + shift(height)]);
}
