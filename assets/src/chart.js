// One chart on its canvas, from mounting to the end of its element.
import { Chart, Filler, Legend, LineController, LineElement, LinearScale, PointElement, Tooltip } from "chart.js";
import { applyUpdate, configOf } from "./chart-data.js";
import { ChartCursor } from "./chart-cursor.js";
import { chartOptions, paint } from "./chart-options.js";
import { ChartTable } from "./chart-table.js";
import { theme } from "./chart-theme.js";
import { TimeAxis } from "./dates.js";

Chart.register(Filler, Legend, LineController, LineElement, LinearScale, PointElement, TimeAxis, Tooltip);
Chart.defaults.font.family = "system-ui, sans-serif";

/**
 * The life of a `canvas[data-chart-config]`: mounted, updateChart for each update-chart event, updated when its
 * settings changed, destroyed. Drawing is left to `draw`, which the registry calls once a frame.
 */
export class ChartHook {
  #config;
  #table;

  constructor(canvas, schedule) {
    this.canvas = canvas;
    this.visible = true;
    this.schedule = () => schedule(this);
  }

  mounted(version) {
    this.seen = version;
    this.#config = configOf(this.canvas.dataset.chartConfig);
    const { type, data, options } = this.#config;
    paint(data.datasets, theme());
    this.chart = new Chart(this.canvas, { type, data, options: this.#options(options) });
    this.cursor = new ChartCursor(this);
    this.#table = new ChartTable(this);
    this.#removePoster();
  }

  /** Applies an update-chart event; one that came before, in a bundle that broke off, is skipped. */
  updateChart(update) {
    if (update.version <= this.seen) return;
    this.seen = update.version;
    applyUpdate(this.chart.data.datasets, update);
    if (update.to !== undefined) Object.assign(this.#config.options.scales.x, { min: update.from, max: update.to });
    this.schedule();
  }

  /** Replaces data and options with those of `text`, the canvas's new data-chart-config. */
  updated(text, version) {
    this.seen = version;
    this.canvas.dataset.chartConfig = text;
    this.#config = configOf(text);
    this.chart.data = this.#config.data;
    this.retheme();
    this.#table.renew();
    this.#removePoster();
  }

  retheme() {
    this.chart.options = this.#options(this.#config.options);
    this.schedule();
  }

  /** Paints what is there. */
  draw() {
    const restyled = paint(this.chart.data.datasets, theme());
    this.#moveAxis();
    // With "none" Chart.js keeps the look that the points of a line share.
    this.chart.update(restyled ? undefined : "none");
    this.cursor.follow();
    this.#table.touch();
  }

  destroyed() {
    this.cursor.destroy();
    this.#table.destroy();
    this.chart.destroy();
  }

  /** {unit, decimals, timezone}: what the server says about the values. */
  get settings() {
    return this.#config.options?.plugins?.livedash ?? {};
  }

  #options(server) {
    const options = chartOptions(server, theme());
    options.plugins.legend.display ??= this.#config.data.datasets.length > 1;
    return options;
  }

  /** A range ends now, by the server's clock: its ends come with the updates. */
  #moveAxis() {
    const { min, max } = this.#config.options?.scales?.x ?? {};
    Object.assign(this.chart.options.scales.x, { min, max });
  }

  /** The server's still picture made room for the chart; it lies over the canvas and goes once that is painted. */
  #removePoster() {
    this.canvas.parentElement.querySelector(".chart-poster")?.remove();
  }
}
