// What the chosen changes do to pictures of the dataset, drawn by the server a moment after the last move of a slider.
import { requestPicture } from "./api.js";
import { find } from "./elements.js";

const STILL_MS = 300;

export class RunPreview {
  #asking = new AbortController();
  #timer = 0;
  #seed = 1;

  // missing(states): why there is nothing to show, or "".
  constructor(root, settings, missing) {
    this.root = root;
    this.missing = missing;
    this.settings = settings;
    this.image = find(root, "img");
    this.notice = find(root, "[data-notice]");
    this.note = find(root, "[data-note]");
    find(root, "[data-again]").addEventListener("click", () => {
      this.#seed += 1;
      this.show();
    });
  }

  later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.show(), STILL_MS);
  }

  async show() {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const { augmentation, states } = this.settings();
    const missing = this.missing(states);
    if (missing) {
      this.root.removeAttribute("aria-busy");
      return this.#tell(missing);
    }
    this.root.setAttribute("aria-busy", "true");
    try {
      const url = await requestPicture(this.root.dataset.url, { method: "POST", body: { augmentation, states, seed: this.#seed }, signal });
      if (signal.aborted) return URL.revokeObjectURL(url);
      URL.revokeObjectURL(this.image.src);
      this.image.src = url;
      this.#tell("");
    } catch (error) {
      if (!signal.aborted) this.#tell(error.message);
    }
    if (!signal.aborted) this.root.removeAttribute("aria-busy");
    return undefined;
  }

  #tell(text) {
    this.note.textContent = text;
    this.notice.hidden = !text;
    this.image.hidden = Boolean(text);
  }
}
