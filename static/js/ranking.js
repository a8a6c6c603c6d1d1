// How close the movement is to each action: the distance as a bar with the threshold as its mark, and the reason why it
// does not count, in plain words.
import { element } from "./elements.js";

const SHOWN = 6;
const MARK = 0.5; // the threshold stands in the middle of the bar, so the bar ends at twice the threshold

const PLAIN_WORDS = {
  "too still": "too still to compare",
  "arms not visible": "the arms are not in view",
  "torso not visible": "the trunk is not in view",
  "head not visible": "the head is not in view",
  "legs not visible": "the legs are not in view",
  "margin too small": "two actions look equally close",
  "too soon after another action": "may be the way back from the last action",
  "distance above threshold": "too far from the takes",
  "course differs": "the poses fit, but not the way they follow each other",
  "not finished": "under way, not finished yet",
  "movement too small": "the same movement, but much smaller than in the takes",
  "movement too large": "the same movement, but much larger than in the takes",
  "arms move too little": "the arms move less than in the takes",
  "legs move too little": "the legs move less than in the takes",
  "nearer to what is no action": "nearer to a movement that is none of your actions",
  "recorded with other keypoints": "recorded with another kind of pose model: of the body or of the hand",
  "thumb moves too little": "the thumb moves less than in the takes",
  "index and middle finger move too little": "the index and middle finger move less than in the takes",
  "ring and little finger move too little": "the ring and little finger move less than in the takes",
  "thumb not visible": "the thumb is not in view",
  "index and middle finger not visible": "the index and middle finger are not in view",
  "ring and little finger not visible": "the ring and little finger are not in view",
  "palm not visible": "the palm is not in view",
};

export const plainReason = (reason) => (reason ? (PLAIN_WORDS[reason] ?? reason) : "");

export class Ranking {
  constructor(list, emptyNote) {
    Object.assign(this, { list, emptyNote });
    this.rows = new Map();
  }

  show(entries) {
    const shown = entries.slice(0, SHOWN);
    const ids = new Set(shown.map((entry) => entry.action_id));
    for (const [id, row] of this.rows) {
      if (ids.has(id)) continue;
      row.item.remove();
      this.rows.delete(id);
    }
    shown.forEach((entry, place) => {
      const row = this.rows.get(entry.action_id) ?? this.#add(entry);
      update(row, entry);
      // moving a row only where its place changed keeps the list calm
      if (this.list.children[place] !== row.item) this.list.insertBefore(row.item, this.list.children[place] ?? null);
    });
    this.emptyNote.hidden = entries.length > 0;
  }

  #add(entry) {
    const row = {
      name: element("span", { class: "rank-name" }),
      number: element("span", { class: "rank-number numbers" }),
      fill: element("span", { class: "rank-fill" }),
      progress: element("span", { class: "rank-progress" }),
      reason: element("span", { class: "rank-reason" }),
    };
    const bar = element("span", { class: "rank-bar", "aria-hidden": "true" }, row.fill, element("span", { class: "rank-mark" }), row.progress);
    row.item = element("li", { "data-action-id": entry.action_id }, row.name, row.number, bar, row.reason);
    this.rows.set(entry.action_id, row);
    return row;
  }
}

function update(row, { action, distance, threshold, reason, progress }) {
  const known = distance !== null && distance !== undefined;
  const near = known && distance <= threshold;
  // green says that nothing stands in the way: a movement under way may be near and yet be refused for another reason
  const close = near && (!reason || reason === "not finished");
  row.item.dataset.close = close;
  row.item.dataset.known = known;
  row.name.textContent = action;
  row.number.textContent = known ? `${distance.toFixed(2)} of ${threshold.toFixed(2)}` : "–";
  row.fill.style.setProperty("--share", known ? Math.min(1, (distance / threshold) * MARK) : 0);
  row.progress.style.setProperty("--share", Math.min(1, progress ?? 0));
  row.reason.textContent = plainReason(reason) || (near ? "close enough" : known ? "too far from the takes" : "");
}
