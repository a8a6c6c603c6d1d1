// What the person is told of saving: how many labels wait, who changed the same picture, what was left over from before.
import { find } from "./elements.js";
import { savingText } from "./label_facts.js";
import { toast } from "./toasts.js";

const plural = (count, one, many) => (count === 1 ? one : `${count} ${many}`);

// show(sampleId): go to that picture.
export function watchSaving({ root, store, notices, editor, refresh, show }) {
  const saving = find(root, "[data-saving]");
  let savedOnce = false;

  editor.addEventListener("change", tellSaving);
  store.addEventListener("saving", ({ detail }) => {
    tellSaving();
    saving.dataset.away = detail.away;
    if (detail.loggedOut) notices.set("away", "You are logged out. Log in in another tab: your labels are kept here and saved then.", { iconName: "person-lock" });
    else if (detail.away) notices.set("away", "The server is out of reach. Go on labelling: everything is kept in this browser and saved as soon as it is back.", { iconName: "wifi-off" });
    else notices.clear("away");
    if (!store.kept.durable) notices.set("storage", "This browser keeps nothing for this page: labels that wait are lost when it is closed.", { iconName: "exclamation-triangle" });
  });

  store.addEventListener("saved", ({ detail }) => {
    savedOnce = true;
    tellConflicts();
    tellLeftOver();
    if (detail.sampleId === editor.sampleId) refresh();
  });

  store.addEventListener("conflict", ({ detail }) => {
    if (detail.sampleId === editor.sampleId) editor.open(detail.sampleId);
    else tellConflicts();
  });

  store.addEventListener("refused", tellRefused);
  editor.addEventListener("change", tellRefused);
  editor.addEventListener("change", tellConflicts);

  function tellSaving() {
    const { waiting, away, loggedOut } = store.saver;
    const changed = editor.sampleId !== null && store.isChanged(editor.sampleId) && !store.saver.isWaiting(editor.sampleId);
    const text = savingText({ waiting, away, loggedOut, changed, savedOnce });
    if (saving.textContent !== text) saving.textContent = text;
  }

  function tellConflicts() {
    const elsewhere = store.conflicts().filter(({ sample }) => sample.sample_id !== editor.sampleId);
    if (!elsewhere.length) return notices.clear("conflicts");
    const [first] = elsewhere;
    const text = plural(elsewhere.length, `Picture #${first.sample.position} was labelled by ${first.theirs.labelled_by ?? "somebody else"} meanwhile.`, "pictures were labelled by others meanwhile.");
    return notices.set("conflicts", text, { iconName: "people", actions: [["Compare", () => show(first.sample.sample_id)]] });
  }

  // One after the other, so that each is looked at before it is discarded.
  function tellRefused() {
    const [first, ...others] = store.refusals();
    if (!first) return notices.clear("refused");
    const { sample_id: id, position } = first.sample;
    const more = others.length ? ` Nor could ${plural(others.length, "another one", "others")}.` : "";
    const actions = [
      ["Show", () => show(id)],
      ["Discard my change", () => (store.giveUp(id), tellRefused(), refresh())],
    ];
    return notices.set("refused", `Picture #${position} could not be saved. ${first.refused}${more}`, { iconName: "exclamation-triangle", actions });
  }

  // Labels of an earlier visit: those that were handed over are sent, drafts are offered.
  async function sendLeftOver() {
    const kept = store.kept.all();
    const handedOver = kept.filter((entry) => entry.submitted);
    for (const { sample_id: id } of handedOver) {
      try {
        await store.load(id); // which sends it
      } catch (error) {
        if (error.status === 404) store.kept.forget(id); // the picture is gone
        else if (error.status !== 0) toast(error.message, "exclamation-triangle");
      }
    }
    if (handedOver.length) toast(`${plural(handedOver.length, "1 label", "labels")} of your last visit ${handedOver.length === 1 ? "was" : "were"} not saved yet; that is done now.`, "cloud-upload");
    tellConflicts();
    tellLeftOver();
  }

  function tellLeftOver() {
    const drafts = store.kept.all().filter(isLeftOver);
    if (!drafts.length) return notices.clear("drafts");
    const text = `${plural(drafts.length, `Picture #${drafts[0].position} has`, "pictures have")} changes of yours that were not saved.`;
    const actions = [
      ["Show", () => show(drafts[0].sample_id).then(tellLeftOver)],
      ["Discard", () => (drafts.forEach((entry) => store.giveUp(entry.sample_id)), tellLeftOver())],
    ];
    return notices.set("drafts", text, { iconName: "pencil", actions });
  }

  function isLeftOver({ sample_id: id, submitted }) {
    const entry = store.known(id);
    return !submitted && id !== editor.sampleId && !entry?.theirs && !entry?.refused;
  }

  addEventListener("beforeunload", (event) => {
    if (editor.sampleId !== null && !editor.locked) store.submit(editor.sampleId); // whoever stays a moment has it saved
    if (store.mustStay) event.preventDefault();
  });
  sendLeftOver();
}
