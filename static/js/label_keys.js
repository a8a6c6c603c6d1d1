// The keyboard of the labelling page. One table says what every key does; the help is made from it.

// [command, keys, what it does]; a key: the name that KeyboardEvent.key gives, letters small, with Shift+ and Ctrl+ before it.
// Without a command a row only tells; without words its keys are told in another row.
export const GROUPS = [
  ["Picture after picture", [
    ["accept", ["Enter"], "Accept the label and go to the next picture"],
    ["acceptHere", ["Shift+Enter"], "Accept and stay"],
    ["exclude", ["e"], "Exclude the picture and go on, or take it in again"],
    ["next", ["PageDown"], "Next picture, without accepting"],
    ["back", ["PageUp"], "Back to the picture before"],
    ["unreviewed", ["u"], "Next one that is not reviewed"],
    ["following", ["."], "The picture that follows in the dataset"],
    ["preceding", [","], "The picture before it in the dataset"],
    ["jump", ["g"], "Go to a picture by its number"],
  ]],
  ["Keypoints", [
    [null, ["1 … 9"], "Choose a keypoint by its number; type 1 then 2 for 12. Then click where it belongs"],
    ["nextPoint", ["Tab", "n"], "Next keypoint; Tab leaves the picture after the last"],
    ["previousPoint", ["Shift+Tab", "p"], "Previous keypoint"],
    [null, ["← ↑ → ↓"], "Move it by 1 pixel of the picture; with Shift by 10, with Control by 50"],
    ["visibility", ["v"], "Visible, hidden, absent in turn"],
    [null, ["Shift+0", "Shift+1", "Shift+2"], "Absent, hidden, visible"],
    ["absent", ["Delete", "Backspace"], "Absent"],
    [null, ["Right click"], "Place it as hidden"],
    ["deselect", ["Escape"], "Choose none; Tab then leaves the picture"],
  ]],
  ["The whole label", [
    ["undo", ["Ctrl+z"], "Undo, across pictures"],
    ["redo", ["Ctrl+y", "Ctrl+Shift+z"], "Redo"],
    ["copy", ["c"], "Copy from the picture before, of the same recording"],
    ["swap", ["x"], "Exchange left and right"],
    ["mirror", ["m"], "Mirror check: as a mirror shows it, sides exchanged"],
    ["box", ["b"], "Edit the box: arrows move it, Control with arrows changes its size"],
    ["fitBox", ["Shift+b"], "Fit the box to the keypoints"],
    ["reset", ["r"], "Back to what was saved"],
  ]],
  ["View", [
    ["zoomIn", ["+", "="], "Larger; also the mouse wheel, or two fingers"],
    ["zoomOut", ["-"], "Smaller"],
    ["whole", ["f"], "The whole picture, or the person alone"],
    [null, ["Space"], "Held: drag to move the picture"],
    [null, ["W", "A", "S", "D"], "Move the view up, left, down, right"],
    ["panUp", ["w"]],
    ["panLeft", ["a"]],
    ["panDown", ["s"]],
    ["panRight", ["d"]],
    ["bare", ["h"], "Hide the label, or show it"],
    [null, ["l", "k"], "Lighter, more contrast; with Shift darker, less contrast"],
    ["lighter", ["l"]],
    ["darker", ["Shift+l"]],
    ["moreContrast", ["k"]],
    ["lessContrast", ["Shift+k"]],
    ["plainLight", ["o"], "Light as it is"],
    ["fullScreen", ["z"], "Full screen"],
    ["help", ["?"], "This help"],
  ]],
];

const SECOND_DIGIT_MS = 900;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const DIGIT = /^(?:Digit|Numpad)(\d)$/;
const isOff = (event) => event.code.startsWith("Numpad") && event.key.length > 1; // without Num Lock its keys move about
const OWN_KEYS = "input, select, textarea, dialog";

export class LabelKeys {
  #typed = "";
  #typedAt = -Infinity;
  #leaving = false;
  #commands = new Map();

  // actions: command -> function; moves: {select, visibility, arrow, space}; count: of keypoints.
  constructor(stage, { actions, moves, count }) {
    Object.assign(this, { stage, actions, moves, count });
    for (const [, rows] of GROUPS) for (const [command, keys] of rows) if (command) for (const key of keys) this.#commands.set(key, command);
    document.addEventListener("keydown", (event) => this.#down(event));
    document.addEventListener("keyup", (event) => event.key === " " && moves.space(false));
    addEventListener("blur", () => moves.space(false));
    stage.addEventListener("focus", () => (this.#leaving = false));
  }

  #down(event) {
    if (event.defaultPrevented || event.altKey || event.isComposing || event.target.closest(OWN_KEYS) || document.querySelector("dialog[open]")) return;
    if (this.#handle(event)) event.preventDefault();
  }

  #handle(event) {
    const onButton = event.target.closest("button, a, summary");
    if (onButton && (event.key === "Enter" || event.key === " ")) return false; // it is pressed
    if (event.key === "Tab") return this.#tab(event);
    if (ARROWS[event.key]) return this.#arrow(event);
    if (event.key === " ") return this.moves.space(true) ?? true;
    const digit = DIGIT.exec(event.code)?.[1];
    if (digit && !isOff(event) && !event.ctrlKey && !event.metaKey) return this.#digit(digit, event);
    const command = this.#commands.get(nameOf(event));
    if (!command || (event.repeat && !REPEATING.has(command))) return Boolean(command);
    if (command === "deselect") this.#leaving = true;
    this.actions[command](event.timeStamp);
    return true;
  }

  // Through the keypoints while the picture has the focus, and on to the page's other parts after the last.
  #tab(event) {
    if (document.activeElement !== this.stage || this.#leaving || event.ctrlKey || event.metaKey) return false;
    const inside = this.actions[event.shiftKey ? "previousPoint" : "nextPoint"]({ around: false });
    return inside;
  }

  #arrow(event) {
    const [dx, dy] = ARROWS[event.key];
    return this.moves.arrow(dx, dy, { far: event.shiftKey, control: event.ctrlKey || event.metaKey });
  }

  // By the key's place: on some keyboards digits are typed with Shift.
  #digit(digit, event) {
    if (event.shiftKey) return this.moves.visibility(Number(digit));
    const now = event.timeStamp;
    const longer = now - this.#typedAt < SECOND_DIGIT_MS ? this.#typed + digit : digit;
    this.#typed = Number(longer) >= 1 && Number(longer) <= this.count ? longer : digit;
    this.#typedAt = now;
    if (Number(this.#typed) >= 1 && Number(this.#typed) <= this.count) this.moves.select(Number(this.#typed) - 1);
    return true;
  }
}

const REPEATING = new Set(["undo", "redo", "zoomIn", "zoomOut", "panLeft", "panRight", "panUp", "panDown", "lighter", "darker", "moreContrast", "lessContrast", "nextPoint", "previousPoint"]);

function nameOf(event) {
  const letter = event.key.length === 1;
  const key = letter ? event.key.toLowerCase() : event.key;
  const shift = event.shiftKey && (!letter || /[a-z]/.test(key)) ? "Shift+" : "";
  return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${shift}${key}`;
}
