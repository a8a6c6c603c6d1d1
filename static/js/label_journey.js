// How one picture follows another: along the trail of the visit, to what is to be reviewed next, to neighbours in the dataset.
import { requestJson } from "./api.js";
import { element, icon } from "./elements.js";
import { AFTER_DRAWING_MS } from "./label_queue.js";
import { placedCount } from "./label_values.js";
import { toast } from "./toasts.js";

const MEASURE = "moveprint-next-picture"; // from the input to the picture on the screen; the bench reads it

export class LabelJourney {
  #going = 0; // counts moves, so that a picture that comes late does not replace a later one

  // message: the element that covers the stage while there is no picture; collectUrl: where pictures come from, for
  // who may bring some; refresh: draws the page anew.
  constructor({ url, collectUrl, message, canLabel, view, canvas, store, pictures, queue, editor, pointer, refresh }) {
    Object.assign(this, { url, collectUrl, message, canLabel, view, canvas, store, pictures, queue, editor, pointer, refresh });
  }

  start(sampleId) {
    if (sampleId) {
      this.#visit(sampleId);
      this.queue.fill().then(this.refresh);
    } else if (this.canLabel) this.toNext();
    else this.#toFirst();
  }

  // Along the trail where somebody went back, else to the next to review; to who may only look, the next of the dataset.
  on(startedAt) {
    const known = this.queue.forth();
    if (known) return this.show(known, startedAt);
    return this.canLabel ? this.toNext(startedAt) : this.beside("following");
  }

  back(startedAt) {
    if (this.editor.sampleId === null && this.queue.current) return this.show(this.queue.current, startedAt);
    return this.queue.hasBack ? this.show(this.queue.back(), startedAt) : this.beside("preceding");
  }

