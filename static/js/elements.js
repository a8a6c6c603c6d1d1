// Making and finding elements. Text always goes in as text, so nothing from outside becomes markup.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function icon(name) {
  return element("i", { class: `bi bi-${name}`, "aria-hidden": "true" });
}

// The one element of the page that a module cannot work without.
export function find(root, selector) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

// A copy of <template data-template="name">, its single element.
export function copyTemplate(name) {
  return find(document, `template[data-template="${name}"]`).content.firstElementChild.cloneNode(true);
}

export function prefersStillness() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
