import { add, startOf } from "./calendar.js";

// [unit of the labels, step, unit in which the first mark is looked for, about how many ms]
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => ["millisecond", n, "second", n]),
  ...[1, 2, 5, 10, 15, 30].map((n) => ["second", n, "minute", n * SECOND]),
  ...[1, 2, 5, 10, 15, 30].map((n) => ["minute", n, "day", n * MINUTE]),
  ...[1, 2, 3, 6, 12].map((n) => ["hour", n, "day", n * HOUR]),
  ...[1, 2, 7].map((n) => ["day", n, "month", n * DAY]),
  ...[1, 3, 6].map((n) => ["month", n, "year", n * 30 * DAY]),
  ...[1, 2, 5, 10, 50, 100].map((n) => ["year", n, "year", n * 365 * DAY]),
];

/**
 * At most about `most` round times between `min` and `max` (epoch ms): `{unit, times}`, where `unit` says how to write
 * them. Days and longer are counted in the calendar of `context`, so a day with a clock change is still one step.
 */
export function timeTicks(min, max, most, context) {
  const [unit, step, from, size] = STEPS.find((entry) => (max - min) / entry[3] <= most) ?? STEPS.at(-1);
  const times = [];
  for (let time = first(min, size, from, context); time <= max; time = add(time, step, unit, context)) {
    if (time >= min) times.push(time);
  }
  return { unit, times };
}

/** A round time before `min`; from a day's start whole steps are skipped, so that a month of seconds costs nothing. */
function first(min, size, from, context) {
  const start = startOf(min, from, context);
  return size < DAY ? start + Math.floor((min - start) / size) * size : start;
}
