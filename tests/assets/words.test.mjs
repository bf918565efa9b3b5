// Numbers, times and waits.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tz } from "../../assets/node_modules/@date-fns/tz/index.js";
import { backoff } from "../../assets/src/backoff.js";
import { binaryStep, mark, quantity } from "../../assets/src/quantity.js";
import { timeTicks } from "../../assets/src/time-ticks.js";
import { clock, moment } from "../../assets/src/times.js";

const utc = { in: tz("UTC") };

test("marks have just the digits that tell them apart", () => {
  assert.deepEqual([0.2, 0.4].map((y) => mark(y, 0.2)), ["0.2", "0.4"]);
  assert.deepEqual([0, 512, 1536].map((y) => mark(y, 512, "bytes/s")), ["0 B/s", "512 B/s", "1.5 KiB/s"]);
  assert.equal(mark(0.8 * 1024 ** 2, 0.2 * 1024 ** 2, "bytes", 1024 ** 2), "0.8 MiB");
  assert.deepEqual([60, 90].map((y) => mark(y, 30, "seconds")), ["1m", "1m 30s"]);
  assert.equal(mark(30, 10, "celsius"), "30 °C");
});

test("steps of a bytes axis are round in the unit of its largest value", () => {
  assert.equal(binaryStep(9000, 5, 9000), 2 * 1024);
  assert.equal(binaryStep(1024 ** 2, 5, 2 * 1024 ** 2), 0.2 * 1024 ** 2);
  assert.equal(binaryStep(5 * 1024 ** 3, 5, 6 * 1024 ** 3), 1024 ** 3);
});

test("clock in a zone", () => {
  assert.equal(clock(0, "UTC"), "00:00:00");
  assert.equal(moment(0, "Asia/Kolkata"), "1970-01-01 05:30:00");
});

test("marks of the time axis stand at round times, as many as fit", () => {
  const start = Date.UTC(2026, 10, 22, 12, 0, 3);
  const { unit, times } = timeTicks(start, start + 60_000, 6, utc);
  assert.equal(unit, "second");
  assert.deepEqual(times.map((t) => new Date(t).getUTCSeconds()), [10, 20, 30, 40, 50, 0]);
});

test("hours are round in the viewer's zone, days follow the clock change", () => {
  const kolkata = { in: tz("Asia/Kolkata") };
  const noon = Date.UTC(2026, 10, 22, 12);
  const hours = timeTicks(noon, noon + 12 * 3_600_000, 6, kolkata).times;
  assert.ok(hours.every((t) => (t / 60_000 + 330) % 120 === 0));
  const berlin = { in: tz("Europe/Berlin") };
  const march = Date.UTC(2026, 2, 27, 23);
  const days = timeTicks(march, march + 4 * 86_400_000, 6, berlin).times;
  assert.deepEqual(days.map((t) => new Date(t).getUTCHours()), [23, 23, 22, 22, 22]);
});

test("a very long and a very short axis both have some marks", () => {
  for (const span of [3, 50, 86_400_000 * 20_000]) {
    const { times } = timeTicks(1e12, 1e12 + span, 8, utc);
    assert.ok(times.length >= 1 && times.length <= 10, `${span}: ${times.length}`);
  }
});

test("waits double from half a second to 15 s, with jitter below", () => {
  const full = [0, 1, 2, 5, 30].map((n) => backoff(n, () => 1));
  assert.deepEqual(full, [500, 1000, 2000, 15_000, 15_000]);
  assert.equal(backoff(0, () => 0), 250);
});
