// The files that a person chooses or drops: names within the folder they come from, and what of them will do.

const HIDDEN = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/i; // left by systems, not by people
const ODD = /[\p{Cc}\p{Zl}\p{Zp}\\]/u;
const LONGEST_NAME = 512;
const UNITS = [
  ["GB", 1e9],
  ["MB", 1e6],
  ["KB", 1e3],
];

// [{name, file}] of an <input type=file>, with or without webkitdirectory.
export const inputFiles = (input) => [...input.files].map((file) => ({ name: file.webkitRelativePath || file.name, file }));

// [{name, file}] of what was dropped; folders are walked through.
export async function droppedFiles({ items, files }) {
  // the list of items is only there until the event is over, so all entries are taken out first
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...files].map((file) => ({ name: file.name, file }));
  const found = [];
  for (const entry of entries) await walk(entry, "", found);
  return found;
}

async function walk(entry, folder, found) {
  const name = folder + entry.name;
  if (entry.isFile) {
    found.push({ name, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // a browser answers a folder in parts, and at last an empty one
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!part.length) return;
    for (const child of part) await walk(child, `${name}/`, found);
  }
}

// Without the one folder that everything lies in, where there are folders within it: what was chosen is then the frame
// around people or a dataset, and not one of them.
export function withoutFrame(chosen) {
  const tops = new Set(chosen.map(({ name }) => (name.includes("/") ? name.split("/")[0] : "")));
  if (tops.size !== 1 || tops.has("") || !chosen.some(({ name }) => name.split("/").length > 2)) return chosen;
  const [top] = tops;
  return chosen.map(({ name, file }) => ({ name: name.slice(top.length + 1), file }));
}

// {taken: [{name, file}], leftOut: [{name, reason}]}. limits: {suffixes: {picture, video, dataset}, pictureBytes, files, allBytes, words}.
export function sorted(chosen, limits) {
  const taken = new Map();
  const leftOut = [];
  let bytes = 0;
  for (const { name, file } of chosen) {
    const reason = HIDDEN.test(name) ? null : refusal(name, file, limits);
    if (HIDDEN.test(name)) continue;
    if (reason) leftOut.push({ name, reason });
    else if (taken.size >= limits.files) leftOut.push({ name, reason: `one import takes ${limits.files} files` });
    else if (bytes + file.size > limits.allBytes) leftOut.push({ name, reason: `one import takes ${inUnits(limits.allBytes)} in all` });
    else if (!taken.has(name)) {
      taken.set(name, file);
      bytes += file.size;
    }
  }
  return { taken: [...taken].map(([name, file]) => ({ name, file })), leftOut, bytes };
}

function refusal(name, file, { suffixes, pictureBytes }) {
  const kind = kindOf(name, suffixes);
  if (!kind) return "it is of no kind that is taken";
  if (name.length > LONGEST_NAME || ODD.test(name)) return "its name is too long or holds odd characters; rename it";
  if (!file.size) return "it is empty (0 bytes)";
  if (kind === "picture" && file.size > pictureBytes)
    return `it has ${inUnits(file.size)}; a picture may have ${inUnits(pictureBytes)}`;
  return null;
}

// "picture", "video", "dataset" or null.
export function kindOf(name, suffixes) {
  const lower = name.toLowerCase();
  return Object.keys(suffixes).find((kind) => suffixes[kind].some((suffix) => lower.endsWith(suffix))) ?? null;
}

// The kind of each as a person is told it: a text is part of a labelled dataset only where a YAML file is among them,
// else it is "text".
export function shownKinds(names, suffixes) {
  const mayBeYolo = names.some((name) => /\.ya?ml$/i.test(name));
  return names.map((name) => (!mayBeYolo && /\.txt$/i.test(name) ? "text" : kindOf(name, suffixes)));
}

// How many files each first folder holds: [["Anna", 12], ...].
export function foldersOf(chosen) {
  const counts = new Map();
  for (const { name } of chosen) {
    const folder = name.includes("/") ? name.split("/")[0] : "";
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts];
}

// "8.4 MB", as the server says it.
export function inUnits(bytes) {
  const [unit, factor] = UNITS.find(([, least]) => bytes >= least) ?? UNITS.at(-1);
  return `${Number((bytes / factor).toPrecision(3))} ${unit}`;
}
