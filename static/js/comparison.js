// An event beside the best take: what a coach would say, each joint in figures, its two curves, and both bodies at a moment.
import { AngleChart, legend } from "./angle_chart.js";
import { eventSequence, takeSequence } from "./api.js";
import { element } from "./elements.js";
import { degrees, jointLabel, jointMeaning, signedDegrees } from "./joints.js";
import { mirroredSequence } from "./sequences.js";
import { SkeletonPlayer } from "./skeleton_player.js";

const SHOWN = 6; // joints in the table before the others are asked for

export class ComparisonView {
  // showsTake: whether the reader may see the take itself; a coach sees events only.
  constructor(place, comparison, { showsTake = true } = {}) {
    Object.assign(this, { place, comparison, showsTake });
    place.append(this.#sentences());
    if (!comparison.joints.length) return;
    this.select = element(
      "select",
      { class: "form-select form-select-sm", id: "chart-joint", onchange: () => this.#showJoint() },
      ...comparison.joints.map(({ joint }) => element("option", { value: joint }, jointLabel(joint))),
    );
    this.meaning = element("span", { class: "muted small" });
    this.chartPlace = element("div", { class: "chart-place" });
    this.chart = new AngleChart(this.chartPlace);
    this.chart.addEventListener("pick", ({ detail }) => this.#showMoment(this.#stepAt(detail.time_s)));
    this.slider = element("input", { type: "range", min: 0, max: comparison.curves.performance_s.length - 1, step: 1, "aria-label": "Moment of the movement", oninput: () => this.#showMoment(Number(this.slider.value)) });
    this.momentText = element("output", { class: "moment-text numbers small muted" });
    this.bodies = element("div", { class: "bodies", hidden: true });
    place.append(
      element("div", { class: "chart-head" }, element("label", { for: "chart-joint", class: "form-label mb-0" }, "Joint"), this.select, this.meaning),
      this.chartPlace,
      legend([["performance", "this performance"], ["take", comparison.mirrored ? "the best take, left and right exchanged" : "the best take"]]),
      element("div", { class: "moment" }, this.slider, this.momentText),
      this.bodies,
      this.#table(),
    );
    this.#showJoint();
    if (showsTake) this.#showBodies();
  }

  #sentences() {
    const { sentences, take_id: takeId, action_id: actionId, dimensions, mirrored } = this.comparison;
    const how = `Joint angles in ${dimensions === 3 ? "space" : "the picture"}${mirrored ? "; left and right of the take are exchanged, since that fits better" : ""}. `;
    return element(
      "div",
      { class: "coach" },
      element("ul", { "data-sentences": "" }, ...sentences.map((sentence) => element("li", {}, sentence))),
      element("p", { class: "muted small mb-0" }, how, this.showsTake ? element("a", { href: `/actions/${actionId}#take-${takeId}` }, "The take") : ""),
    );
  }

  #table() {
    const rows = this.comparison.joints.map((joint, place) => this.#row(joint, place >= SHOWN));
    const head = ["Joint", "Mean", "Largest", "When", "Range of motion", "Take's range"].map((text, column) => element("th", { scope: "col", class: column ? "text-end" : null }, text));
    const table = element("table", { class: "table joints numbers" }, element("caption", { class: "visually-hidden" }, "How each joint differs, in degrees"), element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
    const hidden = rows.filter((row) => row.hidden);
    const more = element("button", { type: "button", class: "btn btn-sm btn-quiet", onclick: () => (hidden.forEach((row) => (row.hidden = false)), more.remove()) }, `Show ${hidden.length} more joints`);
    // scrolling sideways must also work by keyboard
    return element("div", {}, element("div", { class: "table-responsive", tabindex: 0, role: "region", "aria-label": "Each joint" }, table), hidden.length ? more : "");
  }

  #row(joint, hidden) {
    const choose = element("button", { type: "button", class: "joint-choice", onclick: () => this.#choose(joint.joint) }, jointLabel(joint.joint));
    const cells = [
      degrees(joint.mean_deg),
      element("span", { class: joint.notable ? "tag tag-warn" : null }, signedDegrees(joint.largest_deg)),
      Math.round(joint.largest_deg) ? `${joint.at_s.toFixed(1)} s` : "–",
      degrees(joint.range_deg),
      degrees(joint.take_range_deg),
    ];
    return element("tr", { "data-joint": joint.joint, hidden }, element("th", { scope: "row" }, choose), ...cells.map((cell) => element("td", { class: "text-end" }, cell)));
  }

  #choose(joint) {
    this.select.value = joint;
    this.#showJoint();
    this.chartPlace.scrollIntoView({ block: "nearest" });
  }

  #showJoint() {
    const { curves, joints } = this.comparison;
    const joint = joints.find(({ joint: name }) => name === this.select.value);
    const column = curves.joints.indexOf(joint.joint);
    this.meaning.textContent = jointMeaning(joint.joint);
    const said = `Angle of the ${jointLabel(joint.joint)} over the movement, beside that of the take: differs by ${degrees(joint.mean_deg)} on average, most at ${joint.at_s.toFixed(1)} s.`;
    this.chart.show({ ...averaged(curves, column), label: said });
    for (const row of this.place.querySelectorAll("[data-joint]")) row.toggleAttribute("data-chosen", row.dataset.joint === joint.joint);
    this.#showMoment(this.#stepAt(joint.at_s, joint.take_at_s));
  }

  // The step of the aligned movement at this time, the nearest to the take's time where the performance waits.
  #stepAt(timeS, takeS = null) {
    const { performance_s: ours, take_s: theirs } = this.comparison.curves;
    const away = (step) => Math.abs(ours[step] - timeS) + (takeS === null ? 0 : Math.abs(theirs[step] - takeS) * 0.01);
    return ours.reduce((best, _, step) => (away(step) < away(best) ? step : best), 0);
  }

  #showMoment(step) {
    const { curves } = this.comparison;
    const column = curves.joints.indexOf(this.select.value);
    const [ours, theirs] = [curves.performance_deg[step][column], curves.take_deg[step][column]];
    this.slider.value = step;
    this.chart.mark(curves.performance_s[step]);
    const text = `${curves.performance_s[step].toFixed(1)} s: ${ours === null ? "hidden" : degrees(ours)}, the take ${theirs === null ? "hidden" : degrees(theirs)}`;
    this.momentText.textContent = text;
    this.slider.setAttribute("aria-valuetext", text);
    this.players?.[0].seek(curves.performance_s[step]);
    this.players?.[1].seek(curves.take_s[step]);
  }

  // Both skeletons; left out where they cannot be had, since the words and figures stand without them.
  async #showBodies() {
    const { event_id: eventId, action_id: actionId, take_id: takeId, mirrored } = this.comparison;
    let sequences;
    try {
      sequences = await Promise.all([eventSequence(eventId), takeSequence(actionId, takeId)]);
    } catch {
      return;
    }
    if (mirrored) sequences[1] = mirroredSequence(sequences[1]);
    this.bodies.hidden = false;
    this.players = sequences.map((sequence, which) => {
      const name = which ? "The best take" : "This performance";
      const canvas = element("canvas", { role: "img", "aria-label": `${name} at the chosen moment` });
      this.bodies.append(element("figure", {}, canvas, element("figcaption", { class: "small muted" }, name)));
      const player = new SkeletonPlayer(canvas);
      player.show(sequence);
      return player;
    });
    this.#showMoment(Number(this.slider.value));
  }
}

// One value a moment of the performance: where it waits for the take, the mean of the take's.
function averaged({ performance_s: times, performance_deg: ours, take_deg: theirs }, column) {
  const steps = new Map();
  times.forEach((time, step) => steps.set(time, [...(steps.get(time) ?? []), step]));
  const mean = (rows, at) => {
    const seen = at.map((step) => rows[step][column]).filter((value) => value !== null);
    return seen.length ? seen.reduce((sum, value) => sum + value, 0) / seen.length : null;
  };
  const groups = [...steps.values()];
  return { times_s: [...steps.keys()], performance: groups.map((at) => mean(ours, at)), take: groups.map((at) => mean(theirs, at)) };
}
