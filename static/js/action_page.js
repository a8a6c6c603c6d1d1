// The page of one action: what is said of its takes, switching them off and on, and its options.
import { actionFindings } from "./action_health.js";
import { ActionOptions } from "./action_options.js";
import { find } from "./elements.js";
import { EnabledSwitch } from "./enabled_switch.js";
import { Health, stateTag } from "./health.js";
import { TakeVerdict } from "./take_verdict.js";

const root = find(document, "[data-action]");
const state = find(root, "[data-health-state]");
const takes = new Map(
  [...root.querySelectorAll("[data-take]")].map((card) => [
    card.dataset.take,
    { number: card.dataset.number, verdict: new TakeVerdict(card), enabled: new EnabledSwitch(card) },
  ]),
);
const options = new ActionOptions(find(root, "[data-options]"));
const health = new Health(find(root, "[data-health]"), show);

for (const { enabled, verdict } of takes.values()) {
  enabled.addEventListener("change", () => {
    verdict.clear();
    look();
  });
}
options.addEventListener("change", look);

function look() {
  state.replaceChildren();
  health.load();
}

function show({ actions, confusable }) {
  const action = actions.find(({ action_id: id }) => id === root.dataset.action);
  state.replaceChildren(stateTag(action?.state ?? "needs attention"));
  health.body.append(
    ...actionFindings({
      action,
      confusable,
      recordUrl: root.dataset.recordUrl,
      numberOf: (takeId) => takes.get(takeId)?.number ?? "?",
      switchOff,
    }),
  );
  for (const [takeId, { verdict }] of takes) verdict.show(action?.takes.find(({ take_id: id }) => id === takeId), root.dataset.name);
  const threshold = action?.takes[0]?.threshold;
  if (threshold) options.strictness.showThreshold(threshold);
}

function switchOff(takeId) {
  health.body.focus({ preventScroll: true });
  takes.get(takeId)?.enabled.set(false);
}

look();
