// The replay component: a skeleton player with its controls. On any page,
//   <div data-replay data-replay-url="ADDRESS OF A SEQUENCE"></div>
// plus this file as a module is enough; it loads when it comes into view.
import { requestJson } from "./api.js";
import { element, icon, prefersStillness } from "./elements.js";
import { SkeletonPlayer } from "./skeleton_player.js";

const SPEEDS = [0.25, 0.5, 1, 2];

export class Replay {
  constructor(root) {
    this.root = root;
    this.canvas = element("canvas", { role: "img", "aria-label": "Moving skeleton" });
    this.player = new SkeletonPlayer(this.canvas);
    this.button = element("button", { type: "button", class: "icon-button", onclick: () => this.#toggle() });
    this.scrubber = element("input", { type: "range", min: 0, max: 1, step: "any", value: 0, "aria-label": "Position", oninput: () => this.#scrub() });
    this.speed = element(
      "select",
      { class: "form-select form-select-sm", "aria-label": "Speed", onchange: () => (this.player.speed = Number(this.speed.value)) },
      ...SPEEDS.map((speed) => element("option", { value: speed, selected: speed === 1 }, `${speed} ×`)),
    );
    this.time = element("span", { class: "replay-time" });
    this.player.addEventListener("time", () => this.#showTime());
    this.player.addEventListener("playing", () => this.#showPlaying());
    root.replaceChildren(this.canvas, element("div", { class: "replay-controls" }, this.button, this.scrubber, this.time, this.speed));
    this.#showPlaying();
  }

  show(sequence) {
    this.player.show(sequence);
    this.scrubber.max = this.player.durationS;
    this.scrubber.step = 0.01;
    this.#showTime();
    if (!prefersStillness()) this.player.play();
  }

  // Play only this piece; the scrubber keeps showing the whole.
  setRange(startS, endS) {
    this.player.setRange(startS, endS);
  }

  #toggle() {
    if (this.player.playing) this.player.pause();
    else this.player.play();
  }

  #scrub() {
    this.player.pause();
    this.player.seek(Number(this.scrubber.value));
  }

  #showTime() {
    this.scrubber.value = this.player.timeS;
    this.time.textContent = `${this.player.timeS.toFixed(1)} / ${this.player.durationS.toFixed(1)} s`;
  }

  #showPlaying() {
    const { playing } = this.player;
    this.button.replaceChildren(icon(playing ? "pause-fill" : "play-fill"));
    this.button.setAttribute("aria-label", playing ? "Pause" : "Play");
  }
}

async function load(root) {
  const message = element("p", { class: "replay-message" }, "Loading the movement …");
  root.replaceChildren(message);
  try {
    const sequence = await requestJson(root.dataset.replayUrl);
    new Replay(root).show(sequence);
  } catch (error) {
    root.replaceChildren(message);
    message.textContent = `The movement cannot be shown: ${error.message}`;
  }
}

const watcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    watcher.unobserve(target);
    load(target);
  }
});

export function watchReplays(root = document) {
  for (const replay of root.querySelectorAll("[data-replay]")) watcher.observe(replay);
}

watchReplays();
