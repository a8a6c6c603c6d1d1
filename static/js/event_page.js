// The page of one event: feedback on it, its set of repetitions, and how it differs from the best take.
import { fillPanel } from "./answer_panel.js";
import { comparisonOf, repetitionsOf } from "./api.js";
import { ComparisonView } from "./comparison.js";
import { find } from "./elements.js";
import { FeedbackDialog } from "./feedback_dialog.js";
import { showRepetitions } from "./repetitions.js";

const root = find(document, "[data-event]");
const { eventId, actionId, action } = root.dataset;
const dialogPlace = document.querySelector("[data-feedback-dialog]");

if (dialogPlace) {
  const dialog = new FeedbackDialog(dialogPlace);
  for (const button of root.querySelectorAll("[data-say]")) {
    const said = button.dataset.say === "missed" ? "missed" : "none";
    button.addEventListener("click", () => dialog.openForEvent({ event_id: eventId, action_id: actionId, action }, { said }));
  }
  // what holds of the event is part of the page
  dialog.addEventListener("closed", ({ detail }) => detail.changed && location.reload());
  dialog.addEventListener("applied", () => dialogPlace.open || location.reload());
}

fillPanel(find(root, "[data-repetitions]"), () => repetitionsOf(eventId), showRepetitions);
fillPanel(find(root, "[data-comparison]"), () => comparisonOf(eventId), (place, comparison) => new ComparisonView(place, comparison, { showsTake: "showsTakes" in root.dataset }));
