// The form of a new run: what is chosen as JSON, refusals beside their fields, nothing typed is lost.
import { requestJson } from "./api.js";
import { element, find } from "./elements.js";
import { RunOutlook } from "./run_outlook.js";
import { RunPreview } from "./run_preview.js";

const form = find(document, "[data-run-form]");
const problem = find(form, "[data-form-error]");
const losses = JSON.parse(form.dataset.losses);
const withoutWeights = JSON.parse(form.dataset.withoutWeights);
const SHARES = ["validation_share", "test_share"];
const onProposed = find(form, "[data-train-on-proposed]");
const outlook = new RunOutlook(find(document, "[data-outlook]"), find(form, "[data-start-problem]"), () => settingsOf(form), showFaults);
const preview = new RunPreview(find(form, "[data-preview]"), () => settingsOf(form), nothingToShow);

// The settings as the server takes them. A name with a stop in it is one of an object: "augmentation.flip".
export function settingsOf(root) {
  const settings = {};
  for (const input of root.querySelectorAll("[data-kind]")) {
    const [owner, name] = input.name.includes(".") ? [(settings[input.name.split(".")[0]] ??= {}), input.name.split(".")[1]] : [settings, input.name];
    if (input.dataset.kind === "several") (owner[name] ??= []).push(...(input.checked ? [input.value] : []));
    else owner[name] = valueOf(input);
  }
  return settings;
}

function valueOf(input) {
  if (input.dataset.kind === "switch") return input.disabled ? input.dataset.wanted === "true" : input.checked;
  if (input.validity.badInput) return ""; // no number, which is not the same as none
  if (input.value.trim() === "") return null; // nothing chosen; of a number: none
  return input.dataset.kind === "number" ? Number(input.value) : input.value;
}

// Which losses there are depends on what the network answers.
function offerLosses() {
  const [family, loss] = [form.elements.family, form.elements.loss];
  const offered = losses[family.value];
  for (const option of loss.options) option.hidden = option.disabled = !offered.includes(option.value);
  if (!offered.includes(loss.value)) [loss.value] = offered;
}

// Some networks have no published weights to begin with; what was chosen is kept for the others.
function offerWeights() {
  const { network, pretrained } = form.elements;
  const none = withoutWeights.includes(network.value);
  if (none === pretrained.disabled) return;
  if (none) pretrained.dataset.wanted = pretrained.checked;
  pretrained.checked = !none && pretrained.dataset.wanted === "true";
  pretrained.disabled = none;
  find(form, "[data-no-weights]").hidden = !none;
}

function nothingToShow(states) {
  const proposed = outlook.count(["proposed"]);
  const none = !outlook.count(states);
  onProposed.hidden = !(none && proposed);
  onProposed.textContent = `Train on the ${proposed.toLocaleString()} proposed ones`;
  if (!none) return "";
  return states.length ? `No sample has a label that is ${states.join(" or ")} yet.` : "Choose which labels are trained on.";
}

function trainOnProposed() {
  const box = find(form, "[name=states][value=proposed]");
  box.checked = true;
  box.dispatchEvent(new Event("change", { bubbles: true }));
  box.focus();
}

function fieldOf(name) {
  return form.querySelector(`[data-field="${CSS.escape(name ?? "")}"]`);
}

function clearErrors(root = form) {
  problem.hidden = true;
  for (const place of root.querySelectorAll("[data-error]")) place.replaceChildren();
  for (const input of root.querySelectorAll(".is-invalid")) {
    input.classList.remove("is-invalid");
    input.removeAttribute("aria-invalid");
  }
}

// Each beside its field, what is of none of them below the form. Gives the first input that is at fault.
function showFaults(faults) {
  const inputs = [];
  const others = [];
  for (const { field: name, error } of faults) {
    const field = fieldOf(name);
    if (!field) {
      others.push(error);
      continue;
    }
    clearErrors(field);
    const folded = field.closest("details");
    if (folded) folded.open = true;
    const input = find(field, "input, select");
    input.classList.add("is-invalid");
    input.setAttribute("aria-invalid", "true");
    find(field, "[data-error]").replaceChildren(element("span", { role: "alert" }, error));
    inputs.push(input);
  }
  problem.textContent = others.join(" ");
  problem.hidden = !others.length;
  return inputs[0] ?? (others.length ? problem : null);
}

// What is wrong with shares that are judged together is told anew once either is another.
function clearErrorsOf(name) {
  for (const one of SHARES.includes(name) ? SHARES : [name]) {
    const field = fieldOf(one);
    if (field) clearErrors(field);
  }
}

async function start(event) {
  event.preventDefault();
  clearErrors();
  const button = find(form, "[type=submit]");
  button.disabled = true;
  try {
    const body = { name: form.elements.name.value.trim(), settings: settingsOf(form) };
    const { run_url: url } = await requestJson(form.dataset.url, { method: "POST", body });
    location.assign(url);
  } catch (error) {
    button.disabled = false;
    showFaults(error.answer?.faults ?? [{ field: null, error: error.message }])?.focus();
  }
}

function showSliders() {
  for (const slider of form.querySelectorAll("[type=range]")) find(slider.parentElement, "output").value = slider.value;
}

form.addEventListener("submit", start);
form.addEventListener("input", ({ target }) => {
  showSliders();
  clearErrorsOf(target.name);
  if (target.name?.startsWith("augmentation.")) preview.later();
});
form.addEventListener("change", ({ target }) => {
  if (target.name === "family") offerLosses();
  if (target.name === "network") offerWeights();
  if (target.name === "states") preview.later();
  outlook.later(target);
});
addEventListener("pageshow", () => {
  find(form, "[type=submit]").disabled = false; // after coming back
  offerLosses();
  offerWeights();
  showSliders();
});
onProposed.addEventListener("click", trainOnProposed);
offerLosses();
offerWeights();
preview.show();
