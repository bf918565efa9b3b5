// Numbers with units as people read them, by the same rules as livedash/boards/format.py: a stat card written by the
// server and a tooltip written here show the same value alike.

const SYMBOLS = {
  celsius: " °C",
  fahrenheit: " °F",
  kelvin: " K",
  percent: "%",
  "%": "%",
  degrees: "°",
  "°": "°",
  milliseconds: " ms",
  meters: " m",
  kilometers: " km",
  millimeters: " mm",
  watts: " W",
  kilowatts: " kW",
  volts: " V",
  amperes: " A",
  hertz: " Hz",
};
const BYTES = { bytes: "", B: "", "bytes/s": "/s", "B/s": "/s" };
const SECONDS = new Set(["seconds", "s", "duration"]);
const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const STEPS = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
const NOTHING = "–";

const formats = new Map();

function fixed(value, decimals, least = decimals) {
  const key = `${least}:${decimals}`;
  if (!formats.has(key)) {
    const options = { minimumFractionDigits: least, maximumFractionDigits: decimals };
    Object.assign(options, { roundingMode: "halfEven", signDisplay: "negative" }); // as Python does, and never "-0"
    formats.set(key, new Intl.NumberFormat("en", options));
  }
  return formats.get(key).format(value);
}

/** Digits after the point that matter: about four in all. */
function natural(value) {
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 1000) return 0;
  if (size >= 100) return 1;
  return size >= 1 ? 2 : 3;
}

function plain(value, decimals) {
  const size = Math.abs(value);
  if (size >= 1e15 || (decimals == null && size > 0 && size < 0.0005)) return short(value);
  return decimals == null ? fixed(value, natural(value), 0) : fixed(value, decimals);
}

/** Four digits: 0.0001235, 1.5e-05, 1e+15. */
function short(value) {
  const size = Math.abs(value);
  if (size >= 0.0001 && size < 1e15) return String(Number(value.toPrecision(4)));
  return value.toExponential(3).replace(/\.?0+e/, "e").replace(/e(.)(\d)$/, "e$10$2");
}

function power(value) {
  const found = Math.floor(Math.log2(Math.abs(value) || 1) / 10);
  return Math.min(BINARY.length - 1, Math.max(0, found));
}

function duration(value, decimals) {
  const size = Math.abs(value);
  if (size < 1 && value) return `${plain(value * 1000, decimals)} ms`;
  if (size < 60) return `${plain(value, decimals)} s`;
  if (size >= 1e11) return `${plain(value)} s`;
  let rest = Math.round(size);
  const parts = STEPS.map(([name, length]) => {
    const amount = Math.floor(rest / length);
    rest %= length;
    return [amount, name];
  });
  const first = parts.findIndex(([amount]) => amount);
  const shown = parts.slice(first, first + 2).filter(([amount]) => amount);
  return (value < 0 ? "-" : "") + shown.map((part) => part.join("")).join(" ");
}

/** `1,234.5 °C`, `1.5 GiB/s`, `2h 5m`, `37%`; a unit without a rule is written as it is; null is a dash. */
export function quantity(value, { unit, decimals } = {}) {
  if (value == null) return NOTHING;
  if (unit in BYTES) return `${plain(value / 1024 ** power(value), decimals)} ${BINARY[power(value)]}${BYTES[unit]}`;
  if (SECONDS.has(unit)) return duration(value, decimals);
  return plain(value, decimals) + symbol(unit);
}

function symbol(unit) {
  return unit ? SYMBOLS[unit] ?? ` ${unit}` : "";
}

/** A mark of an axis up to `largest` whose marks are `step` apart: just enough digits to tell them apart. */
export function mark(value, step, unit, largest = value) {
  if (unit in BYTES) {
    const size = 1024 ** power(largest);
    return `${fixed(value / size, digits(step / size), 0)} ${BINARY[power(largest)]}${BYTES[unit]}`;
  }
  if (Math.abs(largest) >= 1e15) return short(value) + (SECONDS.has(unit) ? " s" : symbol(unit));
  if (SECONDS.has(unit) && step >= 1) return duration(value);
  return fixed(value, digits(step), 0) + (SECONDS.has(unit) ? " s" : symbol(unit));
}

function digits(step) {
  return step > 0 ? Math.min(8, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))) : 3;
}

/** How far apart the marks of a bytes axis are, at most `most` over `span`: round in the unit of its `largest` value. */
export function binaryStep(span, most, largest) {
  const unit = 1024 ** power(largest);
  const wanted = span / most / unit;
  const decade = 10 ** Math.floor(Math.log10(wanted));
  return unit * decade * [1, 2, 5, 10].find((n) => n * decade >= wanted);
}

/** Whether values of `unit` are counted in powers of 1024. */
export function isBytes(unit) {
  return unit in BYTES;
}
