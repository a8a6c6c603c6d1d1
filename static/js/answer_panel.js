// A part of a page that a worker has to work out: waiting, the answer, or the server's sentence why there is none.
import { element, find } from "./elements.js";

// ask: resolves with what show(place, answer) puts into the panel's [data-answer]; data-waiting says what is being done.
export async function fillPanel(panel, ask, show) {
  const place = find(panel, "[data-answer]");
  const spinner = element("span", { class: "spinner-border spinner-border-sm", "aria-hidden": "true" });
  place.replaceChildren(element("p", { class: "panel-waiting", role: "status" }, spinner, ` ${panel.dataset.waiting} …`));
  panel.dataset.state = "waiting";
  try {
    const answer = await ask();
    place.replaceChildren();
    await show(place, answer);
    panel.dataset.state = "shown";
  } catch (error) {
    const again = element("button", { type: "button", class: "btn btn-sm btn-quiet", onclick: () => fillPanel(panel, ask, show) }, "Try again");
    // where something is gone for good, asking again does not help
    const mayHelp = error.status !== 404 && error.status !== 422;
    place.replaceChildren(element("p", { class: "panel-refused", role: "alert" }, error.message), mayHelp ? again : "");
    panel.dataset.state = "refused";
  }
}
