// The page of a new dataset: a ready-made skeleton, or one's own from the editor, which opens with its choice.
import { requestJson } from "./api.js";
import "./dataset_drawing.js";
import { find } from "./elements.js";
import { SkeletonEditor } from "./skeleton_editor.js";

const form = find(document, "[data-new-dataset]");
const own = find(form, "[value=own]");
const panel = find(form, "[data-editor]");
const problem = find(form, "[data-refused]");
const button = find(form, "[type=submit]");
const drawings = [...form.querySelectorAll("[data-skeleton]")];
let editor = null;

function show() {
  panel.hidden = !own.checked;
  if (own.checked) editor ??= new SkeletonEditor(panel, drawings.map(({ dataset }) => JSON.parse(dataset.skeleton)));
}

// By a request of our own, so that nothing that was entered is lost where the server refuses it.
async function send(event) {
  event.preventDefault();
  const fields = new FormData(form);
  const skeleton = own.checked ? editor.model.toJson() : fields.get("skeleton");
  button.disabled = true;
  try {
    location.assign((await requestJson(form.action, { method: "POST", body: { name: fields.get("name"), skeleton } })).url);
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
    button.disabled = false;
  }
}

find(form, "[data-own-choice]").hidden = false; // without this script there is no editor
form.addEventListener("change", ({ target }) => target.name === "skeleton" && show());
form.addEventListener("submit", send);
show();
