// What is shown, and in which order: the form, the address, and how many samples each choice has.
import { requestJson } from "./api.js";
import { element, find } from "./elements.js";
import { smallPose } from "./grid_cell.js";

const TYPING_MS = 350;
const NOBODY = "none";
const REASONS = { bones: "bone_error", model: "disagreement", unsure: "confidence", duplicate: "duplicate" };

// Events: change.
export class Filters extends EventTarget {
  constructor(form, facetsUrl, skeleton) {
    super();
    Object.assign(this, { form, facetsUrl, skeleton });
    this.clearButton = find(form, "[data-clear]");
    this.countOfFilters = find(document, "[data-filter-count]");
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => event.target.name !== "text" && this.#changed());
    form.elements.text.addEventListener("input", () => this.#typed());
    this.clearButton.addEventListener("click", () => this.clear());
    addEventListener("popstate", () => this.#comeBack());
    this.#dropUnknown();
  }

  // As the samples' address takes it; what is left open is not in it.
  get query() {
    const chosen = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) {
      const text = value.trim();
      if (text && !(name === "order" && text === "position")) chosen.append(name, text);
    }
    return chosen.toString();
  }

  // The same for changing all of them: {state: [..], text: ".."}.
  get asObject() {
    const chosen = new URLSearchParams(this.query);
    chosen.delete("order");
    return Object.fromEntries([...new Set(chosen.keys())].map((name) => [name, name === "text" ? chosen.get(name) : chosen.getAll(name)]));
  }

  get active() {
    return new Set([...new URLSearchParams(this.query).keys()].filter((name) => name !== "order")).size;
  }

  // Which number a cell shows.
  get reason() {
    return REASONS[this.form.elements.outlier.value] ?? this.form.elements.order.value;
  }

  // What is asked for has never been worked out.
  get waitsForCurating() {
    return this.facets?.curated === 0 && ["bones", "model", "duplicate"].includes(this.form.elements.outlier.value);
  }

  get showsDuplicates() {
    return this.form.elements.outlier.value === "duplicate";
  }

  clear() {
    const { order } = this.form.elements;
    const kept = order.value;
    this.#write(new URLSearchParams());
    order.value = kept;
    this.#changed();
  }

  show(name, value) {
    this.#write(new URLSearchParams(this.query));
    this.form.elements[name].value = value;
    this.#changed();
  }

  async loadFacets() {
    const facets = await requestJson(this.facetsUrl);
    this.facets = facets;
    this.#fill("person", [...facets.people.map(({ person_id: id, name, samples }) => [id, name, samples]), [NOBODY, "Nobody named", facets.nobody]]);
    this.#fill("source", facets.sources.map(({ source, samples }) => [source, source, samples]));
    this.#fill("session", facets.sessions.filter(({ session }) => session).map(({ session, samples }) => [session, session, samples]));
    for (const [name, counts] of Object.entries({ state: facets.states, split: facets.splits, outlier: facets.outliers })) {
      for (const place of this.form.querySelectorAll(`[data-count-of="${name}"]`)) place.textContent = (counts[place.dataset.value] ?? 0).toLocaleString();
    }
    this.#fillPoses(facets.pose_groups);
    this.#read();
    return facets;
  }

  #fill(name, choices) {
    const field = this.form.elements[name];
    const options = choices.filter(([, , samples]) => samples).map(([value, text, samples]) => element("option", { value }, `${text} (${samples.toLocaleString()})`));
    field.replaceChildren(field.options[0], ...options);
    field.closest("[data-field]").hidden = options.length < 1;
  }

  #fillPoses(groups) {
    const list = find(this.form, "[data-poses]");
    list.replaceChildren(...groups.map((group) => poseChoice(group, this.skeleton)));
    list.closest("[data-field]").hidden = !groups.length;
  }

  // Poses that the address names are held before they can be drawn.
  #holdPoses(groups) {
    const list = find(this.form, "[data-poses]");
    list.append(...missing(list, groups).map((group) => poseChoice({ pose_group: Number(group), samples: 0 }, this.skeleton)));
  }

  #typed() {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.#changed(), TYPING_MS);
  }

  #changed() {
    const search = this.query ? `?${this.query}` : "";
    if (search !== location.search) history.pushState(null, "", search || location.pathname);
    this.#tell();
  }

  #comeBack() {
    this.#dropUnknown();
    this.#tell();
  }

  // What an address names that no filter has would be refused, and nothing be shown: it goes out of the address too.
  #dropUnknown() {
    this.#read();
    const search = this.query ? `?${this.query}` : "";
    if (search !== location.search) history.replaceState(history.state, "", search || location.pathname);
  }

  #read() {
    this.#write(new URLSearchParams(location.search));
    this.#showActive();
  }

  #tell() {
    this.#showActive();
    this.dispatchEvent(new Event("change"));
  }

  #showActive() {
    this.clearButton.hidden = !this.active;
    this.countOfFilters.textContent = this.active || "";
  }

  #write(chosen) {
    this.#holdPoses(chosen.getAll("pose_group"));
    for (const field of this.form.elements) {
      if (!field.name) continue;
      const values = chosen.getAll(field.name);
      if (field.type === "checkbox") field.checked = values.includes(field.value);
      else if (field.type === "radio") field.checked = field.value === (isChoice(this.form.elements[field.name], values[0]) ? values[0] : "");
      else if (field.tagName === "SELECT") chooseIn(field, values[0]);
      else field.value = (values[0] ?? "").slice(0, field.maxLength);
    }
  }
}

function missing(list, groups) {
  return groups.filter((group) => /^\d{1,9}$/.test(group) && !list.querySelector(`[value="${group}"]`));
}

const isChoice = (fields, value) => [...fields].some((field) => field.value === value);

// What an address names is kept although its option has not come yet, or has gone, unless there never is such a one.
function chooseIn(select, named) {
  const { known } = select.dataset;
  const value = known && !known.split(" ").includes(named) ? undefined : named;
  if (value && ![...select.options].some((option) => option.value === value)) select.append(element("option", { value }, value));
  select.value = value ?? select.options[0].value;
}

function poseChoice({ pose_group: group, samples, points }, skeleton) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("aria-hidden", "true");
  if (points) smallPose(svg, skeleton, points);
  return element(
    "label",
    { class: "pose-choice" },
    element("input", { type: "checkbox", name: "pose_group", value: group, "aria-label": `Pose ${group + 1}, ${samples} samples` }),
    svg,
    element("span", { class: "small" }, samples.toLocaleString()),
  );
}
