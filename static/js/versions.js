// The page of a dataset's versions: the list, making one, comparing two, going back to one.
import { requestJson } from "./api.js";
import { element, find, icon } from "./elements.js";
import { showLocalTimes } from "./local_times.js";
import { Question } from "./question.js";
import { toast } from "./toasts.js";
import { comparison } from "./versions_compare.js";

const REASONS = { hand: "made by hand", export: "made by an export", run: "made by a training run", restore: "made before going back" };
const NOW = "now";

const root = find(document, "[data-versions]");
const { url, listUrl } = root.dataset;
const skeleton = JSON.parse(root.dataset.skeleton);
const mayEdit = root.dataset.mayEdit === "true";
const list = find(root, "[data-list]");
const comparing = find(root, "[data-compare]");
const choice = find(root, "[data-choice]");
const question = new Question(find(document, "[data-question]"));

async function load() {
  try {
    const { versions } = await requestJson(listUrl);
    const newestFirst = versions.toSorted((one, other) => other.number - one.number);
    find(root, "[data-waiting]").hidden = true;
    find(root, "[data-empty]").hidden = versions.length > 0;
    list.replaceChildren(...newestFirst.map(entry));
    showLocalTimes(list);
    fillChoice(newestFirst);
  } catch (error) {
    find(root, "[data-waiting]").textContent = error.message;
  }
}

function entry(version) {
  const { number, made_at: at, made_by: by, reason, note, samples } = version;
  const when = element("time", { datetime: at, "data-local": "minute" }, at);
  return element(
    "li",
    { class: "panel version", value: number, id: `version-${number}` },
    element(
      "div",
      { class: "version-words" },
      element("h2", {}, `Version ${number}`, ...(note ? [element("span", { class: "version-note" }, note)] : [])),
      element("p", { class: "small muted mb-0" }, when, ` · ${by ?? "an account that is gone"} · ${REASONS[reason]} · ${samples.toLocaleString()} sample${samples === 1 ? "" : "s"}`),
    ),
    element(
      "div",
      { class: "version-buttons" },
      element("button", { type: "button", class: "btn btn-sm btn-quiet", onclick: () => compare(number, NOW) }, icon("arrow-left-right"), " Compare with now"),
      ...(mayEdit ? [element("button", { type: "button", class: "btn btn-sm btn-quiet", onclick: () => restore(number) }, icon("arrow-counterclockwise"), " Go back to it")] : []),
    ),
  );
}

function fillChoice(versions) {
  const options = versions.map(({ number, note }) => element("option", { value: number }, `version ${number}${note ? `, ${note}` : ""}`));
  choice.elements.compare.replaceChildren(...options);
  choice.elements.with.replaceChildren(element("option", { value: NOW }, "what is here now"), ...options.map((option) => option.cloneNode(true)));
  comparing.hidden = !versions.length;
  showFromAddress();
}

function compare(number, other) {
  history.pushState(null, "", `?compare=${number}&with=${other}`);
  showFromAddress();
  comparing.scrollIntoView({ block: "start" });
  comparing.focus({ preventScroll: true });
}

async function showFromAddress() {
  const wanted = new URLSearchParams(location.search);
  const [number, other] = [wanted.get("compare"), wanted.get("with") ?? NOW];
  const result = find(comparing, "[data-result]");
  if (!number) return result.replaceChildren();
  choice.elements.compare.value = number;
  choice.elements.with.value = other;
  try {
    const found = await requestJson(`${url}/${number}/compare?with=${other}`);
    if (new URLSearchParams(location.search).toString() !== wanted.toString()) return undefined; // another was chosen meanwhile
    return result.replaceChildren(...comparison(found, skeleton));
  } catch (error) {
    return result.replaceChildren(element("p", { class: "muted mb-0" }, error.message));
  }
}

async function restore(number) {
  let found;
  try {
    found = await requestJson(`${url}/${number}/compare?with=${NOW}`);
    if (!(await question.ask({ title: `Go back to version ${number}?`, text: consequences(found, number), button: "Go back" }))) return;
    await requestJson(`${url}/${number}/restore`, { method: "POST", body: {} });
    toast(`The dataset is as it was in version ${number}.`, "check-lg");
  } catch (error) {
    toast(error.message, "exclamation-triangle");
  }
  load();
}

// found compares the version with now: what was added since goes, what was removed comes back.
function consequences({ added, removed, changed }, number) {
  const many = (count) => `${count.toLocaleString()} sample${count === 1 ? "" : "s"}`;
  const lines = [
    removed && `${many(removed)} that ${removed === 1 ? "was" : "were"} deleted since come${removed === 1 ? "s" : ""} back`,
    changed && `${many(changed)} get${changed === 1 ? "s" : ""} the label, state, person and split of then`,
    added && `${many(added)} that came since ${added === 1 ? "is" : "are"} taken out`,
  ].filter(Boolean);
  return element(
    "div",
    {},
    lines.length ? element("ul", {}, ...lines.map((line) => element("li", {}, `${line}.`))) : element("p", {}, "Nothing differs from now."),
    element("p", {}, `What is here now is kept as a version first, so that you can go forward again. Version ${number} itself stays as it is.`),
  );
}

async function freeze(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const button = find(form, "button");
  button.disabled = true;
  try {
    await requestJson(url, { method: "POST", body: { note: form.elements.note.value.trim() } });
    form.reset();
    await load();
  } catch (error) {
    toast(error.message, "exclamation-triangle");
  } finally {
    button.disabled = false;
  }
}

root.querySelector("[data-freeze]")?.addEventListener("submit", freeze);
choice.addEventListener("change", () => compare(choice.elements.compare.value, choice.elements.with.value));
addEventListener("popstate", showFromAddress);
load();
