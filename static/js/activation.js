// Activating a model asks first where something speaks against it: what a template in its form says (models/_activation.html), under its
// data-against.

// question: a Question of ./question.js.
export function askBeforeActivating(root, question) {
  root.addEventListener("submit", async (event) => {
    const form = event.target;
    const against = form.querySelector("template[data-against]");
    if (!against) return;
    event.preventDefault();
    const answer = question.ask({ title: against.dataset.against, text: against.content.cloneNode(true), button: "Activate it anyway", danger: true });
    if (await answer) form.submit();
  });
}
