// What update-chart does to the points of a chart. Pure.

const LARGEST = 1e300; // the range of an axis is a sum: beyond, it would be Infinity, and Chart.js would search it for ever

/** What can be drawn of a value: null where a series has none, or one too large. */
function drawable(y) {
  return Math.abs(y) <= LARGEST ? y : null;
}

/** Points of one series: `labels` are epoch ms, values may be null where the series has none. */
function points(labels, values) {
  return labels.map((x, i) => ({ x, y: drawable(values[i] ?? null) }));
}

/** A chart's settings out of their text, with points that can be drawn. */
export function configOf(text) {
  const config = JSON.parse(text);
  for (const dataset of config.data.datasets) dataset.data = dataset.data.map(({ x, y }) => ({ x, y: drawable(y) }));
  return config;
}

/**
 * Applies one update to `datasets` ([{data: [{x, y}]}]): appends or replaces, then keeps the newest `window` of each.
 */
export function applyUpdate(datasets, { labels, data, append, window }) {
  datasets.forEach((dataset, i) => {
    const fresh = points(labels, data[i] ?? []);
    const all = append ? dataset.data.concat(fresh) : fresh;
    dataset.data = window > 0 ? all.slice(-window) : all;
  });
}

/** `epoch-12` → 12: the number by which updates of a chart are told apart. */
export function offsetOf(version) {
  return Number(version.slice(version.lastIndexOf("-") + 1)) || 0;
}

/** Index of the point nearest to `x` in sorted `points`, -1 without points. */
export function nearest(points, x) {
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].x < x) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && x - points[low - 1].x < points[low].x - x) return low - 1;
  return points.length ? low : -1;
}

/** The newest `most` rows `[x, [value per series]]` of all series together, oldest first, for the hidden table. */
export function rows(datasets, most) {
  const byTime = new Map();
  datasets.forEach((dataset, i) => {
    for (const { x, y } of dataset.data.slice(-most)) {
      if (!byTime.has(x)) byTime.set(x, new Array(datasets.length).fill(null));
      byTime.get(x)[i] = y;
    }
  });
  return [...byTime].sort((a, b) => a[0] - b[0]).slice(-most);
}
