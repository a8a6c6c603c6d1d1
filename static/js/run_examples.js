// What a run's network found on some validation pictures, epoch after epoch.
import { requestJson } from "./api.js";
import { find } from "./elements.js";
import { RunPicture } from "./run_pictures.js";
import { setText } from "./run_words.js";

export class RunExamples {
  #shown = null; // which predictions are here, as progress tells it
  #epochs = [];
  #samples = [];
  #pictures = [];
  #options;

  // url: of predictions.json; samplesUrl: where the dataset's samples are.
  constructor(root, options) {
    this.root = root;
    this.#options = options;
    this.slider = find(root, "[data-epoch]");
    this.slider.addEventListener("input", () => this.#draw());
  }

  // Fetches them where they are others than before; stamp: null where there are none.
  async follow(stamp) {
    if (stamp === null || stamp === this.#shown) return;
    this.#shown = stamp;
    try {
      this.#show(await requestJson(this.#options.url));
    } catch {
      this.#shown = null; // asked for again with the next look at the run
    }
  }

  #show({ samples, epochs }) {
    if (!epochs.length) return;
    const atEnd = !this.#epochs.length || Number(this.slider.value) === this.#epochs.length - 1;
    if (samples.map((one) => one.sample_id).join() !== this.#samples.map((one) => one.sample_id).join()) this.#place(samples);
    this.#samples = samples;
    this.#epochs = epochs;
    this.slider.max = epochs.length - 1;
    this.slider.disabled = epochs.length < 2;
    if (atEnd) this.slider.value = epochs.length - 1; // follow what is new, unless somebody looks back
    this.root.hidden = false;
    this.#draw();
  }

  #place(samples) {
    const { skeleton, samplesUrl } = this.#options;
    this.#pictures = samples.map((one, number) => new RunPicture(skeleton, { url: `${samplesUrl}/${one.sample_id}/thumbnail`, alt: `Example ${number + 1}` }));
    find(this.root, "[data-pictures]").replaceChildren(...this.#pictures.map(({ node }) => node));
  }

  #draw() {
    const { epoch, keypoints } = this.#epochs[Number(this.slider.value)];
    setText(find(this.root, "[data-epoch-shown]"), String(epoch));
    this.slider.setAttribute("aria-valuetext", `epoch ${epoch}`);
    this.#pictures.forEach((picture, number) => picture.draw(this.#samples[number].labelled, keypoints[number]));
  }
}
