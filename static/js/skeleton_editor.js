// The editor of a skeleton of one's own: names in their order, edges, flip pairs, a drawing, files, and what is still wrong.
import { requestJson } from "./api.js";
import { copyTemplate, element, find, icon } from "./elements.js";
import { EditorDrawing } from "./skeleton_editor_drawing.js";
import { SkeletonModel } from "./skeleton_editor_model.js";

const CHECK_AFTER_MS = 300;

export class SkeletonEditor {
  #timer = null;
  #question = 0;

  constructor(root, readyMade) {
    this.model = new SkeletonModel();
    this.rows = find(root, "[data-rows]");
    this.edges = find(root, "[data-edges]");
    this.problem = find(root, "[data-problem]");
    this.name = find(root, "[data-skeleton-name]");
    this.ends = [...root.querySelectorAll("[data-edge-end]")];
    this.byNames = find(root, "[data-by-names]");
    new EditorDrawing(find(root, "[data-drawing]"), this.model);
    this.model.addEventListener("change", () => this.#show());
    this.name.addEventListener("input", () => {
      this.model.name = this.name.value;
      this.#checkSoon();
    });
    this.#listen(root, readyMade);
    this.model.load({ name: "", keypoints: ["head", "left_hand", "right_hand"], edges: [[0, 1], [0, 2]] });
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
    const focus = this.#focused();
    this.rows.replaceChildren(...points.map((point, position) => this.#row(point, position)));
    this.#refocus(focus);
    const nameOf = new Map(points.map(({ id, name }) => [id, name]));
    this.edges.replaceChildren(...edges.map(([a, b]) => this.#edge(a, b, `${nameOf.get(a)} – ${nameOf.get(b)}`)));
    for (const [which, select] of this.ends.entries()) {
      const before = nameOf.has(Number(select.value)) ? select.value : points[which]?.id;
      select.replaceChildren(...points.map(({ id, name }) => element("option", { value: id }, name)));
      if (before !== undefined) select.value = before;
    }
    this.byNames.hidden = pairs === null;
    this.#checkSoon();
  }

  #row(point, position) {
    const { model } = this;
    const row = copyTemplate("keypoint-row");
    row.dataset.row = point.id;
    find(row, "[data-number]").textContent = position + 1;
    const name = find(row, "[data-name]");
    name.value = point.name;
    name.setAttribute("aria-label", `Name of keypoint ${position + 1}`);
    name.addEventListener("change", () => {
      point.name = name.value.trim();
      model.changed();
    });
    const partner = find(row, "[data-partner]");
    partner.setAttribute("aria-label", `What a mirror exchanges ${point.name} with`);
    partner.append(...model.points.filter(({ id }) => id !== point.id).map(({ id, name: other }) => element("option", { value: id }, other)));
    partner.value = model.partnerOf(point.id) ?? "";
    partner.addEventListener("change", () => model.setPartner(point.id, partner.value ? Number(partner.value) : null));
    const remove = find(row, "[data-remove]");
    remove.setAttribute("aria-label", `Remove ${point.name}`);
    remove.addEventListener("click", () => model.remove(point.id));
    this.#makeMovable(row, find(row, "[data-handle]"), point, position);
    return row;
  }

  #makeMovable(row, handle, point, position) {
    const place = () => this.model.points.indexOf(point);
    handle.setAttribute("aria-label", `${position + 1}, ${point.name}: move it with the arrow keys up and down, or drag it`);
    handle.addEventListener("keydown", (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      this.model.moveTo(point.id, place() + by);
    });
    handle.addEventListener("pointerdown", (down) => {
      down.preventDefault();
      handle.setPointerCapture(down.pointerId);
      row.classList.add("is-dragged");
      const middleOf = (each) => each.getBoundingClientRect().top + each.offsetHeight / 2;
      const above = ({ clientY }) => [...this.rows.children].filter((each) => each !== row && middleOf(each) < clientY).length;
      const move = (event) => {
        const others = [...this.rows.children].filter((each) => each !== row);
        const next = others[above(event)] ?? null;
        if (row.nextElementSibling !== next) this.rows.insertBefore(row, next);
        // moving an element in the page lets go of the pointer
        if (!handle.hasPointerCapture(event.pointerId)) handle.setPointerCapture(event.pointerId);
      };
      const end = () => {
        handle.removeEventListener("pointermove", move);
        const to = [...this.rows.children].indexOf(row);
        if (to === place()) row.classList.remove("is-dragged");
        else this.model.moveTo(point.id, to);
      };
      handle.addEventListener("pointermove", move);
      handle.addEventListener("pointerup", end, { once: true });
    });
  }

  #edge(a, b, label) {
    const remove = element("button", { type: "button", "aria-label": `Remove the edge ${label}`, onclick: () => this.model.toggleEdge(a, b) }, icon("x-lg"));
    return element("li", { class: "tag" }, label, remove);
  }

  // Rows are made anew with every change: whoever was in one by keyboard stays there.
  #focused() {
    const row = document.activeElement?.closest?.("[data-row]");
    const kind = ["handle", "name", "partner", "remove"].find((each) => document.activeElement?.matches?.(`[data-${each}]`));
    return row && kind ? { id: row.dataset.row, kind } : null;
  }

  #refocus(focus) {
    if (focus) this.rows.querySelector(`[data-row="${focus.id}"] [data-${focus.kind}]`)?.focus();
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
