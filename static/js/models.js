// Who looks at the pictures: the worker's state, its detector and its pose model.
import { icon } from "./elements.js";

const STATES = {
  ready: ["ready", "tag-good", "check-circle"],
  restarted: ["ready again", "tag-good", "arrow-repeat"],
  absent: ["waiting for a worker", "tag-warn", "hourglass-split"],
};

export function showModels(root, worker) {
  const [text, kind, iconName] = STATES[worker.state] ?? STATES.absent;
  const tag = root.querySelector("[data-worker-state]");
  tag.className = `tag ${kind}`;
  tag.dataset.workerState = worker.state;
  tag.replaceChildren(icon(iconName), ` ${text}`);
  const names = [worker.detector && `detector ${worker.detector}`, worker.pose_model && `pose ${worker.pose_model}`, worker.runtime];
  root.querySelector("[data-models]").textContent = names.filter(Boolean).join(" · ");
}
