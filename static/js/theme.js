// Loaded in the head, before the first paint, so that no page flashes in the wrong colours; hence not a module.
(() => {
  const KEY = "moveprint-theme";
  const NAMES = { auto: "as the system", light: "light", dark: "dark" };
  const ICONS = { auto: "circle-half", light: "sun", dark: "moon-stars" };
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return localStorage.getItem(KEY) ?? "auto";
    } catch {
      return "auto"; // storage may be forbidden; the choice then lasts for the page
    }
  }

  let theme = chosen() in NAMES ? chosen() : "auto";

  function apply() {
    const dark = theme === "dark" || (theme === "auto" && system.matches);
    document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.setAttribute("aria-label", `Colour theme: ${NAMES[theme]}`);
      button.title = `Colour theme: ${NAMES[theme]}`;
      button.querySelector("i").className = `bi bi-${ICONS[theme]}`;
    }
  }

  function next() {
    const order = Object.keys(NAMES);
    theme = order[(order.indexOf(theme) + 1) % order.length];
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // as above
    }
    apply();
  }

  apply();
  system.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    for (const button of document.querySelectorAll("[data-theme-toggle]")) button.addEventListener("click", next);
  });
})();
