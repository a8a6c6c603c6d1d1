// The editor of a skeleton of one's own: names in their order, edges, flip pairs, a drawing, files, and what is still wrong.
import { requestJson } from "./api.js";
import { copyTemplate, element, find, icon } from "./elements.js";
import { EditorDrawing } from "./skeleton_editor_drawing.js";
import { SkeletonModel } from "./skeleton_editor_model.js";

const CHECK_AFTER_MS = 300;

export class SkeletonEditor {
  #timer = null;
  #question = 0;
  #made = new WeakMap(); // the row of each point

  constructor(root, readyMade) {
    this.model = new SkeletonModel();
    this.rows = find(root, "[data-rows]");
    this.edges = find(root, "[data-edges]");
    this.problem = find(root, "[data-problem]");
    this.name = find(root, "[data-skeleton-name]");
    this.ends = [...root.querySelectorAll("[data-edge-end]")];
    this.byNames = find(root, "[data-by-names]");
    new EditorDrawing(find(root, "[data-drawing]"), this.model);
    this.name.addEventListener("input", () => {
      this.model.name = this.name.value;
      this.#checkSoon();
    });
    this.#listen(root, readyMade);
    this.model.load({ name: "", keypoints: ["head", "left_hand", "right_hand"], edges: [[0, 1], [0, 2]] });
    this.#show();
    this.model.addEventListener("change", () => {
      this.#show();
      this.#checkSoon(); // from here on, so that nothing is found wrong before anything was done
    });
  }

