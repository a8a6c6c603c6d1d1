// Which actions this session's models cannot recognise: a line that stays as long as it is so.
import { find } from "./elements.js";

export class ActionsNote {
  constructor(line, stage) {
    Object.assign(this, { line, stage, sentence: null });
    stage.connection.addEventListener("notice", ({ detail }) => this.#show(detail.sentence));
    stage.connection.addEventListener("state", ({ detail }) => detail.state !== "ready" && this.#show(null));
    stage.addEventListener("worker", () => this.#show(this.sentence)); // poses may be found in the browser by now
  }

  #show(sentence) {
    this.sentence = sentence;
    find(this.line, "span").textContent = sentence ?? "";
    this.line.hidden = !sentence || this.stage.onDevice;
  }
}
