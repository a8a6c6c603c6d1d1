// One guided recording: the shooter at work, its buttons, the shots on their way, and the end.
import { Shots } from "./collect_shots.js";
import { Shooter } from "./collect_shooter.js";
import { find } from "./elements.js";

const DONE = "All places are done. Look at the shots, delete what is no good, then finish.";
const CAMERA_OFF = "The camera is off. Start it to go on.";

// Events: taken-in {job_id}; discarded.
export class Recording extends EventTarget {
  constructor(root, stage, { gate, beeps, voice }) {
    super();
    Object.assign(this, { root, stage, beeps, voice, isOpen: false, draft: null, shots: null });
    this.shooter = new Shooter(stage, gate, beeps, voice);
    this.controls = find(root, "[data-controls]");
    this.sign = find(stage.root, "[data-sign]");
    this.#listenToShooter();
    this.#listenToPerson();
    stage.addEventListener("source", ({ detail }) => this.isRunning && this.#setPaused(detail.kind !== "camera", detail.kind ? "" : CAMERA_OFF));
  }

  get isRunning() {
    return Boolean(this.running);
  }

  // Browsers let a page sound only after a click; call this in one.
  wake() {
    this.beeps.wake();
  }

  async run(draft, plan, countdownS) {
    this.draft = draft;
    this.isOpen = true;
    this.shots = new Shots(find(document, "[data-shots-section]"), draft);
    this.#listenToShots();
    this.#showOpen(true);
    this.running = new AbortController();
    this.#setPaused(this.stage.kind !== "camera", "Waiting for the camera.");
    const { signal } = this.running;
    try {
      await this.shooter.run(plan, countdownS, signal);
      this.running = null;
      this.stage.close();
      this.#note(DONE);
      this.voice.say("All done.", { urgent: true });
    } catch (error) {
      if (error !== signal.reason) throw error;
    } finally {
      this.running = null;
      this.sign.hidden = true;
      for (const name of ["pause", "skip"]) find(this.controls, `[data-${name}]`).hidden = true;
      if (this.isOpen && this.shots.count) find(this.controls, "[data-finish]").focus({ preventScroll: true });
    }
  }

  async #finish() {
    this.#stop();
    const place = find(this.controls, "[data-finish-problem]");
    place.hidden = true;
    find(this.controls, "[data-finish]").disabled = true;
    try {
      this.finishing = new AbortController();
      await this.shots.settled(this.finishing.signal);
      const job = await this.draft.start();
      this.shots.lock();
      this.isOpen = false;
      this.#showOpen(false);
      this.dispatchEvent(new CustomEvent("taken-in", { detail: job }));
    } catch (error) {
      if (error === this.finishing.signal.reason) return;
      this.#problem(error.message);
    } finally {
      this.#showKept();
    }
  }

  async #discard() {
    this.#stop();
    this.finishing?.abort(new Error("discarded"));
    this.shots.close();
    try {
      await this.draft.discard();
    } catch (error) {
      if (error.status !== 404) return this.#problem(error.message); // 404: it is gone already
    }
    this.isOpen = false;
    this.#showOpen(false);
    this.dispatchEvent(new CustomEvent("discarded"));
  }

  #stop() {
    this.running?.abort(new Error("stopped"));
    this.voice.hush();
    this.stage.close();
  }

  #listenToShooter() {
    const { shooter, root } = this;
    shooter.addEventListener("shot", ({ detail }) => this.shots.add(detail));
    shooter.addEventListener("place", ({ detail: { station, number, of } }) => {
      find(root, "[data-place-text]").textContent = `${number} of ${of}: ${station.text}`;
      this.#note(station.text);
    });
    shooter.addEventListener("note", ({ detail }) => this.#note(detail.text));
    shooter.addEventListener("taken", ({ detail: { done, total } }) => {
      const bar = find(root, "[data-taken]");
      bar.setAttribute("aria-valuemax", total);
      bar.setAttribute("aria-valuenow", done);
      bar.firstElementChild.style.width = `${(100 * done) / total}%`;
      find(root, "[data-count]").textContent = `${done} of ${total} of the plan`;
    });
  }

  #listenToPerson() {
    const on = (name, act) => find(this.controls, `[data-${name}]`).addEventListener("click", act);
    on("pause", () => this.#setPaused(!this.shooter.paused));
    on("skip", () => this.shooter.skip());
    on("finish", () => this.#finish());
    on("discard-all", () => this.#discard());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.isRunning) this.#setPaused(!this.shooter.paused);
    });
  }

  #listenToShots() {
    const waiting = find(this.controls, "[data-waiting]");
    this.shots.addEventListener("change", () => this.#showKept());
    this.shots.addEventListener("waiting", ({ detail }) => {
      waiting.hidden = false;
      const text = `${detail.reason} The shots are kept in this page and sent as soon as it works.`;
      if (waiting.textContent !== text) waiting.textContent = text;
    });
    this.shots.addEventListener("going", () => (waiting.hidden = true));
    this.shots.addEventListener("failed", ({ detail }) => {
      this.#stop();
      this.finishing?.abort(new Error("failed"));
      this.#problem(detail.reason);
    });
  }

  // text: why, where the person did not press the button.
  #setPaused(paused, text = "Paused.") {
    const cameraOff = this.stage.kind !== "camera";
    const button = find(this.controls, "[data-pause]");
    this.shooter.setPaused(paused || cameraOff);
    button.disabled = cameraOff;
    button.setAttribute("aria-pressed", this.shooter.paused);
    button.children[0].className = `bi bi-${paused ? "play" : "pause"}-fill`;
    button.children[1].textContent = paused ? "Go on" : "Pause";
    if (this.shooter.paused) this.#note(cameraOff ? text || CAMERA_OFF : text);
  }

  #showOpen(isOpen) {
    this.controls.hidden = !isOpen;
    find(this.root, "[data-now]").hidden = !isOpen;
    find(this.controls, "[data-finish-problem]").hidden = true;
    find(this.controls, "[data-waiting]").hidden = true;
    for (const name of ["pause", "skip"]) find(this.controls, `[data-${name}]`).hidden = false;
    if (isOpen) find(this.controls, "[data-pause]").focus({ preventScroll: true });
    this.#showKept();
  }

  #showKept() {
    const { count = 0, unsent = 0 } = this.shots ?? {};
    find(this.controls, "[data-finish]").disabled = !count;
    const text = unsent ? `${count} shots, ${unsent} on their way to the server` : `${count} ${count === 1 ? "shot" : "shots"}, all on the server`;
    find(this.controls, "[data-kept]").textContent = count ? text : "No shot yet.";
  }

  #note(text) {
    this.sign.hidden = !this.isRunning;
    this.sign.textContent = text;
    const reason = find(this.root, "[data-reason]");
    if (reason.textContent !== text) reason.textContent = text;
  }

  #problem(text) {
    const place = find(this.controls, "[data-finish-problem]");
    place.textContent = text;
    place.hidden = false;
  }
}
