// Who looks at the pictures: the worker's state, its detector and pose model, and others for this session. Those stay
// chosen as long as the tab is open, so that what was recorded by a model is also recognised by it.
import { find, icon } from "./elements.js";
import { toast } from "./toasts.js";

const KEY = "moveprint-models";
const STATES = {
  ready: ["ready", "tag-good", "check-circle"],
  restarted: ["ready again", "tag-good", "arrow-repeat"],
  absent: ["waiting for a worker", "tag-warn", "hourglass-split"],
  changing: ["loading models", "tag-warn", "hourglass-split"],
};

export class Models {
  constructor(root, stage) {
    Object.assign(this, { root, stage, changing: false, former: null });
    this.detector = find(root, "[data-choose=detector]");
    this.poseModel = find(root, "[data-choose=pose_model]");
    this.usual = find(root, "[data-usual-models]");
    for (const select of [this.detector, this.poseModel]) select.addEventListener("change", () => this.#choose());
    this.usual.addEventListener("click", () => this.#ask(null));
    stage.addEventListener("worker", ({ detail }) => this.#show(detail));
    stage.connection.addEventListener("state", ({ detail }) => {
      this.changing = false;
      const wanted = remembered();
      if (detail.state === "ready" && wanted) this.#ask(wanted); // a new connection begins with the usual models
      else this.#show(detail.state === "ready" ? stage.models : { ...stage.models, state: "absent" });
    });
    stage.connection.addEventListener("models_refused", ({ detail }) => this.#refused(detail));
  }

  #choose() {
    this.#ask({ detector: this.detector.value, pose_model: this.poseModel.value });
  }

  #ask(models) {
    if (!this.changing) this.former = remembered();
    remember(models);
    this.changing = true;
    this.#show(this.stage.models, models);
    this.stage.connection.useModels(models);
  }

  // The session goes on with what it has: its own choice before this one, if there was any.
  #refused({ reason, detector, pose_model: poseModel }) {
    const { former, changing } = this;
    const isAnother = changing && poseModel && former && (former.pose_model !== poseModel || former.detector !== detector);
    remember(isAnother ? former : null);
    this.changing = false;
    toast(reason, "exclamation-triangle");
    this.#show(this.stage.models);
  }

  // wanted: what was asked for and is not there yet.
  #show(models, wanted = null) {
    if (!wanted && models.state !== "absent") this.changing = false;
    const [text, kind, iconName] = STATES[this.changing ? "changing" : models.state] ?? STATES.absent;
    const tag = find(this.root, "[data-worker-state]");
    tag.className = `tag ${kind}`;
    tag.dataset.workerState = this.changing ? "changing" : models.state;
    tag.replaceChildren(icon(iconName), ` ${text}`);
    const names = [models.detector && `detector ${models.detector}`, models.pose_model && `pose ${models.pose_model}`, models.runtime];
    const { onDevice } = this.stage;
    find(this.root, "[data-models]").textContent = onDevice ? "poses by MediaPipe, in this browser" : names.filter(Boolean).join(" · ");
    find(this.root, "[data-model-choice]").hidden = onDevice;
    this.usual.hidden = !remembered();
    select(this.poseModel, (wanted ?? models).pose_model);
    select(this.detector, (wanted ?? models).detector);
    this.detector.disabled = this.changing || this.poseModel.selectedOptions[0]?.dataset.usesDetector === "false";
    this.poseModel.disabled = this.changing;
  }
}

// A name that is not offered leaves the choice as it is: a model without a detector has none to show.
function select(field, name) {
  if ([...field.options].some(({ value }) => value === name)) field.value = name;
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null; // storage may be forbidden
  }
}

function remember(models) {
  try {
    if (models) sessionStorage.setItem(KEY, JSON.stringify(models));
    else sessionStorage.removeItem(KEY);
  } catch {
    // as above
  }
}
