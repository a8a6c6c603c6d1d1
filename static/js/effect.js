// What feedback would do, as the server worked it out: first whether it helps, then the thresholds, then what else it touches.
import { element, icon } from "./elements.js";
import { showLocalTimes } from "./local_times.js";

// Whether anything would be stored when this effect is applied.
export const changesSomething = (effect, add) => Boolean(add) || effect.changes.some(isChange);

const isChange = (change) => change.factor_before !== change.factor_after;

export function effectView(effect) {
  const [text, kind, iconName] = effect.solved
    ? ["A movement like this is judged as you say afterwards.", "good", "check-circle-fill"]
    : ["A movement like this would still be judged as it was.", "warn", "exclamation-circle-fill"];
  const view = element(
    "div",
    { class: "effect", "data-solved": String(effect.solved) },
    element("p", { class: `effect-verdict effect-${kind}` }, icon(iconName), element("span", {}, text)),
    ...effect.changes.map(changeView),
    // the sentences also say the above: thresholds are shown as numbers, the verdict stands on top
    ...listOf("Recognised until now, then no longer", effect.lost_events.map((event) => eventView(event, event.before))),
    ...listOf("Recognised then, not until now", effect.gained_events.map((event) => eventView(event, event.after))),
    ...listOf("Another action then", effect.changed_events.map((event) => eventView(event, `${event.before} → ${event.after}`))),
    ...listOf("Takes that the others of their action no longer recognise", effect.lost_takes.map(takeView)),
    element("p", { class: "muted small mb-0" }, checkedText(effect)),
  );
  showLocalTimes(view);
  return view;
}

function changeView(change) {
  const name = element("b", {}, change.action);
  if (!isChange(change)) {
    return element("p", { class: "effect-change" }, "Threshold of ", name, ` stays at ${change.threshold_before.toFixed(2)}`, change.obstacle ? `: ${change.obstacle}.` : ".");
  }
  const stricter = change.factor_after < change.factor_before;
  return element(
    "p",
    { class: "effect-change", "data-change": "" },
    "Threshold of ",
    name,
    element("span", { class: "effect-numbers numbers" }, change.threshold_before.toFixed(2), icon("arrow-right"), element("span", { class: "visually-hidden" }, " becomes "), element("b", {}, change.threshold_after.toFixed(2))),
    element("span", { class: `tag tag-${stricter ? "neutral" : "accent"}` }, stricter ? "stricter" : "more lenient"),
  );
}

function listOf(title, items) {
  if (!items.length) return [];
  return [element("h3", {}, `${title} (${items.length})`), element("ul", { class: "effect-list" }, ...items)];
}

function eventView(event, text) {
  const time = element("time", { datetime: event.started_at, "data-local": "second", class: "muted small" });
  return element("li", {}, element("a", { href: `/history/${event.event_id}`, target: "_blank", rel: "noopener" }, text), " ", time);
}

function takeView({ action_id: actionId, action, take_id: takeId }) {
  return element("li", {}, element("a", { href: `/actions/${actionId}#take-${takeId}`, target: "_blank", rel: "noopener" }, `A take of ${action}`));
}

function checkedText(effect) {
  const untouched = !["lost_events", "gained_events", "changed_events", "lost_takes"].some((kind) => effect[kind].length);
  const kinds = [effect.checked_events && `newest ${counted(effect.checked_events, "event")}`, effect.checked_takes && counted(effect.checked_takes, "take")].filter(Boolean);
  if (!kinds.length) return "There are no other events and takes yet that it could touch.";
  const looked = `Looked at: your ${kinds.join(" and ")}.`;
  return untouched ? `Nothing else changes. ${looked}` : looked;
}

const counted = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;
