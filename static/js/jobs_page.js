// The pages of jobs: every [data-job] shows how far its job is; the list is loaded anew when one of it has ended.
import { watchJob } from "./job_progress.js";

for (const root of document.querySelectorAll("[data-job]")) watchJob(root, root.dataset.job);

const format = document.querySelector("[data-export-format]");
const side = document.querySelector("[data-export-side]");
if (format && side) {
  const showSide = () => (side.hidden = side.querySelector("input").disabled = format.value !== "npz");
  format.addEventListener("change", showSide);
  showSide();
}

// A form sends nothing of boxes of which none is ticked; the browser then says at the first one what is missing.
for (const boxes of document.querySelectorAll("[data-some-ticked]")) {
  const check = () => boxes.querySelector("input").setCustomValidity(boxes.querySelector(":checked") ? "" : "Tick which samples are meant.");
  boxes.addEventListener("change", check);
  check();
}
