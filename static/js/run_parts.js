// Links to the parts of a run's page: to those that are there, and a folded one opens when somebody goes to it.
export class RunParts {
  #nav;

  constructor(nav) {
    this.#nav = nav;
    nav.addEventListener("click", ({ target }) => open(target.closest("a")?.hash));
    open(location.hash);
  }

  // To be called when parts have come or gone.
  show() {
    for (const link of this.#nav.querySelectorAll("a")) link.hidden = !partAt(link.hash)?.checkVisibility();
    this.#nav.hidden = false;
  }
}

const partAt = (hash) => document.getElementById((hash ?? "").slice(1));

function open(hash) {
  const part = partAt(hash);
  if (part instanceof HTMLDetailsElement) part.open = true;
}
