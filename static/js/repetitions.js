// The set of repetitions that an event belongs to: how many, how fast, each one, and how far the joints travel first and last.
import { element } from "./elements.js";
import { degrees, jointLabel, signedDegrees } from "./joints.js";

const STEADY = 0.1; // a drift below this is no drift
const MOVING_DEG = 15;
const SHOWN_JOINTS = 6;

export function showRepetitions(place, set) {
  if (set.count < 2) {
    place.append(element("p", { class: "muted mb-0" }, "A single one: no other repetition came right before or after it."));
    return;
  }
  place.append(
    element("p", { class: "set-lead" }, element("b", {}, `${set.action} × ${set.count}`), set.tempo_per_min === null ? "" : `, ${Math.round(set.tempo_per_min)} a minute`, drift(set.tempo_drift)),
    element("div", { class: "set-tables" }, scrolling("Each repetition", eachTable(set)), rangeTable(set)),
  );
}

function drift(share) {
  if (share === null || Math.abs(share) < STEADY) return share === null ? "." : ", steady to the end.";
  return `, ${Math.round(Math.abs(share) * 100)} % ${share < 0 ? "slower" : "faster"} at the end.`;
}

function eachTable(set) {
  const longest = Math.max(...set.repetitions.map(({ duration_s: seconds }) => seconds));
  const rows = set.repetitions.map((one, place) => {
    const here = one.event_id === set.event_id;
    const bar = element("span", { class: "set-bar", "aria-hidden": "true" });
    bar.style.setProperty("--share", one.duration_s / longest);
    const name = here ? element("b", { "aria-current": "true" }, `${place + 1}, this one`) : element("a", { href: `/history/${one.event_id}` }, `${place + 1}`);
    return element(
      "tr",
      { "data-here": here },
      element("th", { scope: "row" }, name),
      element("td", {}, element("span", { class: "set-duration" }, bar, `${one.duration_s.toFixed(1)} s`)),
      element("td", { class: "text-end" }, one.tempo_per_min === null ? "–" : `${Math.round(one.tempo_per_min)}`),
      element("td", { class: "text-end text-nowrap" }, one.distance === null ? "–" : one.distance.toFixed(2), element("span", { class: "set-threshold muted" }, ` of ${one.threshold.toFixed(2)}`)),
    );
  });
  return table("Each repetition", ["No.", "Lasted", "A minute", "Distance"], rows, [2, 3]);
}

function rangeTable(set) {
  const [first, last] = [set.repetitions[0].range_deg, set.repetitions.at(-1).range_deg];
  const joints = Object.keys(first)
    .filter((joint) => joint in last && Math.max(first[joint], last[joint]) >= MOVING_DEG)
    .sort((a, b) => Math.max(first[b], last[b]) - Math.max(first[a], last[a]))
    .slice(0, SHOWN_JOINTS);
  if (!joints.length) return "";
  const rows = joints.map((joint) => {
    const change = signedDegrees(Math.round(last[joint]) - Math.round(first[joint]));
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, jointLabel(joint)),
      ...[degrees(first[joint]), degrees(last[joint]), change].map((text) => element("td", { class: "text-end" }, text)),
    );
  });
  return scrolling("Range of motion", table("How far joints travel, first and last repetition", ["Range of motion", "First", "Last", "Change"], rows, [1, 2, 3]));
}

function table(caption, heads, rows, right) {
  const head = heads.map((text, column) => element("th", { scope: "col", class: right.includes(column) ? "text-end" : null }, text));
  return element("table", { class: "table numbers" }, element("caption", { class: "visually-hidden" }, caption), element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
}

// scrolling sideways must also work by keyboard
const scrolling = (label, content) => element("div", { class: "table-responsive", tabindex: 0, role: "region", "aria-label": label }, content);
