// The overview of a dataset: its skeleton drawn, and jobs that are at work shown with how far they are.
import "./dataset_drawing.js";
import { watchJob } from "./job_progress.js";

for (const place of document.querySelectorAll("[data-watch-job]")) watchJob(place, place.dataset.watchJob, () => location.reload());
