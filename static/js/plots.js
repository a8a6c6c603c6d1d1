// Plots in the colours of the page, drawn anew when its theme changes. Chart.js is loaded before as a classic script.
import { element } from "./elements.js";

const ROW_PX = 26;
const BESIDE_PX = 12; // of each bar, where several are beside each other
const LONGEST_LABEL = 28; // characters; the table has it whole
const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// What shows values by colours and has to be drawn anew with others: run() now and after each change of the theme.
const drawn = new Set();
new MutationObserver(() => drawn.forEach((draw) => draw())).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });

export function drawWithTheme(draw) {
  drawn.add(draw);
  draw();
}

export function colours() {
  return {
    series: ["--plot-1", "--plot-2", "--plot-3", "--plot-4", "--plot-5", "--plot-6"].map(colourOf),
    text: colourOf("--mp-text"),
    muted: colourOf("--mp-muted"),
    line: colourOf("--mp-line"),
  };
}

// Lying bars, one row a label; series: [{name, values, colour}], stacked where there are several, unless told otherwise.
export function lyingBars(root, { label, labels, series, stacked = series.length > 1 }) {
  const rowPx = stacked ? ROW_PX : Math.max(ROW_PX, series.length * BESIDE_PX + 8);
  root.style.height = `${labels.length * rowPx + (series.length > 1 ? 74 : 44)}px`;
  plot(root, label, (palette) => ({
    type: "bar",
    data: { labels, datasets: bars(series, palette) },
    options: options(palette, { indexAxis: "y", stacked, legend: series.length > 1, names: "y" }),
  }));
}

// Standing bars, as of a histogram; gap: false where one range follows the other.
export function standingBars(root, { label, labels, series, xTitle, gap = true }) {
  plot(root, label, (palette) => ({
    type: "bar",
    data: { labels, datasets: bars(series, palette).map((one) => (gap ? one : { ...one, barPercentage: 1, categoryPercentage: 0.96 })) },
    options: options(palette, { indexAxis: "x", stacked: false, legend: series.length > 1, names: "x", xTitle }),
  }));
}

// low..high as floating bars with the middle marked, one row a label.
export function ranges(root, { label, labels, lows, middles, highs, xTitle }) {
  root.style.height = `${labels.length * ROW_PX + 64}px`;
  plot(root, label, (palette) => ({
    data: {
      labels,
      datasets: [
        { type: "scatter", label: "middle", data: middles.map((x, row) => ({ x, y: labels[row] })), backgroundColor: palette.text, pointStyle: "rectRot", radius: 4.5, order: 0 },
        { type: "bar", label: "nine of ten", data: labels.map((_, row) => [lows[row], highs[row]]), backgroundColor: palette.series[0], barThickness: 11, order: 1 },
      ],
    },
    options: options(palette, { indexAxis: "y", stacked: false, legend: true, names: "y", xTitle, whole: false }),
  }));
}

// Lines that grow; answers what shows the series anew. series: [{name, points: [{x, y}], colour, dashed, dots}].
export function lines(root, { label, xTitle, yTitle, logarithmic = false, most }) {
  const canvas = element("canvas", { role: "img", "aria-label": label });
  root.replaceChildren(canvas);
  let chart;
  let shownSeries = [];
  const draw = () => {
    chart?.destroy();
    chart = new globalThis.Chart(canvas, lineOptions(colours(), shownSeries, { xTitle, yTitle, logarithmic, most }));
  };
  drawWithTheme(draw);
  return (series) => {
    const alike = series.length === shownSeries.length;
    shownSeries = series;
    if (!alike) return draw();
    series.forEach(({ points }, number) => (chart.data.datasets[number].data = points));
    return chart.update("none");
  };
}

function lineOptions(palette, series, { xTitle, yTitle, logarithmic, most }) {
  const title = (text) => ({ display: Boolean(text), text, color: palette.muted });
  const axis = { grid: { color: palette.line }, border: { color: palette.line } };
  return {
    type: "line",
    data: { datasets: series.map((one, number) => line(one, palette.series[one.colour ?? number])) },
    options: {
      animation: false,
      maintainAspectRatio: false,
      parsing: false,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      scales: {
        x: { type: "linear", ...axis, ticks: { color: palette.muted, precision: 0 }, title: title(xTitle), min: 0 },
        y: { type: logarithmic ? "logarithmic" : "linear", beginAtZero: !logarithmic, suggestedMax: most, ...axis, ticks: { color: palette.muted, maxTicksLimit: 7 }, title: title(yTitle) },
      },
      plugins: { legend: { align: "start", labels: { color: palette.text, boxWidth: 14, boxHeight: 2 } } },
    },
  };
}

function line({ name, points, dashed = false, dots = false }, colour) {
  const radius = dots ? 5 : points.length > 1 ? 0 : 3;
  return { label: name, data: points, borderColor: colour, backgroundColor: colour, borderDash: dashed ? [6, 4] : [], borderWidth: 2, pointRadius: radius, showLine: !dots };
}

function plot(root, label, configure) {
  const canvas = element("canvas", { role: "img", "aria-label": label });
  root.replaceChildren(canvas);
  let chart;
  drawWithTheme(() => {
    chart?.destroy();
    chart = new globalThis.Chart(canvas, configure(colours()));
  });
}

function bars(series, palette) {
  return series.map(({ name, values, colour }, number) => ({ label: name, data: values, backgroundColor: palette.series[colour ?? number], borderRadius: 2, maxBarThickness: 22 }));
}

function options(palette, { indexAxis, stacked, legend, names, xTitle, whole = true }) {
  const scale = (axis) => ({
    type: axis === names ? "category" : "linear",
    stacked,
    beginAtZero: axis !== names,
    grid: { color: palette.line, display: axis !== names },
    border: { color: palette.line },
    ticks: { color: axis === names ? palette.text : palette.muted, precision: whole ? 0 : undefined, autoSkip: axis !== names || axis === "x" },
    afterTickToLabelConversion: (axis === names && shortenLabels) || undefined,
    title: axis === "x" && xTitle ? { display: true, text: xTitle, color: palette.muted } : { display: false },
  });
  return {
    indexAxis,
    animation: false,
    maintainAspectRatio: false,
    scales: { x: scale("x"), y: scale("y") },
    plugins: { legend: { display: legend, align: "start", labels: { color: palette.text, boxWidth: 14, boxHeight: 14 } } },
  };
}

function shortenLabels({ ticks }) {
  for (const tick of ticks) if (tick.label?.length > LONGEST_LABEL) tick.label = `${tick.label.slice(0, LONGEST_LABEL - 1)}…`;
}

// The same numbers as text.
export function numbersTable(caption, heads, rows) {
  const cell = (value, place) => element(place ? "td" : "th", place ? { class: "numbers text-end" } : { scope: "row" }, shown(value));
  return element(
    "details",
    { class: "plot-numbers" },
    element("summary", { class: "small" }, "Numbers"),
    element(
      "div",
      { class: "table-responsive", tabindex: "0", role: "region", "aria-label": caption },
      element(
        "table",
        { class: "table table-sm" },
        element("caption", { class: "visually-hidden" }, caption),
        element("thead", {}, element("tr", {}, ...heads.map((head, place) => element("th", { scope: "col", class: place ? "text-end" : null }, head)))),
        element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map(cell)))),
      ),
    ),
  );
}

function shown(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return value;
  return Number.isInteger(value) ? value.toLocaleString() : value.toLocaleString(undefined, { maximumSignificantDigits: 3 });
}
