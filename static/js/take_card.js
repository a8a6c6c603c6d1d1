// One take: looked at as a moving skeleton, trimmed, kept by its keeper or discarded. A failed save stays with a retry.
import { newClientKey } from "./api.js";
import { nobodySeen, personName } from "./body.js";
import { copyTemplate, element, find, icon } from "./elements.js";
import { motionEnergy } from "./motion.js";
import { Replay } from "./replay.js";
import { skeletonOf } from "./skeletons.js";
import { TrimEditor } from "./trim.js";

const SEEN_SHARE = 0.2; // people seen in less of the take are not offered

const PHASES = {
  checking: ["checking", "neutral"],
  ready: ["to keep or discard", "accent"],
  unusable: ["hard to use", "warn"],
  saving: ["saving", "neutral"],
  failed: ["not saved", "bad"],
  kept: ["kept", "good"],
};

// Events: phase {phase}, discarded.
export class TakeCard extends EventTarget {
  // tracks: a TrackBuffer; keeper: where it goes (action_keeper.js, negative_keeper.js); source: webcam, live or upload;
  // liveUrl: where a kept take is tried, if not here.
  constructor({ title, tracks, source, keeper, personId = null, liveUrl = "" }) {
    super();
    Object.assign(this, { tracks, source, keeper, liveUrl });
    this.clientKey = newClientKey();
    this.element = copyTemplate("take-card");
    this.replay = new Replay(find(this.element, "[data-take-replay]"));
    find(this.element, "[data-title]").textContent = title;
    this.people = tracks.people().filter(({ share }) => share >= SEEN_SHARE);
    this.personId = this.people.some(({ person_id: id }) => id === personId) ? personId : this.people[0]?.person_id;
    this.keepButton = find(this.element, "[data-keep]");
    this.keepButton.addEventListener("click", () => this.keep());
    find(this.element, "[data-discard]").addEventListener("click", () => this.discard());
    this.#offerPeople();
    this.replay.player.addEventListener("time", ({ detail }) => this.trim?.showPlayhead(detail.time_s));
  }

  // Show the chosen person's movement and ask the server where it begins and ends.
  async check() {
    this.sequence = this.personId === undefined ? null : this.tracks.sequence(this.personId);
    if (!this.sequence || this.sequence.times_s.length < 2) {
      this.#setPhase("unusable");
      this.keepButton.disabled = true;
      return this.#showNotes([`${nobodySeen(this.tracks.models.skeleton)} in this take.`]);
    }
    this.#setPhase("checking");
    this.#showSequence();
    try {
      const answer = await this.keeper.check(this.sequence);
      this.trim.set(answer.trim_start_s, answer.trim_end_s);
      this.replay.setRange(this.trim.startS, this.trim.endS);
      this.#showNotes([answer.usable ? null : answer.reason, ...(answer.warnings ?? [])]);
      this.#setPhase(answer.usable ? "ready" : "unusable");
    } catch (error) {
      // the take can still be trimmed by hand
      this.#showNotes([`The movement could not be trimmed by itself: ${error.message}`]);
      this.#setPhase("ready");
    }
    this.keepButton.disabled = false;
  }

  get isOpen() {
    return ["ready", "failed"].includes(this.phase);
  }

  async keep() {
    if (!this.keeper.ready() || !this.sequence) return;
    this.#setPhase("saving");
    this.keepButton.disabled = true;
    this.trim.disabled = true;
    try {
      const { clientKey, sequence, source, trim } = this;
      this.kept = await this.keeper.keep({ clientKey, sequence, source, startS: trim.startS, endS: trim.endS, models: this.tracks.models });
      this.#showKept();
    } catch (error) {
      this.#showFailed(error);
    }
  }

  async discard() {
    if (this.phase === "saving") return;
    if (this.phase === "kept") {
      try {
        await this.kept.remove();
      } catch (error) {
        this.#showError(`The take could not be removed: ${error.message}`);
        return;
      }
    }
    this.replay.player.pause();
    this.element.remove();
    this.dispatchEvent(new CustomEvent("discarded"));
  }

  #showSequence() {
    this.replay.show(this.sequence);
    const values = motionEnergy(this.sequence, skeletonOf(this.sequence).keypoints);
    const energy = { times_s: this.sequence.times_s, values };
    this.trim = new TrimEditor(find(this.element, "[data-take-trim]"), this.sequence.times_s.at(-1), { energy });
    this.trim.addEventListener("change", ({ detail }) => {
      this.replay.setRange(detail.start_s, detail.end_s);
      this.replay.player.pause();
      this.replay.player.seek(detail.moved === "start" ? detail.start_s : detail.end_s);
    });
  }

  #offerPeople() {
    const holder = find(this.element, "[data-take-person]");
    holder.hidden = this.people.length < 2;
    const select = find(holder, "select");
    select.replaceChildren(
      ...this.people.map(({ person_id: id }) => element("option", { value: id, selected: id === this.personId }, personName(id, this.tracks.models.skeleton))),
    );
    select.addEventListener("change", () => {
      this.personId = this.people[select.selectedIndex].person_id;
      this.check();
    });
  }

  #showKept() {
    this.#setPhase("kept");
    this.#showError("");
    this.keepButton.hidden = true;
    find(this.element, "[data-take-person]").hidden = true;
    find(this.element, "[data-discard] span").textContent = "Remove again";
    const link = find(this.element, "[data-action-link]");
    link.href = this.kept.url;
    link.textContent = this.kept.label;
    link.hidden = false;
    const liveLink = find(this.element, "[data-live-link]");
    liveLink.href = this.liveUrl;
    liveLink.hidden = !this.liveUrl;
  }

  #showFailed(error) {
    this.#setPhase("failed");
    this.#showError(`Not saved: ${error.message}`);
    this.keepButton.disabled = false;
    this.trim.disabled = false;
    find(this.keepButton, "span").textContent = "Try again";
  }

  #showNotes(notes) {
    const items = notes.filter(Boolean).map((note) => element("li", {}, icon("exclamation-circle"), ` ${note}`));
    find(this.element, "[data-notes]").replaceChildren(...items);
  }

  #showError(text) {
    const place = find(this.element, "[data-error]");
    place.textContent = text;
    place.hidden = !text;
  }

  #setPhase(phase) {
    this.phase = phase;
    this.element.dataset.phase = phase;
    const [text, kind] = PHASES[phase];
    const tag = find(this.element, "[data-phase-tag]");
    tag.textContent = text;
    tag.className = `tag tag-${kind}`;
    this.dispatchEvent(new CustomEvent("phase", { detail: { phase } }));
  }
}
