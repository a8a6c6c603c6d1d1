// Every sample that the page has met: as the server has it, and as it is labelled here.
import { requestJson } from "./api.js";
import { KeptLabels } from "./label_kept.js";
import { LabelSaver } from "./label_saver.js";
import { labelOf, sameLabel, withFittingState } from "./label_values.js";

const STALE_MS = 60_000;

// Events: saving {waiting, away, loggedOut}; saved {sampleId}; conflict {sampleId}; refused {sampleId, error}.
export class LabelStore extends EventTarget {
  #entries = new Map(); // sampleId -> {sample, base, draft, theirs, refused}

  // base: the label that the server has; draft: what is shown; theirs: the sample as somebody else saved it meanwhile.
  constructor({ datasetUrl, datasetId, userId, keypoints }) {
    super();
    this.url = datasetUrl;
    this.keypoints = keypoints;
    this.kept = new KeptLabels(userId, datasetId);
    this.saver = new LabelSaver(
      (id) => `${datasetUrl}samples/${id}/label`,
      (id) => this.#entries.get(id).sample.revision,
    );
    this.saver.addEventListener("state", ({ detail }) => this.#tell("saving", detail));
    this.saver.addEventListener("saved", ({ detail }) => this.#saved(detail));
    this.saver.addEventListener("conflict", ({ detail }) => this.#conflict(detail));
    this.saver.addEventListener("refused", ({ detail }) => this.#refused(detail));
  }

  known(sampleId) {
    return this.#entries.get(sampleId) ?? null;
  }

  // Fetch one that was fetched a while ago once more; answers whether its label is another now. Changed ones stay as they are.
  async renew(sampleId) {
    const entry = this.#entries.get(sampleId);
    if (performance.now() - entry.fetchedAt < STALE_MS || this.isChanged(sampleId)) return false;
    const before = entry.sample.revision;
    this.take(await requestJson(`${this.url}samples/${sampleId}`));
    return entry.sample.revision !== before;
  }

  async load(sampleId) {
    return this.known(sampleId) ?? this.take(await requestJson(`${this.url}samples/${sampleId}`));
  }

  // A sample as the server has it now. What was kept of it by this browser comes back with it.
  take(sample) {
    const met = this.#entries.get(sample.sample_id);
    if (met) {
      if (sample.revision !== met.sample.revision && !this.isChanged(sample.sample_id)) this.#set(met, sample);
      return met;
    }
    const entry = {};
    this.#set(entry, sample);
    this.#entries.set(sample.sample_id, entry);
    const kept = this.kept.of(sample.sample_id);
    if (kept) this.#restore(entry, kept);
    return entry;
  }

  edit(sampleId, label) {
    const entry = this.#entries.get(sampleId);
    entry.draft = label;
    entry.refused = null;
    // back to what the server had, while another label is on its way there: that is a change too
    if (this.isChanged(sampleId) || this.saver.isWaiting(sampleId)) this.kept.keep(entry.sample, label, false);
    else this.kept.forget(sampleId);
  }

  isChanged(sampleId) {
    const { base, draft } = this.#entries.get(sampleId);
    return !sameLabel(base, draft);
  }

  // Hand the draft over to be saved.
  submit(sampleId) {
    const entry = this.#entries.get(sampleId);
    if (entry.theirs || entry.refused || (!this.isChanged(sampleId) && !this.saver.isWaiting(sampleId))) return;
    entry.draft = withFittingState(entry.draft);
    this.kept.keep(entry.sample, entry.draft, true);
    this.saver.save(sampleId, entry.draft);
  }

  // An end of a conflict: label becomes the draft upon their revision.
  settle(sampleId, label, { save }) {
    const entry = this.#entries.get(sampleId);
    this.#set(entry, entry.theirs);
    entry.theirs = null;
    this.edit(sampleId, label);
    if (save) this.submit(sampleId);
  }

  // A draft is discarded: the server's label comes back.
  giveUp(sampleId) {
    const entry = this.#entries.get(sampleId);
    if (entry) this.#set(Object.assign(entry, { refused: null, restored: false }), entry.sample);
    this.kept.forget(sampleId);
  }

  // Samples whose draft is not on its way to the server and not there.
  unsent() {
    return [...this.#entries.keys()].filter((id) => this.isChanged(id) && !this.saver.isWaiting(id));
  }

  // Resolves when nothing is on its way to the server any more, or the server is out of reach.
  async settled() {
    while (this.saver.waiting && !this.saver.away) await new Promise((resolve) => this.saver.addEventListener("state", resolve, { once: true }));
  }

  get mustStay() {
    return this.saver.waiting > 0 || this.unsent().length > 0;
  }

  conflicts() {
    return [...this.#entries.values()].filter((entry) => entry.theirs);
  }

  // Entries whose label the server does not take.
  refusals() {
    return [...this.#entries.values()].filter((entry) => entry.refused);
  }

  #set(entry, sample) {
    entry.sample = sample;
    entry.fetchedAt = performance.now();
    entry.base = entry.draft = labelOf(sample, this.keypoints);
  }

  #restore(entry, { revision, label, submitted }) {
    if (label.points.length !== this.keypoints || sameLabel(label, entry.base)) return this.kept.forget(entry.sample.sample_id);
    entry.draft = label;
    entry.restored = true;
    if (revision !== entry.sample.revision) entry.theirs = entry.sample;
    else if (submitted) this.submit(entry.sample.sample_id);
  }

  #saved({ sampleId, answer, label }) {
    const entry = this.#entries.get(sampleId);
    entry.sample = answer;
    entry.base = label;
    if (sameLabel(entry.draft, label)) this.kept.forget(sampleId);
    else this.kept.keep(answer, entry.draft, false);
    this.#tell("saved", { sampleId });
  }

  #conflict({ sampleId, theirs }) {
    this.#entries.get(sampleId).theirs = theirs;
    this.#tell("conflict", { sampleId });
  }

  #refused({ sampleId, error }) {
    this.#entries.get(sampleId).refused = error.message;
    this.#tell("refused", { sampleId, error });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
