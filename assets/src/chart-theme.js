// The colours of the page, as the canvas needs them: resolved, for the scheme in force.

const NAMES = { text: "--text-soft", strong: "--text", grid: "--line", surface: "--surface", border: "--line-strong" };
const SERIES = 8;
let current = null;

/** {text, strong, grid, surface, border, series: [8 colours]} as computed `rgb()`. */
export function theme() {
  current ??= read();
  return current;
}

function read() {
  // A custom property computes to its own text, light-dark() and all; only a real property gives the colour.
  const probe = document.body.appendChild(document.createElement("i"));
  probe.hidden = true;
  const resolve = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = Object.fromEntries(Object.entries(NAMES).map(([key, name]) => [key, resolve(name)]));
  colours.series = Array.from({ length: SERIES }, (_, i) => resolve(`--series-${i + 1}`));
  probe.remove();
  return colours;
}

/** Calls `listener` after the colour scheme changed, by the system or by the page's theme button. */
export function onThemeChange(listener) {
  const changed = () => {
    current = null;
    listener();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  document.addEventListener("livedash:theme", changed);
}
