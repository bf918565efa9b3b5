// The keyboard's way through a chart: arrows move from point to point, and each is said aloud.
import { nearest } from "./chart-data.js";
import { quantity } from "./quantity.js";
import { moment } from "./times.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };

export class ChartCursor {
  #hook;
  #x = null; // epoch ms, not an index: the window moves under the cursor
  #listeners = new AbortController();

  constructor(hook) {
    this.#hook = hook;
    const { canvas } = hook;
    canvas.tabIndex = 0;
    // As an "img" it would never be given arrow keys by a screen reader.
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-roledescription", "chart");
    if (!canvas.hasAttribute("aria-label")) canvas.setAttribute("aria-label", label(canvas));
    const { signal } = this.#listeners;
    canvas.addEventListener("keydown", (event) => this.#key(event), { signal });
    canvas.addEventListener("blur", () => this.#clear(), { signal });
  }

  /** Puts the mark where its time is now, after the chart was painted anew. */
  follow() {
    if (this.#x !== null) this.#show();
  }

  destroy() {
    this.#listeners.abort();
  }

  get #longest() {
    const { datasets } = this.#hook.chart.data;
    return datasets.reduce((best, { data }) => (data.length > best.length ? data : best), []);
  }

  #key(event) {
    if (event.key === "Escape") return this.#clear();
    const step = STEPS[event.key];
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.#move(step);
  }

  #move(step) {
    const points = this.#longest;
    if (!points.length) return;
    const start = this.#x === null ? points.length - (step < 0 ? 0 : 1) : nearest(points, this.#x);
    this.#x = points[Math.min(points.length - 1, Math.max(0, start + step))].x;
    say(this.#show());
  }

  /** Marks the points at the cursor; returns them in words. */
  #show() {
    const { chart, settings } = this.#hook;
    const active = [];
    const words = [moment(this.#x, settings.timezone)];
    chart.data.datasets.forEach(({ data, label: name }, datasetIndex) => {
      const index = nearest(data, this.#x);
      if (data[index]?.x !== this.#x || !chart.isDatasetVisible(datasetIndex)) return;
      words.push(`${name ?? "value"} ${quantity(data[index].y, settings)}`);
      if (data[index].y !== null) active.push({ datasetIndex, index });
    });
    this.#activate(active);
    return words.join(", ");
  }

  #activate(active) {
    const { chart } = this.#hook;
    const middle = { x: chart.scales.x.getPixelForValue(this.#x), y: (chart.chartArea.top + chart.chartArea.bottom) / 2 };
    chart.setActiveElements(active);
    chart.tooltip.setActiveElements(active, middle);
    chart.render();
  }

  #clear() {
    if (this.#x === null) return;
    this.#x = null;
    this.#hook.chart.setActiveElements([]);
    this.#hook.chart.tooltip.setActiveElements([], { x: 0, y: 0 });
    this.#hook.chart.render();
  }
}

function label(canvas) {
  const title = canvas.closest(".widget")?.querySelector("h3")?.textContent ?? "Chart";
  return `${title}, line chart. Arrow keys read its values.`;
}

function say(text) {
  document.querySelector("#announcer").textContent = text;
}
