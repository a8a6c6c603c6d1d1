// What is said of one action as a whole, each sentence with its remedies.
import { element, icon } from "./elements.js";
import { finding, quietLink, takeUrl } from "./health.js";

// A sentence about one take names it by its place among the takes that are switched on; the page counts all.
const TAKE_SENTENCE = /^Take (\d+)(?= )/;

const NO_ACTION = "nearer to what is no action"; // the reason, as recognition names it

// What stands in the panel. action: of the health, undefined where none of its takes is switched on;
// numberOf(takeId): the take's number on the page; switchOff(takeId).
export function actionFindings({ action, confusable, recordUrl, numberOf, switchOff }) {
  if (!action) {
    const text = "None of the takes is used, so the action is not recognised. Switch one on below, or record another.";
    return [list([finding(text, recordLink(recordUrl))])];
  }
  if (action.state === "good") return [goodNote(action)];
  const items = action.sentences.map((sentence) => {
    const pair = confusable.find((one) => one.sentence === sentence);
    if (pair) return pairFinding(pair, action.action_id);
    const take = action.takes[Number(sentence.match(TAKE_SENTENCE)?.[1]) - 1];
    return take ? takeFinding(sentence, take, { action, recordUrl, numberOf, switchOff }) : finding(sentence, recordLink(recordUrl));
  });
  return [list(items)];
}

// Whether a take does harm as it is; one that is only unlike the others is worth another like it.
function doesHarm(take, actionName) {
  const elsewhere = take.taken_for !== null && take.taken_for !== actionName;
  return !take.usable || take.outlier || elsewhere || take.reason === NO_ACTION;
}

function goodNote({ takes }) {
  const each = takes.length === 2 ? "Each of the 2 takes is recognised by the other" : `Each of the ${takes.length} takes is recognised by the others`;
  const text = `${each}, and no other action is too near.`;
  return element("p", {}, icon("check-circle"), ` ${text}`);
}

function takeFinding(sentence, take, { action, recordUrl, numberOf, switchOff }) {
  const number = numberOf(take.take_id);
  const named = (text) => ({ class: "btn btn-sm btn-quiet", "aria-label": `${text}: take ${number}` });
  const look = element("a", { ...named("Look at it"), href: `#take-${take.take_id}` }, "Look at it");
  const remedy = doesHarm(take, action.action)
    ? element("button", { ...named("Switch it off"), type: "button", onclick: () => switchOff(take.take_id) }, "Switch it off")
    : recordLink(recordUrl);
  const negatives = take.reason === NO_ACTION ? [quietLink("/negatives/", "Look through those movements")] : [];
  return finding(sentence.replace(TAKE_SENTENCE, `Take ${number}`), look, remedy, ...negatives);
}

function pairFinding(pair, actionId) {
  const first = pair.action_id === actionId;
  const [own, other, name] = first
    ? [pair.take_id, takeUrl(pair.other_action_id, pair.other_take_id), pair.other_action]
    : [pair.other_take_id, takeUrl(pair.action_id, pair.take_id), pair.action];
  return finding(pair.sentence, quietLink(`#take-${own}`, "Look at the nearest take"), quietLink(other, `Open ${name}`));
}

const recordLink = (url) => element("a", { class: "btn btn-sm btn-quiet", href: url }, icon("record-circle"), " Record another");

const list = (items) => element("ul", { class: "findings" }, ...items);