  #listen(root, readyMade) {
    const { model } = this;
    const start = find(root, "[data-start-from]");
    start.addEventListener("change", () => {
      const chosen = readyMade.find(({ name }) => name === start.value);
      if (chosen) model.load({ ...chosen, name: model.name });
      start.value = "";
    });
    const added = find(root, "[data-new-keypoint]");
    const add = () => {
      if (added.value.trim()) model.add(added.value.trim());
      added.value = "";
      added.focus();
    };
    find(root, "[data-add-keypoint]").addEventListener("click", add);
    added.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // it would send the form
      add();
    });
    find(root, "[data-connect]").addEventListener("click", () => {
      const [a, b] = this.ends.map(({ value }) => Number(value));
      if (!model.edges.some((edge) => edge.includes(a) && edge.includes(b))) model.toggleEdge(a, b);
    });
    this.byNames.addEventListener("click", () => model.pairByNames());
    find(root, "[data-export]").addEventListener("click", () => this.#download());
    const file = find(root, "[data-import]");
    file.addEventListener("change", () => this.#read(file));
  }

  #show() {
    const { points, edges, pairs } = this.model;
    this.name.value = this.model.name;
    const rows = points.map((point) => this.#rowOf(point));
    // only where they are others: a row that leaves the page loses the focus, or the press that is on its way to it
    if (rows.length !== this.rows.children.length || rows.some((row, position) => row !== this.rows.children[position])) this.#replace(rows);
    points.forEach((point, position) => this.#fill(rows[position], point, position));
    const nameOf = new Map(points.map(({ id, name }) => [id, name]));
    this.edges.replaceChildren(...edges.map(([a, b]) => this.#edge(a, b, `${nameOf.get(a)} – ${nameOf.get(b)}`)));
    for (const [which, select] of this.ends.entries()) {
      const chosen = nameOf.has(Number(select.value)) ? select.value : points[which]?.id;
      offer(select, points, chosen);
    }
    this.byNames.hidden = pairs === null;
  }

  #replace(rows) {
    const focused = document.activeElement;
    this.rows.replaceChildren(...rows);
    if (this.rows.contains(focused)) focused.focus();
  }

  #rowOf(point) {
    if (!this.#made.has(point)) this.#made.set(point, this.#row(point));
    return this.#made.get(point);
  }

  #row(point) {
    const { model } = this;
    const row = copyTemplate("keypoint-row");
    row.dataset.row = point.id;
    const name = find(row, "[data-name]");
    name.value = point.name;
    name.addEventListener("input", () => {
      point.name = name.value.trim();
      model.changed();
    });
    const partner = find(row, "[data-partner]");
    partner.addEventListener("change", () => model.setPartner(point.id, partner.value ? Number(partner.value) : null));
    find(row, "[data-remove]").addEventListener("click", () => model.remove(point.id));
    this.#makeMovable(row, find(row, "[data-handle]"), point);
    return row;
  }

  #fill(row, point, position) {
    find(row, "[data-number]").textContent = position + 1;
    find(row, "[data-name]").setAttribute("aria-label", `Name of keypoint ${position + 1}`);
    find(row, "[data-handle]").setAttribute("aria-label", `${position + 1}, ${point.name}: move it with the arrow keys up and down, or drag it`);
    find(row, "[data-remove]").setAttribute("aria-label", `Remove ${point.name}`);
    const partner = find(row, "[data-partner]");
    partner.setAttribute("aria-label", `What a mirror exchanges ${point.name} with`);
    const others = this.model.points.filter((other) => other !== point);
    offer(partner, [{ id: "", name: "nothing" }, ...others], this.model.partnerOf(point.id) ?? "");
  }

  #makeMovable(row, handle, point) {
    const place = () => this.model.points.indexOf(point);
    handle.addEventListener("keydown", (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      this.model.moveTo(point.id, place() + by);
    });
    handle.addEventListener("pointerdown", (down) => {
      down.preventDefault();
      row.classList.add("is-dragged");
      const others = () => [...this.rows.children].filter((each) => each !== row);
      const middleOf = (each) => each.getBoundingClientRect().top + each.offsetHeight / 2;
      const dragging = new AbortController();
      // of the page and not of the handle, which loses the pointer whenever its row changes place
      const listen = (type, then) => document.addEventListener(type, then, { signal: dragging.signal });
      listen("pointermove", ({ clientY }) => {
        const next = others().find((each) => middleOf(each) >= clientY) ?? null;
        if (row.nextElementSibling !== next) this.rows.insertBefore(row, next);
      });
      const end = () => {
        dragging.abort();
        row.classList.remove("is-dragged");
        this.model.moveTo(point.id, [...this.rows.children].indexOf(row));
      };
      listen("pointerup", end);
      listen("pointercancel", end);
    });
  }

  #edge(a, b, label) {
    const remove = element("button", { type: "button", "aria-label": `Remove the edge ${label}`, onclick: () => this.model.toggleEdge(a, b) }, icon("x-lg"));
    return element("li", { class: "tag" }, label, remove);
  }

  #checkSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), CHECK_AFTER_MS);
  }

  async #check() {
    this.#question += 1;
    const question = this.#question;
    let problem;
    try {
      ({ problem } = await requestJson("/datasets/skeleton", { method: "POST", body: { skeleton: this.model.toJson() } }));
    } catch (error) {
      problem = error.message;
    }
    if (question !== this.#question) return; // it has changed meanwhile
    this.problem.textContent = problem ?? "This skeleton will do.";
    this.problem.classList.toggle("is-wrong", Boolean(problem));
  }

  #download() {
    const href = URL.createObjectURL(new Blob([JSON.stringify(this.model.toJson(), null, 2)], { type: "application/json" }));
    element("a", { href, download: `${this.model.name.trim() || "skeleton"}.json` }).click();
    URL.revokeObjectURL(href);
  }

  async #read(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    try {
      this.model.load(JSON.parse(await file.text()));
    } catch (error) {
      this.problem.textContent = `${file.name} is no skeleton: ${error.message}.`;
      this.problem.classList.add("is-wrong");
    }
  }
}

// What can be chosen in a select: points, and which of them is; made anew only where it differs.
function offer(select, points, chosen) {
  const now = [...select.options].map(({ value, text }) => `${value} ${text}`).join("\n");
  const wanted = points.map(({ id, name }) => `${id} ${name}`).join("\n");
  if (now !== wanted) select.replaceChildren(...points.map(({ id, name }) => element("option", { value: id }, name)));
  select.value = chosen ?? "";
}
