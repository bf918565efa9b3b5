// The date adapter of Chart.js's time axis, and the axis itself: marks at round times of the viewer's time zone.
import { tz } from "@date-fns/tz";
import { TimeScale, _adapters } from "chart.js";
import * as dates from "./calendar.js";
import { timeTicks } from "./time-ticks.js";
import { formatTime } from "./times.js";

const DAY = { day: "numeric", month: "short" };
const MINUTE = { hour: "2-digit", minute: "2-digit" };
const FORMATS = {
  millisecond: { ...MINUTE, second: "2-digit", fractionalSecondDigits: 3 },
  second: { ...MINUTE, second: "2-digit" },
  minute: MINUTE,
  hour: MINUTE,
  day: DAY,
  week: DAY,
  month: { month: "short", year: "numeric" },
  quarter: { month: "short", year: "numeric" },
  year: { year: "numeric" },
  datetime: { ...DAY, ...MINUTE, second: "2-digit" },
};

// `options.zone` is an IANA name, undefined for the browser's own. `diff` is left out: only the axis that
// TimeAxis replaces asks for it.
_adapters._date.override({
  formats: () => FORMATS,
  parse: (value) => (value === null || value === undefined ? null : +new Date(value)),
  format(time, format) {
    return formatTime(time, format, this.options.zone);
  },
  startOf(time, unit) {
    return dates.startOf(time, unit, context(this.options.zone));
  },
  endOf(time, unit) {
    return dates.endOf(time, unit, context(this.options.zone));
  },
  add(time, amount, unit) {
    return dates.add(time, amount, unit, context(this.options.zone));
  },
});

const contexts = new Map();

function context(zone) {
  if (!zone) return undefined;
  if (!contexts.has(zone)) contexts.set(zone, { in: tz(zone) });
  return contexts.get(zone);
}

const MARK_PX = 100;
const EDGE_PX = 32; // a label nearer to an end would push the ends inwards, and they would wander as time goes on

/** Chart.js makes a mark for every second of a minute and then drops most; this one makes only those that fit. */
export class TimeAxis extends TimeScale {
  static id = "round-time"; // Chart.js would take a second "time" for the one it has

  buildTicks() {
    const { min, max, width } = this;
    const { unit, times } = timeTicks(min, max, Math.max(2, width / MARK_PX), context(this.options.adapters.date.zone));
    const edge = ((max - min) * EDGE_PX) / width;
    this._unit = unit;
    this.initOffsets(times);
    return times.filter((time) => time > min + edge && time < max - edge).map((value) => ({ value, major: false }));
  }
}
