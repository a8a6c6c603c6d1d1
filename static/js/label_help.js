// The overlay that lists every key, made from the table that the keys go by.
import { element } from "./elements.js";
import { GROUPS } from "./label_keys.js";

const SHOWN = { Enter: "Enter", "Shift+Enter": "Shift Enter", PageDown: "Page down", PageUp: "Page up" };

export function fillHelp(root) {
  root.replaceChildren(
    ...GROUPS.map(([title, rows]) =>
      element(
        "section",
        {},
        element("h3", {}, title),
        element("dl", { class: "label-keys" }, ...rows.filter(([, , text]) => text).map(([, keys, text]) => element("div", {}, element("dt", {}, ...keycaps(keys)), element("dd", {}, text)))),
      ),
    ),
  );
}

function keycaps(keys) {
  return keys.flatMap((key, place) => [...(place ? [" or "] : []), element("kbd", {}, shown(key))]);
}

function shown(key) {
  if (SHOWN[key]) return SHOWN[key];
  return key
    .split("+")
    .map((part) => (part.length === 1 ? part.toUpperCase() : part))
    .join(" ")
    .trim() || "+";
}
