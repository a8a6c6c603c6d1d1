// Asks before an import that was begun goes on without files of which a part is here already.
import { element } from "./elements.js";
import { inUnits } from "./upload_files.js";

const SHOWN = 5; // names; more are only counted

// Whether to go on without them. question: a Question of ./question.js; lost: [{name, size_bytes, received_bytes}], at least one.
export function askToLose(question, lost) {
  const [{ name }] = lost;
  const one = lost.length === 1;
  return question.ask({
    title: `Go on without ${one ? name : `${lost.length.toLocaleString("en")} files`}?`,
    text: told(lost, one),
    button: `Go on without ${one ? "it" : "them"}`,
    danger: true,
  });
}

function told(lost, one) {
  const text = document.createDocumentFragment();
  const rows = lost.slice(0, SHOWN).map(({ name, size_bytes: size, received_bytes: received }) => {
    return element("li", {}, element("b", {}, name), `: ${inUnits(received)} of ${inUnits(size)} here`);
  });
  if (lost.length > SHOWN) rows.push(element("li", {}, `and ${(lost.length - SHOWN).toLocaleString("en")} more`));
  const them = one ? "it" : "them";
  const again = `Choose ${them} again, with whatever else is to come in, and the rest follows.`;
  text.append(
    element("p", {}, `${one ? "This file was" : "These files were"} begun before and not chosen again:`),
    element("ul", {}, ...rows),
    element("p", {}, `${again} Without ${them}, what is here of ${them} is thrown away.`),
  );
  return text;
}
