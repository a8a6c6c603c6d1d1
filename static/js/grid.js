// The page of a dataset's pictures: thousands of samples to look through, filter, select and put right.
import { find } from "./elements.js";
import { GridActions, counted } from "./grid_actions.js";
import { Cell } from "./grid_cell.js";
import { startCurating } from "./grid_curate.js";
import { Filters } from "./grid_filters.js";
import { GridKeys } from "./grid_keys.js";
import { SamplePages } from "./grid_pages.js";
import { Selection } from "./grid_selection.js";
import { GridView } from "./grid_view.js";
import { toast } from "./toasts.js";

const NARROWEST_PX = innerWidth < 600 ? 104 : 148;
const CAPTION_PX = 46;
const NO_MATCH = "No sample fits these filters.";
const NOT_CURATED = "Nobody has looked for outliers and duplicates in this dataset yet. Who may change it can do so at the end of the filters.";
const POSES_KEY = "moveprint-grid-poses";

const root = find(document, "[data-grid-page]");
const { samplesUrl, glancesUrl, facetsUrl, editUrl, labelUrl, mayEdit, mayLabel } = root.dataset;
const skeleton = JSON.parse(root.dataset.skeleton);
const box = find(root, "[data-grid]");
const status = find(root, "[data-count]");
const empty = { none: find(root, "[data-empty=none]"), filtered: find(root, "[data-empty=filtered]") };

const maySelect = mayEdit === "true" || mayLabel === "true";
const pages = new SamplePages(samplesUrl, glancesUrl);
const selection = new Selection();
const filters = new Filters(find(root, "[data-filters]"), facetsUrl, skeleton);
const urlOf = (sample) => `${labelUrl}?sample=${sample.sample_id}`;
const view = new GridView(box, { makeCell: () => new Cell(skeleton, urlOf), show: showCell, narrowestPx: NARROWEST_PX, captionPx: CAPTION_PX });
const keys = new GridKeys(box, { view, pages, selection, maySelect });
const actions = new GridActions(find(root, "[data-selection]"), { url: editUrl, selection, pages, filters, onDone: showAnew });

function showCell(cell, index, column, withPictures) {
  const sample = pages.at(index);
  cell.show(index, column, sample, { selected: selection.has(sample), active: index === keys.active, withPictures, reason: filters.reason });
}

function showFiltered() {
  selection.clear();
  selection.anchor = null;
  view.setPictures(filters.showsDuplicates ? 2 : 1);
  pages.show(filters.query);
  keys.activate(0);
}

function showTotal() {
  const total = pages.total;
  box.hidden = !total;
  empty.none.hidden = total !== 0 || filters.active > 0;
  empty.filtered.hidden = total !== 0 || !filters.active;
  find(empty.filtered, "p").textContent = filters.waitsForCurating ? NOT_CURATED : NO_MATCH;
  status.textContent = total === 0 ? "No samples" : counted(total);
  if (filters.active && filters.facets) status.textContent += ` of ${filters.facets.total.toLocaleString()}`;
  view.setCount(total);
  actions.show();
  const { first } = history.state ?? {};
  if (first && !scrolledBack) view.putFirst(first);
  scrolledBack = true;
}

async function showFacets() {
  try {
    const facets = await filters.loadFacets();
    actions.showPeople(facets.people);
    curating?.show(facets);
    if (pages.total !== null) showTotal();
  } catch (error) {
    toast(error.message, "exclamation-triangle");
  }
}

function showAnew() {
  pages.refresh();
  return showFacets();
}

function showActive() {
  if (pages.total) box.setAttribute("aria-activedescendant", `sample-${keys.active}`);
  view.render();
}

// Where the page was is kept with it, so that the way back from labelling leads there.
function rememberPlace() {
  const first = view.firstInView;
  if ((history.state?.first ?? null) !== first) history.replaceState({ ...history.state, first }, "");
}

function choosePoses() {
  const toggle = find(root, "[data-poses-toggle]");
  const apply = () => root.classList.toggle("without-poses", !toggle.checked);
  try {
    toggle.checked = localStorage.getItem(POSES_KEY) !== "no";
  } catch {
    toggle.checked = true; // storage may be forbidden
  }
  toggle.addEventListener("change", () => {
    apply();
    try {
      localStorage.setItem(POSES_KEY, toggle.checked ? "yes" : "no");
    } catch {
      // as above
    }
  });
  apply();
}

// Beside the pictures where there is room, else folded away above them.
function placeFilters() {
  const wide = matchMedia("(min-width: 900px)");
  const side = find(root, "[data-side]");
  const place = () => (side.open = wide.matches);
  wide.addEventListener("change", place);
  place();
}

let scrolledBack = !history.state?.first;
history.scrollRestoration = "manual";
const curatePanel = root.querySelector("[data-curate]");
const curating = curatePanel && startCurating(curatePanel, showAnew);

pages.addEventListener("total", showTotal);
pages.addEventListener("change", () => view.render());
pages.addEventListener("problem", ({ detail }) => toast(detail.message, "exclamation-triangle"));
view.addEventListener("seen", ({ detail }) => pages.want(detail.first, detail.last));
selection.addEventListener("change", () => view.render());
filters.addEventListener("change", showFiltered);
keys.addEventListener("active", showActive);
keys.addEventListener("open", ({ detail }) => location.assign(urlOf(detail.sample)));
keys.addEventListener("act", ({ detail }) => actions.run(detail.action, { only: detail.sample }));
keys.addEventListener("problem", ({ detail }) => toast(detail.message));
addEventListener("scrollend", rememberPlace);
for (const button of root.querySelectorAll("[data-clear-filters]")) button.addEventListener("click", () => filters.clear());

placeFilters();
choosePoses();
showFacets();
showFiltered();
