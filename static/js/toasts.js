// Short notes in the corner. The container is an aria-live region, so they are read out too.
import { element, icon } from "./elements.js";

const SHOWN_MS = 6000;

export function toast(text, iconName = "info-circle") {
  const container = document.getElementById("toasts");
  const note = element(
    "div",
    { class: "toast-note" },
    icon(iconName),
    element("span", {}, text),
    element("button", { type: "button", "aria-label": "Dismiss", onclick: () => note.remove() }, icon("x-lg")),
  );
  container.append(note);
  setTimeout(() => note.remove(), SHOWN_MS);
}