  async toNext(startedAt) {
    const ready = this.queue.next();
    if (ready) return this.show(ready, startedAt);
    this.leave();
    const move = ++this.#going;
    this.say("hourglass", "Looking for the next picture", "");
    await this.#allSaved(); // else the server would still count what was just accepted
    if (move !== this.#going) return undefined;
    const found = await this.queue.nextOrWait();
    if (move !== this.#going) return undefined;
    return found ? this.show(found, startedAt) : this.#nothingLeft();
  }

  // step: following or preceding; without a sample from the start of the dataset.
  async beside(step, sampleId = this.editor.sampleId) {
    const found = await this.place(sampleId === null ? { position: 0 } : { of: sampleId, step });
    if (found) return this.#visit(found);
    if (found === null) toast(step === "following" ? "This is the last picture." : "This is the first picture.", "signpost");
    return undefined;
  }

  // Where there is none, the next one or the last, and that it is another.
  async toPosition(position) {
    const found = await this.place({ position });
    if (found === null) toast("This dataset has no pictures.", "signpost");
    if (!found) return;
    await this.#visit(found);
    const there = this.store.known(found)?.sample.position;
    if (there < position) toast(`There is no picture #${position}. This is the last one, #${there}.`, "signpost");
    else if (there > position) toast(`There is no picture #${position}. This is the next one, #${there}.`, "signpost");
  }

  revisit(sampleId) {
    this.queue.revisit(sampleId);
    return this.show(sampleId);
  }

  // Undone or redone, where it was done.
  async travel(change, nothing) {
    if (!change) return toast(nothing, "arrow-counterclockwise");
    if (change.sampleId !== this.editor.sampleId) await this.revisit(change.sampleId);
    return this.store.known(change.sampleId)?.theirs ? undefined : this.editor.apply(change);
  }

  // The label of the nearest picture before this one in its session: as it is here, or as the server has it.
  async copy() {
    const { editor, store } = this;
    const { sample, sampleId } = editor;
    const here = this.queue.visited
      .map((id) => store.known(id))
      .filter((entry) => entry && entry.sample.session === sample.session && entry.sample.picture_id !== sample.picture_id)
      .filter((entry) => entry.sample.position < sample.position && placedCount(entry.draft))
      .sort((a, b) => b.sample.position - a.sample.position)[0];
    const found = await this.place({ of: sampleId, step: "labelled" });
    const there = found ? await store.load(found).catch(() => null) : null;
    const source = here && !(there?.sample.position > here.sample.position) ? here : there;
    if (editor.sampleId !== sampleId) return;
    if (source) editor.copyFrom(source.draft);
    else if (found !== undefined) toast("No earlier picture of this recording has a label.", "copy");
  }

  // The id of a sample by ?position=, or ?of= and ?step=; null: there is none; undefined: the server could not be asked.
  async place(query) {
    try {
      return (await requestJson(`${this.url}label/places?${new URLSearchParams(query)}`)).sample_id;
    } catch (error) {
      toast(error.message, "wifi-off");
      return undefined;
    }
  }

  // The next picture is drawn first: what is saved meanwhile is kept by this browser already.
  leave() {
    this.pointer.cancel();
    const { sampleId } = this.editor;
    if (sampleId !== null && this.canLabel) setTimeout(() => this.store.submit(sampleId), AFTER_DRAWING_MS);
  }

  async show(sampleId, startedAt) {
    this.leave();
    const move = ++this.#going;
    const entry = this.store.known(sampleId) ?? (await this.#loaded(sampleId, move));
    if (!entry || move !== this.#going) return;
    const { sample } = entry;
    const { canvas, pictures, editor } = this;
    const bitmap = pictures.ready(sample.picture_url);
    this.message.hidden = true;
    this.view.picture = { width: sample.width_px, height: sample.height_px };
    canvas.show({ sample, label: entry.draft, bitmap, bare: false });
    editor.open(sampleId);
    canvas.fitCrop();
    history.replaceState(null, "", `?sample=${sampleId}`);
    if (entry.restored) toast("Your changes that were not saved are back. R returns to what was saved.", "arrow-counterclockwise");
    entry.restored = false;
    this.#renew(sampleId);
    if (bitmap === null) await this.#fetchPicture(sample);
    await canvas.drawn();
    // a task of its own comes after the frame has been painted
    if (startedAt && move === this.#going) setTimeout(() => performance.measure(MEASURE, { start: startedAt, end: performance.now(), detail: { ahead: bitmap !== null } }));
  }

  say(iconName, title, text, buttons = []) {
    const choices = buttons.map(([name, run]) => element("button", { type: "button", class: "btn btn-primary", onclick: run }, name));
    this.message.hidden = false;
    this.message.replaceChildren(element("div", {}, icon(iconName), element("h2", {}, title), element("p", {}, text), ...choices));
  }

  async #allSaved() {
    if (this.editor.sampleId !== null && this.canLabel) this.store.submit(this.editor.sampleId);
    await this.store.settled();
  }

  #visit(sampleId) {
    this.queue.goTo(sampleId);
    return this.show(sampleId);
  }

  async #loaded(sampleId, move) {
    this.say("hourglass", "Fetching the picture", "");
    try {
      return await this.store.load(sampleId);
    } catch (error) {
      if (move === this.#going) this.say("exclamation-circle", "This picture cannot be shown", error.message, [["Try again", () => this.show(sampleId)]]);
      return null;
    }
  }

  // It was fetched ahead, and somebody may have labelled it since. Who cannot be asked now is met when it is saved.
  async #renew(sampleId) {
    const isAnother = await this.store.renew(sampleId).catch(() => false);
    if (isAnother && this.editor.sampleId === sampleId) this.editor.open(sampleId);
  }

  async #fetchPicture(sample) {
    const isShown = () => this.editor.sampleId === sample.sample_id;
    try {
      const bitmap = await this.pictures.load(sample.picture_url);
      if (isShown()) this.canvas.show({ bitmap });
    } catch (error) {
      if (isShown()) this.say("image", "The picture is not there", error.message, [["Try again", () => this.show(sample.sample_id)]]);
    }
  }

  async #toFirst() {
    const found = await this.place({ position: 0 });
    if (found === null) this.#nothingThere();
    return found ? this.#visit(found) : undefined;
  }

  #nothingThere() {
    const collect = ["Collect pictures", () => location.assign(this.collectUrl)];
    this.say("images", "No pictures yet", "What comes into this dataset is labelled here.", this.collectUrl ? [collect] : []);
  }

  async #nothingLeft() {
    const { queue } = this;
    this.editor.close();
    this.refresh();
    const again = ["Look again", () => this.toNext()];
    if (queue.failed) return this.say("wifi-off", "The next picture cannot be fetched", queue.failed.message, [again]);
    if (queue.left) return this.say("people", "The rest is being labelled", `Others are labelling the ${queue.left} that are left.`, [again]);
    const move = this.#going;
    const first = await this.place({ position: 0 });
    if (move !== this.#going) return undefined;
    if (first === null) return this.#nothingThere();
    return this.say("check2-circle", "Everything is reviewed", "No picture of this dataset waits for a label.", [["Look through them", () => this.beside("following", null)]]);
  }
}
