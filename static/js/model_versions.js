// The page of versions of trained models: removing one asks first. Activating works by forms, and asks where a version is not worth it.
import { askBeforeActivating } from "./activation.js";
import { requestJson } from "./api.js";
import { find } from "./elements.js";
import { Question } from "./question.js";
import { toast } from "./toasts.js";

const question = new Question(find(document, "[data-question]"));
askBeforeActivating(document, question);

for (const button of document.querySelectorAll("[data-remove]")) {
  button.addEventListener("click", async () => {
    const { remove: name, url } = button.dataset;
    const text = "Its files are deleted, and nobody can choose it any more. Its number is not given again.";
    if (!(await question.ask({ title: `Remove ${name}?`, text, button: "Remove it", danger: true }))) return;
    try {
      await requestJson(url, { method: "POST", body: {} });
      location.reload();
    } catch (error) {
      toast(error.message, "exclamation-triangle");
    }
  });
}
