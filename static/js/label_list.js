// The keypoints by name, in order: choosing one, and what each one's visibility is. On a phone a row of chips.
import { element, find } from "./elements.js";
import { VISIBILITIES, plainName } from "./label_values.js";

const MARKS = ["dash-lg", "circle", "circle-fill"];

export class LabelList {
  #shown = [];

  // Events go to onSelect(k) and onVisibility(k).
  constructor(root, skeleton, sides, { onSelect, onVisibility, canLabel }) {
    this.root = root;
    this.rows = skeleton.keypoints.map((keypoint, k) => {
      const choose = element(
        "button",
        { type: "button", class: "label-name", onclick: () => onSelect(k) },
        element("span", { class: "numbers label-number", "aria-hidden": "true" }, String(k + 1)),
        element("span", {}, plainName(keypoint)),
        element("span", { class: "label-unsure", hidden: true, title: "The model was unsure" }, "unsure"),
      );
      const mark = element("i", { class: "bi", "aria-hidden": "true" });
      const toggle = element("button", { type: "button", class: "label-visibility", disabled: !canLabel, onclick: () => onVisibility(k) }, mark);
      const row = element("li", { "data-keypoint": keypoint, "data-side": sides[k] }, choose, toggle);
      return { row, choose, toggle, mark, name: plainName(keypoint), unsure: find(choose, ".label-unsure") };
    });
    root.replaceChildren(...this.rows.map(({ row }) => row));
  }

  // unsure: (k) -> whether the teacher was. Only what changed is touched: a drag comes by at every frame.
  show(label, selected, unsure) {
    this.rows.forEach((parts, k) => {
      const visibility = label.points[k][2];
      const now = `${visibility} ${k === selected} ${unsure(k)}`;
      if (this.#shown[k] === now) return;
      const came = k === selected && !this.#shown[k]?.includes("true ");
      this.#shown[k] = now;
      parts.row.dataset.visibility = visibility;
      parts.row.classList.toggle("selected", k === selected);
      parts.choose.setAttribute("aria-pressed", String(k === selected));
      parts.unsure.hidden = !unsure(k);
      parts.mark.className = `bi bi-${MARKS[visibility]}`;
      parts.toggle.title = VISIBILITIES[visibility];
      parts.toggle.setAttribute("aria-label", `${parts.name} is ${VISIBILITIES[visibility]}; change`);
      if (came) this.#reveal(parts.row);
    });
  }

  // Scrolls the list alone, never the page.
  #reveal(row) {
    const { root } = this;
    if (root.scrollHeight > root.clientHeight) {
      const [top, bottom] = [row.offsetTop, row.offsetTop + row.offsetHeight];
      if (top < root.scrollTop || bottom > root.scrollTop + root.clientHeight) root.scrollTop = top - root.clientHeight / 2;
    }
    if (root.scrollWidth > root.clientWidth) root.scrollLeft = row.offsetLeft - (root.clientWidth - row.offsetWidth) / 2;
  }
}
