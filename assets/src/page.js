// One live page: its stream, when to let it go, and what its events do to the document.
import { charts } from "./charts.js";
import { showStatus } from "./status.js";
import { LiveStream } from "./stream.js";
import { swapBodies, swapGrid } from "./swap.js";

/** A tab hidden this long gives its connection back; browsers have only six for an origin. */
const HIDDEN_MS = 10_000;

/** Follows the board of `main[data-live][data-version]`; returns the stream. */
export function follow(main, htmx) {
  const stream = new LiveStream({
    url: main.dataset.live,
    version: main.dataset.version,
    onEvent: (name, data) => HANDLERS[name](data, main, htmx),
    onStatus: showStatus,
  });
  stream.connect();
  watchVisibility(stream);
  return stream;
}

const HANDLERS = {
  state({ version, title, html }, main, htmx) {
    document.title = `${title} · Livedash`;
    document.querySelector("h1").textContent = title;
    swapGrid(htmx, main.querySelector("#grid"), html, version);
  },
  patch({ version, bodies }, _main, htmx) {
    swapBodies(htmx, bodies, version);
  },
  "update-chart"(update) {
    charts.get(`chart-${update.widget}`)?.updateChart(update);
  },
  ping() {}, // the stream itself takes note
  gone({ detail }, main) {
    const notice = main.querySelector("#gone");
    notice.querySelector("[data-detail]").textContent = detail;
    notice.hidden = false;
  },
};

function watchVisibility(stream) {
  let timer = null;
  const changed = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => stream.pause(), HIDDEN_MS);
    else stream.resume();
  };
  document.addEventListener("visibilitychange", changed);
  changed(); // a page may be opened in a hidden tab
  // A page in the back/forward cache may hold no connection, and comes back as it was.
  addEventListener("pagehide", () => stream.pause());
  addEventListener("pageshow", (event) => event.persisted && stream.resume());
  // Try rather than believe it: a server on this machine is reachable without a network.
  addEventListener("online", () => stream.hurry());
  addEventListener("offline", () => stream.hurry());
}
