// The list of actions: how good the takes of each are, and which actions are hard to tell apart.
import { element, find, icon } from "./elements.js";
import { Health, finding, quietLink, stateTag, takeUrl } from "./health.js";

const body = find(document, "[data-health]");
const pairs = find(document, "[data-pairs]");

function show({ actions, confusable }) {
  for (const { action_id: id, state } of actions) document.querySelector(`[data-state-of="${id}"]`)?.replaceChildren(stateTag(state));
  const poor = actions.filter(({ state }) => state !== "good").length;
  if (actions.length) body.append(summary(poor, actions.length));
  pairs.hidden = !confusable.length;
  find(pairs, "[data-pair-list]").replaceChildren(...confusable.map(pairFinding));
}

function summary(poor, all) {
  if (!poor) return element("p", { class: "muted" }, icon("check-lg"), all === 1 ? " Its takes are good." : ` The takes of all ${all} actions are good.`);
  const some = all === 1 ? "It needs" : `${poor} of ${all} actions ${poor === 1 ? "needs" : "need"}`;
  return element("p", { class: "muted" }, `${some} attention: open ${poor === 1 ? "it" : "them"} to see what to do.`);
}

function pairFinding(pair) {
  return finding(
    pair.sentence,
    quietLink(takeUrl(pair.action_id, pair.take_id), `Open ${pair.action}`),
    quietLink(takeUrl(pair.other_action_id, pair.other_take_id), `Open ${pair.other_action}`),
  );
}

new Health(body, show).load();
