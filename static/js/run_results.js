// What came of a run: bars for each keypoint, the worst pictures, registering it as a model.
import { requestJson } from "./api.js";
import { find } from "./elements.js";
import { lyingBars } from "./plots.js";
import { RunPicture } from "./run_pictures.js";

const WIDE = "(min-width: 992px)"; // room for the numbers beside the bars

// refresh(): shows the page's results anew.
export function showResults(root, { skeleton, samplesUrl, labelUrl, refresh }) {
  const keypoints = root.querySelector("[data-keypoints]");
  if (keypoints) showKeypoints(keypoints);
  const worst = root.querySelector("[data-worst]");
  if (worst) showWorst(worst, { skeleton, samplesUrl, labelUrl });
  const form = root.querySelector("[data-register]");
  form?.addEventListener("submit", (event) => register(event, refresh));
}

function showKeypoints(place) {
  const [model, mean, teacher] = ["keypoints", "mean", "teacher"].map((key) => JSON.parse(place.dataset[key]));
  const values = (all) => model.map(({ name }) => percentOf(all.find((one) => one.name === name)?.pck02));
  const series = [
    { name: "this run", values: values(model) },
    { name: "mean pose", values: values(mean), colour: 2 },
    ...(teacher.length ? [{ name: "teacher", values: values(teacher), colour: 1 }] : []),
  ];
  find(place.parentElement, "details").open = matchMedia(WIDE).matches;
  lyingBars(place, { label: "PCK@0.2 of each keypoint in percent", labels: model.map(({ name }) => name), series, stacked: false });
}

const FEW = 6; // pictures that a phone shows at first, as css/runs.css has it

const percentOf = (share) => (typeof share === "number" ? 100 * share : null);

function showWorst(place, { skeleton, samplesUrl, labelUrl }) {
  const pictures = JSON.parse(place.dataset.worst).map(({ sample_id: id, error, labelled, keypoints }, number) => {
    const href = labelUrl && `${labelUrl}?sample=${id}`;
    const picture = new RunPicture(skeleton, { url: `${samplesUrl}/${id}/thumbnail`, alt: `Picture ${number + 1} of the worst`, href, words: `off by ${error.toFixed(2)}` });
    picture.draw(labelled, keypoints);
    return picture.node;
  });
  place.replaceChildren(...pictures);
  place.parentElement.querySelector("[data-all-worst]")?.addEventListener("click", () => {
    place.classList.remove("run-few");
    pictures[FEW]?.querySelector("a")?.focus();
  });
}

async function register(event, refresh) {
  event.preventDefault();
  const form = event.currentTarget;
  const [button, problem, { name, form: kind, note }] = [find(form, "[type=submit]"), find(form, "[data-error]"), form.elements];
  problem.textContent = "";
  name.classList.remove("is-invalid");
  button.disabled = true;
  try {
    await requestJson(form.dataset.url, { method: "POST", body: { run_id: form.dataset.runId, name: name.value, form: kind.value, note: note.value } });
    await refresh();
    document.querySelector(".run-versions button, .run-versions a")?.focus();
  } catch (error) {
    problem.textContent = error.message;
    name.classList.add("is-invalid");
    name.focus();
  }
  button.disabled = false;
}
