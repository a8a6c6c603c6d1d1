// Activating a version that its run's test speaks against asks first. A form with data-against: why not, as sentences.

// question: a Question of ./question.js.
export function askBeforeActivating(root, question) {
  root.addEventListener("submit", async (event) => {
    const form = event.target;
    const { against, version } = form.dataset;
    if (against === undefined) return;
    event.preventDefault();
    const text = `${against} Everybody's sessions would use it from then on.`.trim();
    if (await question.ask({ title: `${version} is not worth activating. Use it anyway?`, text, button: "Activate it anyway", danger: true })) form.submit();
  });
}
