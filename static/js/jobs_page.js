// The pages of jobs: every [data-job] shows how far its job is; the list is loaded anew when one of it has ended.
import { watchJob } from "./job_progress.js";

for (const root of document.querySelectorAll("[data-job]")) watchJob(root, root.dataset.job);

const format = document.querySelector("[data-export-format]");
const side = document.querySelector("[data-export-side]");
if (format && side) {
  const showSide = () => (side.hidden = format.value !== "npz");
  format.addEventListener("change", showSide);
  showSide();
}
