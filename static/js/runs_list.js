// The list of runs: which are chosen to be compared.
import { find } from "./elements.js";

const form = document.querySelector("[data-runs]");

function show() {
  const boxes = [...form.querySelectorAll("[name=run]")];
  const count = boxes.filter((box) => box.checked).length;
  const most = Number(form.dataset.most);
  find(form, "[data-compare]").disabled = count < 2 || count > most;
  const words = count > most ? `${count} are chosen: leave out ${count - most}.` : count ? `${count} chosen${count < 2 ? ": one more, at least." : "."}` : `Choose 2 to ${most} runs to compare.`;
  find(form, "[data-chosen]").textContent = words;
}

if (form?.querySelector("[data-compare]")) {
  form.addEventListener("change", show);
  addEventListener("pageshow", show); // what was chosen is still so after coming back
}
