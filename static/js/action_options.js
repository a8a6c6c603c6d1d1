// What counts as an action: either side, and how alike it has to be.
import { requestJson } from "./api.js";
import { find } from "./elements.js";
import { Strictness } from "./strictness.js";
import { toast } from "./toasts.js";

// Events: change, after something was stored.
export class ActionOptions extends EventTarget {
  constructor(root) {
    super();
    this.url = root.dataset.url;
    this.mirror = find(root, "[data-mirror]");
    this.saved = find(root, "[data-saved]");
    this.strictness = new Strictness(find(root, "[data-strictness]"));
    this.mirror.addEventListener("change", () => this.#saveMirror());
    this.strictness.addEventListener("save", ({ detail }) => this.#saveFactor(detail.factor));
  }

  async #saveMirror() {
    const { checked } = this.mirror;
    if (!(await this.#store({ mirror: checked }))) this.mirror.checked = !checked;
  }

  async #saveFactor(factor) {
    this.saved.textContent = "";
    const stored = await this.#store({ threshold_factor: factor });
    if (!stored) return;
    this.strictness.showSaved(stored.threshold_factor);
    this.strictness.feedbackIsReplaced();
    this.saved.textContent = "Saved. It holds from now on, also where you are live at this moment.";
  }

  async #store(options) {
    try {
      const stored = await requestJson(this.url, { method: "POST", body: options });
      this.dispatchEvent(new CustomEvent("change"));
      return stored;
    } catch (error) {
      toast(`It could not be saved: ${error.message}`, "exclamation-triangle");
      return null;
    }
  }
}
