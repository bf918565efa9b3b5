import assert from "node:assert/strict";
import { test } from "node:test";
import { applyUpdate, configOf, nearest, offsetOf, rows } from "../../assets/src/chart-data.js";
import { chartOptions, merge, paint } from "../../assets/src/chart-options.js";

const at = (...xs) => xs.map((x) => ({ x, y: x * 10 }));
const theme = { text: "t", strong: "s", grid: "g", surface: "u", border: "b", series: Array.from("01234567") };

test("append keeps the newest window of each series; a missing value is a null point", () => {
  const datasets = [{ data: at(1, 2) }, { data: at(1, 2) }];
  applyUpdate(datasets, { labels: [3, 4], data: [[30, 40], [null, 40]], append: true, window: 3 });
  assert.deepEqual(datasets[0].data, at(2, 3, 4));
  assert.deepEqual(datasets[1].data, [{ x: 2, y: 20 }, { x: 3, y: null }, { x: 4, y: 40 }]);
});

test("without append the points are replaced; a series left out becomes empty values", () => {
  const datasets = [{ data: at(1, 2) }, { data: at(1) }];
  applyUpdate(datasets, { labels: [7], data: [[70]], append: false, window: 100 });
  assert.deepEqual(datasets[0].data, at(7));
  assert.deepEqual(datasets[1].data, [{ x: 7, y: null }]);
});

test("a version's offset is what follows its last dash", () => {
  assert.equal(offsetOf("k3f-42"), 42);
  assert.equal(offsetOf(""), 0);
});

test("nearest point in time", () => {
  const points = at(10, 20, 30);
  assert.deepEqual([0, 14, 16, 29, 99].map((x) => nearest(points, x)), [0, 0, 1, 2, 2]);
  assert.equal(nearest([], 5), -1);
});

test("rows of the hidden table: oldest first, series joined by time", () => {
  const datasets = [{ data: at(1, 2, 3) }, { data: at(2) }];
  assert.deepEqual(rows(datasets, 2), [[2, [20, 20]], [3, [30, null]]]);
});

test("merge replaces arrays, keeps both sides untouched", () => {
  const base = { a: { b: 1, c: [1, 2] } };
  assert.deepEqual(merge(base, { a: { c: [3] }, d: 4 }), { a: { b: 1, c: [3] }, d: 4 });
  assert.deepEqual(base, { a: { b: 1, c: [1, 2] } });
});

test("the server's options win, the axis stays ours, values carry their unit", () => {
  const server = { scales: { x: { type: "time", min: 5 } }, plugins: { livedash: { unit: "celsius", decimals: 1 } } };
  const options = chartOptions(server, theme);
  assert.equal(options.scales.x.min, 5);
  assert.equal(options.scales.x.type, "round-time");
  assert.equal(options.animation, false);
  const item = { dataset: { label: "temp" }, parsed: { y: 21.26 } };
  assert.equal(options.plugins.tooltip.callbacks.label(item), " temp: 21.3 °C");
});

test("colours go by index, the ninth is told apart by dashes, few points are dots", () => {
  const datasets = Array.from({ length: 9 }, () => ({ data: at(...Array(13).keys()) }));
  datasets[1].data = at(1);
  assert.equal(paint(datasets, theme), true);
  assert.equal(datasets[8].borderColor, datasets[0].borderColor);
  assert.notDeepEqual(datasets[8].borderDash, datasets[0].borderDash);
  assert.deepEqual([datasets[0].pointRadius, datasets[1].pointRadius], [0, 3]);
  assert.equal(paint(datasets, theme), false);
  datasets[1].data = [...at(...Array(12).keys()), { x: 12, y: null }];
  assert.equal(paint(datasets, theme), false);
  datasets[1].data = at(...Array(13).keys());
  assert.equal(paint(datasets, theme), true);
});

test("a value whose axis would overflow is not drawn", () => {
  const datasets = [{ data: [] }];
  applyUpdate(datasets, { labels: [1, 2, 3], data: [[1.7e308, 5, -1.7e308]], append: false, window: 10 });
  assert.deepEqual(datasets[0].data.map(({ y }) => y), [null, 5, null]);
  const text = JSON.stringify({ data: { datasets: [{ data: [{ x: 1, y: 1.7e308 }, { x: 2, y: null }] }] } });
  assert.deepEqual(configOf(text).data.datasets[0].data, [{ x: 1, y: null }, { x: 2, y: null }]);
});
