// Every chart on the page, and when each is painted: at most once a frame, and only where it can be seen.
import { ChartHook } from "./chart.js";
import { offsetOf } from "./chart-data.js";
import { onThemeChange } from "./chart-theme.js";

/** Canvas id → ChartHook. */
export const charts = new Map();

const waiting = new Set();
let frame = null;

const viewport = new IntersectionObserver(seen, { rootMargin: "100px" });
onThemeChange(() => charts.forEach((hook) => hook.retheme()));

/** Mounts new canvases under `root` and ends charts whose canvas left the document. */
export function scan(root, version = pageVersion()) {
  for (const [id, hook] of charts) if (!hook.canvas.isConnected) end(id, hook);
  for (const canvas of root.querySelectorAll("canvas[data-chart-config]")) {
    if (!charts.has(canvas.id)) mount(canvas, version);
  }
  for (const table of root.querySelectorAll(".widget-body > .data-table")) makeReachable(table.parentElement);
}

function pageVersion() {
  return offsetOf(document.querySelector("main[data-version]")?.dataset.version ?? "");
}

function mount(canvas, version) {
  const hook = new ChartHook(canvas, schedule);
  hook.mounted(version);
  charts.set(canvas.id, hook);
  viewport.observe(canvas);
}

function end(id, hook) {
  viewport.unobserve(hook.canvas);
  waiting.delete(hook);
  charts.delete(id);
  hook.destroyed();
}

function seen(entries) {
  for (const { target, isIntersecting } of entries) {
    const hook = charts.get(target.id);
    if (!hook) continue;
    hook.visible = isIntersecting;
    if (isIntersecting && waiting.has(hook)) schedule(hook);
  }
}

function schedule(hook) {
  waiting.add(hook);
  if (hook.visible) frame ??= requestAnimationFrame(paintAll);
}

function paintAll() {
  frame = null;
  for (const hook of waiting) {
    if (!hook.visible) continue;
    waiting.delete(hook);
    hook.draw();
  }
}

/** A table scrolls inside its widget: the keyboard must get there too. */
function makeReachable(body) {
  if (body.hasAttribute("tabindex")) return;
  const title = body.closest(".widget").querySelector("h3").textContent;
  body.setAttribute("role", "region");
  body.setAttribute("aria-label", title);
  body.tabIndex = 0;
}
