// From the server's chart config, which has no colours and no functions, to what Chart.js wants.
import { binaryStep, isBytes, mark, quantity } from "./quantity.js";
import { moment } from "./times.js";

const MANY = 8; // series colours; the next eight are the same with dashes
const VALUE_MARKS = 6;
const FEW = 12; // a line of so few points is hardly seen, and one alone is no line: they are dots too
const DASHES = [[], [6, 4], [2, 3]];

/** Merges plain objects deeply into a new one; arrays and everything else are replaced. */
export function merge(base, over) {
  if (!isPlain(base) || !isPlain(over)) return over === undefined ? base : over;
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) result[key] = merge(base[key], value);
  return result;
}

function isPlain(value) {
  return value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype;
}

/** Options for Chart.js. `theme` is {text, grid, surface, border, series: [8 colours]}, `server` the config's options. */
export function chartOptions(server = {}, theme) {
  const ours = server.plugins?.livedash ?? {};
  const options = merge(base(theme, ours), server);
  options.scales.x.type = "round-time";
  return options;
}

function base(theme, { unit, decimals, timezone }) {
  const value = { unit, decimals };
  return {
    animation: false,
    parsing: false,
    normalized: true,
    spanGaps: true,
    maintainAspectRatio: false,
    interaction: { mode: "nearest", axis: "x", intersect: false },
    elements: { point: { radius: 0, hoverRadius: 4, hitRadius: 8 }, line: { borderWidth: 1.75, tension: 0 } },
    scales: {
      x: {
        adapters: { date: { zone: timezone ?? undefined } },
        grid: { display: false },
        border: { color: theme.grid },
        ticks: { color: theme.text, maxRotation: 0, autoSkip: false },
      },
      y: {
        grid: { color: theme.grid },
        border: { display: false },
        ticks: { color: theme.text, maxTicksLimit: VALUE_MARKS, callback: writeMark(unit) },
        afterDataLimits: (axis) => roundSteps(axis, unit),
      },
    },
    plugins: {
      legend: { labels: { color: theme.text, boxWidth: 14, boxHeight: 2 } },
      tooltip: tooltip(theme, value, timezone),
    },
  };
}

function tooltip(theme, value, timezone) {
  return {
    backgroundColor: theme.surface,
    borderColor: theme.border,
    borderWidth: 1,
    titleColor: theme.strong,
    bodyColor: theme.strong,
    filter: (item) => item.parsed.y !== null,
    callbacks: {
      title: (items) => (items.length ? moment(items[0].parsed.x, timezone) : ""),
      labelColor: ({ dataset: { borderColor } }) => ({ borderColor, backgroundColor: borderColor }),
      label: (item) => ` ${item.dataset.label ?? ""}: ${quantity(item.parsed.y, value)}`,
    },
  };
}

/** A megabyte is not a round number of mebibytes: marks of a bytes axis stand at multiples of 1024. */
function roundSteps(axis, unit) {
  if (!isBytes(unit)) return;
  const span = axis.max - axis.min || axis.max || 1;
  axis.options.ticks.stepSize = binaryStep(span, VALUE_MARKS - 1, axis.max);
}

function writeMark(unit) {
  return (y, _index, marks) => mark(y, stepOf(marks), unit, marks.at(-1).value);
}

function stepOf(marks) {
  return marks.length > 1 ? Math.abs(marks[1].value - marks[0].value) : 0;
}

/** Gives each dataset its colour by index, and dots to few points. True if any looks new. */
export function paint(datasets, theme) {
  return datasets.map((dataset, i) => restyle(dataset, i, theme.series[i % MANY])).some(Boolean);
}

function restyle(dataset, i, colour) {
  const pointRadius = isSparse(dataset.data) ? 3 : 0;
  if (dataset.borderColor === colour && dataset.pointRadius === pointRadius) return false;
  Object.assign(dataset, {
    borderColor: colour,
    backgroundColor: dataset.fill ? colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0.15)") : colour,
    pointBackgroundColor: colour,
    borderDash: DASHES[Math.floor(i / MANY) % DASHES.length],
    pointRadius,
  });
  return true;
}

function isSparse(points) {
  let known = 0;
  for (const { y } of points) if (y !== null && ++known > FEW) return false;
  return true;
}
