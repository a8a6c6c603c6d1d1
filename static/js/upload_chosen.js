// What was chosen to be handed in: counted, and what of it is left out and why.
import { element, find } from "./elements.js";
import { foldersOf, inUnits, kindOf, shownKinds, sorted, withoutFrame } from "./upload_files.js";

const SHOWN = 200; // names of what is left out; more are only counted
const KINDS = [
  ["picture", "picture", "pictures"],
  ["video", "video", "videos"],
  ["dataset", "dataset file", "dataset files"],
  ["text", "text file", "text files"],
];

// Events: change.
export class Chosen extends EventTarget {
  constructor(root, limits) {
    super();
    Object.assign(this, { root, limits, files: [], leftOut: [] });
    find(root, "[data-clear]").addEventListener("click", () => this.take([]));
  }

  // [{name, file}] as they were chosen or dropped.
  take(chosen) {
    const { taken, leftOut, bytes } = sorted(withoutFrame(chosen), this.limits);
    Object.assign(this, { files: taken, leftOut, bytes });
    this.#show();
    this.dispatchEvent(new CustomEvent("change"));
  }

  leaveOut(name, reason) {
    this.leftOut.push({ name, reason });
    this.#showLeftOut();
  }

  has(kind) {
    return this.files.some(({ name }) => kindOf(name, this.limits.suffixes) === kind);
  }

  // Whose pictures they are, were the folders people.
  folders() {
    const named = foldersOf(this.files).filter(([folder]) => folder);
    if (!named.length) return this.files.length ? "What was chosen has no folders in it." : "";
    const shown = named.slice(0, 12).map(([folder, count]) => `${folder} (${count})`);
    return `${shown.join(", ")}${named.length > 12 ? ` and ${named.length - 12} more` : ""}`;
  }

  #show() {
    const { files, limits } = this;
    const kinds = shownKinds(
      files.map(({ name }) => name),
      limits.suffixes,
    );
    const counts = KINDS.map(([kind, one, many]) => {
      const count = kinds.filter((other) => other === kind).length;
      return count && `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
    });
    find(this.root, "[data-chosen]").hidden = !files.length && !this.leftOut.length;
    const summary = counts.filter(Boolean).join(", ");
    find(this.root, "[data-summary]").textContent = files.length ? `${summary}; ${inUnits(this.bytes)} together.` : "Nothing of that can be taken.";
    this.#showLeftOut();
  }

  #showLeftOut() {
    const list = find(this.root, "[data-left-out]");
    list.hidden = !this.leftOut.length;
    const count = this.leftOut.length;
    list.firstElementChild.textContent = `${count.toLocaleString("en")} ${count === 1 ? "file is" : "files are"} left out`;
    const rows = this.leftOut.slice(0, SHOWN).map(({ name, reason }) => element("li", {}, element("b", {}, name), `: ${reason}`));
    if (count > SHOWN) rows.push(element("li", {}, `and ${count - SHOWN} more`));
    list.lastElementChild.replaceChildren(...rows);
  }
}
