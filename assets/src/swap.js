// New HTML into the page. Charts keep their canvas: a morph over a canvas erases what was drawn on it.
import { charts, scan } from "./charts.js";
import { offsetOf } from "./chart-data.js";

// Without a settle phase htmx swaps before it returns, so events are applied in the order they came.
const MORPH = "innerMorph settle:0";

/** The whole inside of the grid. Whatever charts showed gives way to the server's truth. */
export function swapGrid(htmx, grid, html, version) {
  swap(htmx, grid, html, version);
}

/** New insides of some widgets: `{widget id: html}`. */
export function swapBodies(htmx, bodies, version) {
  for (const [widget, html] of Object.entries(bodies)) {
    const body = document.querySelector(`[data-widget-id="${CSS.escape(widget)}"] .widget-body`);
    if (body) swap(htmx, body, html, version);
  }
}

function swap(htmx, target, text, version) {
  const configs = new Map();
  const keepCharts = (event) => {
    for (const task of event.detail.tasks) keepCanvases(task.fragment, configs);
  };
  target.addEventListener("htmx:before:swap", keepCharts, { once: true });
  htmx.swap({ sourceElement: target, target, text, swap: MORPH });
  for (const [id, config] of configs) charts.get(id).updated(config, offsetOf(version));
  scan(document, offsetOf(version));
}

/** Marks new canvases of living charts so that htmx leaves the old node in their place, and notes their settings. */
function keepCanvases(fragment, configs) {
  for (const canvas of fragment.querySelectorAll("canvas[data-chart-config]")) {
    if (!charts.has(canvas.id)) continue;
    configs.set(canvas.id, canvas.dataset.chartConfig);
    canvas.setAttribute("hx-preserve", "");
  }
}
