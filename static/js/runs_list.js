// The list of runs: which are chosen to be compared, here and on its other pages.
import { element, find, icon } from "./elements.js";
import { ChosenRuns } from "./runs_chosen.js";

const form = document.querySelector("[data-runs]");
const boxes = [...(form?.querySelectorAll("[name=run]") ?? [])];
const chosen = new ChosenRuns(form?.dataset.account);

function show() {
  const runs = chosen.all();
  const ids = Object.keys(runs);
  const most = Number(form.dataset.most);
  for (const box of boxes) box.checked = box.value in runs;
  if (ids.length) for (const hidden of form.querySelectorAll("[data-comparing]")) hidden.hidden = false;
  find(form, "[data-compare]").disabled = ids.length < 2 || ids.length > most;
  find(form, "[data-clear]").hidden = !ids.length;
  find(form, "[data-chosen]").textContent = words(ids.length, most);
  const others = ids.filter((id) => !boxes.some((box) => box.value === id));
  find(form, "[data-elsewhere]").replaceChildren(...others.map((id) => elsewhere(id, runs[id])));
}

function words(count, most) {
  if (!count) return `Choose 2 to ${most} runs to compare, from any page.`;
  const told = `${count} ${count === 1 ? "run" : "runs"} chosen`;
  if (count > most) return `${told}: leave out ${count - most}.`;
  return count < 2 ? `${told}: one more, at least.` : `${told}.`;
}

// A run of another page: sent along, and left out by a click.
function elsewhere(id, name) {
  const remove = element("button", { type: "button", class: "btn btn-sm btn-quiet", "aria-label": `Leave out ${name}`, onclick: () => leaveOut(id) }, name, " ", icon("x-lg"));
  return element("li", {}, element("input", { type: "hidden", name: "run", value: id }), remove);
}

function leaveOut(id) {
  chosen.remove(id);
  show();
  (form.querySelector("[data-elsewhere] button") ?? boxes[0]).focus({ preventScroll: true }); // the button itself is gone
}

function clear() {
  chosen.clear();
  show();
  boxes[0].focus({ preventScroll: true }); // as above
}

function toggle({ target: box }) {
  if (!boxes.includes(box)) return;
  if (box.checked) chosen.add(box.value, box.dataset.name);
  else chosen.remove(box.value);
  show();
}

if (form) {
  form.addEventListener("change", toggle);
  find(form, "[data-clear]").addEventListener("click", clear);
  addEventListener("pageshow", show); // a browser that comes back puts ticks where they were
}
