// Curves of several runs over each other.
import { requestJson } from "./api.js";
import { find } from "./elements.js";
import { lines } from "./plots.js";
import { ChosenRuns } from "./runs_chosen.js";

const root = find(document, "[data-compared]");
const note = find(root, "[data-note]");
const runs = [...root.querySelectorAll("[data-run-url]")].map((one) => ({ name: one.textContent, url: one.dataset.runUrl }));

function draw(key, factor, epochs, options) {
  const show = lines(find(root, `[data-plot="${key}"]`), { xTitle: "epoch", ...options });
  show(runs.map(({ name }, number) => ({ name, points: epochs[number].map((epoch) => ({ x: epoch.epoch, y: factor * epoch[key] })), colour: number })));
}

async function show() {
  try {
    const found = await Promise.all(runs.map(({ url }) => requestJson(`${url}/progress`)));
    const epochs = found.map((run) => run.new_epochs);
    draw("pck", 100, epochs, { label: "PCK@0.2 on the validation pictures by epoch, in percent", most: 100 });
    if (root.querySelector('[data-plot="val_loss"]')) draw("val_loss", 1, epochs, { label: "Validation loss by epoch" });
    note.textContent = "";
  } catch (error) {
    note.textContent = error.message;
  }
}

// What was deleted is chosen no more, else it would come along to every comparison from now on.
function forget({ gone, account }) {
  const chosen = new ChosenRuns(account);
  for (const id of gone.split(" ")) chosen.remove(id);
}

const missing = document.querySelector("[data-gone]");
if (missing) forget(missing.dataset);
show();
