// The hidden table with a chart's numbers, for those who cannot see the canvas.
import { rows } from "./chart-data.js";
import { quantity } from "./quantity.js";
import { moment } from "./times.js";

const REFRESH_MS = 10_000; // a screen reader inside the table must be able to finish a row
const ROWS = 100;

export class ChartTable {
  #hook;
  #timer = null;

  constructor(hook) {
    this.#hook = hook;
  }

  /** The chart changed: the table follows, later and only once. */
  touch() {
    this.#timer ??= setTimeout(() => this.renew(), REFRESH_MS);
  }

  /** Writes the table anew: one row per time, as the server wrote it. */
  renew() {
    this.destroy();
    const { canvas, chart, settings } = this.#hook;
    const table = canvas.parentElement.querySelector("table.visually-hidden");
    if (!table) return;
    const { datasets } = chart.data;
    const names = datasets.map(({ label }) => label ?? "value");
    table.tHead.replaceChildren(row(["Time", ...names].map((name) => cell("th", name, "col"))));
    const lines = rows(datasets, ROWS).map(([x, values]) => {
      const cells = values.map((value) => cell("td", value === null ? "" : quantity(value, settings)));
      return row([cell("th", moment(x, settings.timezone), "row"), ...cells]);
    });
    table.tBodies[0].replaceChildren(...lines);
  }

  destroy() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }
}

function row(cells) {
  const line = document.createElement("tr");
  line.append(...cells);
  return line;
}

function cell(tag, text, scope) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (scope) made.scope = scope;
  return made;
}
