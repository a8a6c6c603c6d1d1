// Which stretch of the last seconds, and whose: a replay with two handles. Keypoints only, as the browser has kept them.
import { checkTake } from "./api.js";
import { element, find } from "./elements.js";
import { motionEnergy } from "./motion.js";
import { Replay } from "./replay.js";
import { cutSequence } from "./sequences.js";
import { skeletonOf } from "./skeletons.js";
import { TrimEditor } from "./trim.js";

const SUGGESTED_S = 5; // the rest of the last seconds is before the movement, mostly

// Events: change, whenever the stretch or the person is another.
export class MissedStretch extends EventTarget {
  constructor(root) {
    super();
    this.root = root;
    this.select = find(root, "select");
    this.select.addEventListener("change", () => this.#showPerson(Number(this.select.value)));
  }

  // Returns whether there is anybody whose movement can be chosen.
  open(tracks, personId) {
    this.tracks = tracks;
    const ids = tracks.people().map(({ person_id: id }) => id);
    const shown = ids.includes(personId) ? personId : ids[0];
    this.select.replaceChildren(...ids.map((id) => element("option", { value: id, selected: id === shown }, `Person ${id}`)));
    find(this.root, "[data-missed-person]").hidden = ids.length < 2;
    this.root.hidden = false;
    // its canvas and listeners belong to this opening alone
    this.replay = new Replay(find(this.root, "[data-missed-replay]"));
    this.replay.player.addEventListener("time", ({ detail }) => this.trim?.showPlayhead(detail.time_s));
    return this.#showPerson(shown);
  }

  close() {
    this.replay?.player.pause();
    this.root.hidden = true;
    this.sequence = null;
  }

  get chosen() {
    return this.sequence && cutSequence(this.sequence, this.trim.startS, this.trim.endS);
  }

  #showPerson(personId) {
    this.sequence = personId === undefined ? null : this.tracks.sequence(personId);
    if (!this.sequence || this.sequence.times_s.length < 2) {
      this.sequence = null;
      return false;
    }
    const { sequence } = this;
    this.replay.show(sequence);
    const values = motionEnergy(sequence, skeletonOf(sequence).keypoints);
    const energy = { times_s: sequence.times_s, values };
    this.trim = new TrimEditor(find(this.root, "[data-missed-trim]"), sequence.times_s.at(-1), { energy });
    this.trim.addEventListener("change", ({ detail }) => {
      this.replay.setRange(detail.start_s, detail.end_s);
      this.replay.player.pause();
      this.replay.player.seek(detail.moved === "start" ? detail.start_s : detail.end_s);
      this.#changed();
    });
    this.#suggest(sequence);
    this.#changed();
    return true;
  }

  // The end of what the server sees move; the handles stay where they are if it cannot say, or were moved.
  async #suggest(sequence) {
    const { trim } = this;
    const wholeS = trim.endS;
    let answer;
    try {
      answer = await checkTake(sequence);
    } catch {
      return; // only a suggestion
    }
    if (this.sequence !== sequence || trim.startS > 0 || trim.endS < wholeS) return;
    trim.set(Math.max(answer.trim_start_s, answer.trim_end_s - SUGGESTED_S), answer.trim_end_s);
    this.replay.setRange(trim.startS, trim.endS);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new CustomEvent("change"));
  }
}
