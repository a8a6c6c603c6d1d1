// Short notes in the corner. The container is an aria-live region, so they are read out too.
import { element, icon } from "./elements.js";

const SHOWN_MS = 6000;
const SHOWN_WITH_ACTION_MS = 12000;

// action: {text, run} for a button in it, such as Undo.
export function toast(text, iconName = "info-circle", action = null) {
  const container = document.getElementById("toasts");
  const note = element(
    "div",
    { class: "toast-note" },
    icon(iconName),
    element("span", {}, text),
    ...(action ? [element("button", { type: "button", class: "toast-action", onclick: () => note.remove() ?? action.run() }, action.text)] : []),
    element("button", { type: "button", "aria-label": "Dismiss", onclick: () => note.remove() }, icon("x-lg")),
  );
  container.append(note);
  setTimeout(() => note.remove(), action ? SHOWN_WITH_ACTION_MS : SHOWN_MS);
}
