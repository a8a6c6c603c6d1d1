// Two people labelled the same picture: both labels lie over it in two colours, and one of them is chosen here.
import { element } from "./elements.js";
import { placedCount } from "./label_values.js";

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export class LabelConflict {
  // onChoice(which, {save}): "mine" or "theirs"; save: false where it is edited further first.
  constructor(root, onChoice) {
    Object.assign(this, { root, onChoice, shown: null });
  }

  // entry: of the store; without theirs the panel goes away.
  show(entry, labels) {
    const theirs = entry?.theirs ?? null;
    this.root.hidden = !theirs;
    if (this.shown === theirs) return;
    this.shown = theirs;
    if (!theirs) return this.root.replaceChildren();
    const who = theirs.labelled_by ?? "Somebody else";
    const when = theirs.labelled_at ? `, ${moment.format(new Date(theirs.labelled_at))}` : "";
    this.root.replaceChildren(
      element("h2", { id: "label-conflict-title" }, `${who} labelled this picture meanwhile`),
      element("p", { class: "small muted" }, "Both labels lie over the picture. Nothing is lost: undo brings the other one back."),
      this.#version("mine", "Yours, not saved yet", labels.mine, "Keep mine", "Edit on from mine"),
      this.#version("theirs", `${who}'s${when}`, labels.theirs, "Take theirs", "Edit on from theirs"),
    );
  }

  #version(which, title, label, keep, edit) {
    const said = `${label.state}, ${placedCount(label)} of ${label.points.length} keypoints`;
    return element(
      "div",
      { class: "label-version", "data-version": which },
      element("p", {}, element("span", { class: "label-swatch" }), element("b", {}, title), element("span", { class: "muted small" }, said)),
      element("button", { type: "button", class: "btn btn-sm btn-primary", onclick: () => this.onChoice(which, { save: true }) }, keep),
      element("button", { type: "button", class: "btn btn-sm btn-quiet", onclick: () => this.onChoice(which, { save: false }) }, edit),
    );
  }
}
