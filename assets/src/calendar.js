// Calendar arithmetic on epoch milliseconds; `context` is {in: tz(zone)} of date-fns, undefined for local time.
import { add as addTo } from "date-fns/add";
import { endOfDay } from "date-fns/endOfDay";
import { startOfDay } from "date-fns/startOfDay";
import { startOfMonth } from "date-fns/startOfMonth";
import { startOfYear } from "date-fns/startOfYear";

const FIXED = { millisecond: 1, second: 1_000, minute: 60_000, hour: 3_600_000 };
const STARTS = { month: startOfMonth, year: startOfYear };

/** The start of the second, minute, hour, day, month or year that holds `time`. */
export function startOf(time, unit, context) {
  const fixed = FIXED[unit];
  if (fixed) return Math.floor(time / fixed) * fixed;
  return +(STARTS[unit] ?? startOfDay)(time, context);
}

export function endOf(time, unit, context) {
  const fixed = FIXED[unit];
  return fixed ? startOf(time, unit) + fixed - 1 : +endOfDay(time, context);
}

export function add(time, amount, unit, context) {
  const fixed = FIXED[unit];
  return fixed ? time + amount * fixed : +addTo(time, { [`${unit}s`]: amount }, context);
}
