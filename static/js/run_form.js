// The form of a new run: what is chosen as JSON, refusals beside their fields, nothing typed is lost.
import { requestJson } from "./api.js";
import { element, find } from "./elements.js";
import { RunOutlook } from "./run_outlook.js";
import { RunPreview } from "./run_preview.js";

const form = find(document, "[data-run-form]");
const problem = find(form, "[data-form-error]");
const losses = JSON.parse(form.dataset.losses);
const withoutWeights = JSON.parse(form.dataset.withoutWeights);
const onProposed = find(form, "[data-train-on-proposed]");
const outlook = new RunOutlook(find(document, "[data-outlook]"), find(form, "[data-start-problem]"), () => settingsOf(form));
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

function clearErrors() {
  problem.hidden = true;
  for (const place of form.querySelectorAll("[data-error]")) place.replaceChildren();
  for (const input of form.querySelectorAll(".is-invalid")) {
    input.classList.remove("is-invalid");
    input.removeAttribute("aria-invalid");
  }
}

function showError(text, name) {
  const field = fieldOf(name);
  if (!field) {
    problem.textContent = text;
    problem.hidden = false;
    problem.focus();
    return;
  }
  const folded = field.closest("details");
  if (folded) folded.open = true;
  const input = find(field, "input, select");
  input.classList.add("is-invalid");
  input.setAttribute("aria-invalid", "true");
  find(field, "[data-error]").replaceChildren(element("span", { role: "alert" }, text));
  input.focus();
}

// Every number that is out of its range, the first in focus; the rest is the server's to judge.
function wrongNumbers() {
  return [...form.querySelectorAll("input[type=number]")].flatMap((input) => {
    const { badInput, rangeUnderflow, rangeOverflow, stepMismatch } = input.validity;
    const step = Number(input.step);
    if (!badInput && !rangeUnderflow && !rangeOverflow && !(stepMismatch && step >= 1)) return [];
    const kind = step === 1 ? "a whole number" : step > 1 ? `a multiple of ${step}` : "a number";
    const label = input.labels[0].firstChild.textContent.trim();
    return [[`${label} must be ${kind} from ${Number(input.min)} to ${Number(input.max)}.`, input.name]];
  });
}

async function start(event) {
  event.preventDefault();
  clearErrors();
  const name = form.elements.name.value.trim();
  if (!name) return showError("A run needs a name; say what is tried with it.", "name");
  const wrong = wrongNumbers();
  for (const [text, field] of wrong.toReversed()) showError(text, field);
  if (wrong.length) return undefined;
  const button = find(form, "[type=submit]");
  button.disabled = true;
  try {
    const { run_url: url } = await requestJson(form.dataset.url, { method: "POST", body: { name, settings: settingsOf(form) } });
    location.assign(url);
  } catch (error) {
    button.disabled = false;
    showError(error.message, error.answer.field);
  }
  return undefined;
}

function showSliders() {
  for (const slider of form.querySelectorAll("[type=range]")) find(slider.parentElement, "output").value = slider.value;
}

form.addEventListener("submit", start);
form.addEventListener("input", ({ target }) => {
  showSliders();
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
