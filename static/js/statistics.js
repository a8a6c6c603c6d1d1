// The page of a dataset's statistics: each number as a plot and in a table.
import { requestJson } from "./api.js";
import { find } from "./elements.js";
import { SPLITS } from "./grid_cell.js";
import { heatMaps, placeRows } from "./statistics_heat.js";
import { lyingBars, numbersTable, ranges, standingBars } from "./plots.js";

const STATES = { unlabelled: "no label yet", proposed: "proposed", reviewed: "reviewed", excluded: "excluded" };
const MOST_PEOPLE = 40;

const root = find(document, "[data-statistics]");

function show(numbers) {
  find(root, "[data-waiting]").textContent = `${numbers.samples.toLocaleString()} samples in ${numbers.pictures.toLocaleString()} pictures. Excluded samples count under Labels alone.`;
  find(root, "[data-empty]").hidden = numbers.samples > 0;
  if (!numbers.samples) return;
  counts("states", "Samples by how far their labels are", named(numbers.by_state, STATES), "label");
  counts("splits", "Samples by split", named(numbers.by_split, { ...SPLITS, none: "none" }), "split");
  counts("sources", "Samples by source", Object.entries(numbers.by_source), "source");
  showPeople(numbers.people);
  showVisibility(numbers.keypoints);
  showPositions(numbers.keypoints, numbers.positions);
  showConfidence(numbers.confidence_histogram);
  showBones(numbers.bones);
}

function panel(name, wanted = true) {
  const found = find(root, `[data-panel="${name}"]`);
  found.hidden = !wanted;
  return { plot: find(found, "[data-plot]"), table: (...parts) => find(found, "[data-numbers]").replaceChildren(numbersTable(...parts)) };
}

const named = (counted, names) => Object.entries(names).map(([key, name]) => [name, counted[key] ?? 0]);

function counts(name, label, rows, head) {
  const { plot, table } = panel(name);
  lyingBars(plot, { label, labels: rows.map(([text]) => text), series: [{ name: "samples", values: rows.map(([, value]) => value) }] });
  table(label, [head, "samples"], rows);
}

function showPeople(people) {
  const most = people.toSorted((one, other) => other.samples - one.samples).slice(0, MOST_PEOPLE);
  counts("people", most.length < people.length ? `Samples of the ${MOST_PEOPLE} people with the most` : "Samples by person", most.map(({ name, samples }) => [name ?? "nobody named", samples]), "person");
}

function showVisibility(keypoints) {
  const { plot, table } = panel("visibility");
  const label = "How often each joint is visible, hidden or absent";
  const series = ["visible", "hidden", "absent"].map((name) => ({ name, values: keypoints.map((joint) => joint[name]) }));
  lyingBars(plot, { label, labels: keypoints.map(({ name }) => name), series });
  table(label, ["joint", "visible", "hidden", "absent"], keypoints.map(({ name, visible, hidden, absent }) => [name, visible, hidden, absent]));
}

function showPositions(keypoints, positions) {
  const { plot, table } = panel("positions", keypoints.some(({ visible, hidden }) => visible + hidden));
  const names = keypoints.map(({ name }) => name);
  heatMaps(plot, names, positions);
  table("Where each joint lies: mean and spread in percent of the square's side", ["joint", "samples", "across", "down", "spread"], placeRows(names, positions));
}

function showConfidence(histogram) {
  const { plot, table } = panel("confidence", histogram.some(Boolean));
  const edge = (number) => `${Math.round((100 * number) / histogram.length)}`;
  const rows = histogram.map((samples, number) => [`${edge(number)} to ${edge(number + 1)} %`, samples]);
  const label = "Samples by how sure the model was of its least sure keypoint";
  standingBars(plot, { label, labels: rows.map((_, number) => edge(number)), series: [{ name: "samples", values: histogram }], xTitle: "at least so many percent sure", gap: false });
  table(label, ["sure", "samples"], rows);
}

function showBones(bones) {
  const { plot, table } = panel("bones", bones.length > 0);
  const labels = bones.map(({ from, to }) => `${from} – ${to}`);
  const label = "Lengths of bones in shares of the longer side of the box";
  ranges(plot, { label, labels, lows: bones.map(({ low }) => low), middles: bones.map(({ median }) => median), highs: bones.map(({ high }) => high), xTitle: "shares of the longer side of the box" });
  table(label, ["bone", "low", "median", "high"], bones.map(({ low, median, high }, row) => [labels[row], low, median, high]));
}

requestJson(root.dataset.url).then(show, (error) => (find(root, "[data-waiting]").textContent = error.message));
