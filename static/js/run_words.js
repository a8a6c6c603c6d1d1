// Numbers of training runs as words.

export const percent = (share, digits = 1) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(digits)} %`);

// An upper bound: a run may stop before its last epoch.
export function atMost(seconds) {
  if (seconds < 60) return "at most a minute left";
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `at most ${minutes} minutes left` : `at most ${Math.ceil(minutes / 60)} hours left`;
}

// The same text again is not read out again.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
