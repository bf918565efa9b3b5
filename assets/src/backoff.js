const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** How long to wait before attempt `n` (from 0): doubling, with jitter so that viewers do not come back as a herd. */
export function backoff(n, random = Math.random) {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** n);
  return whole * (0.5 + random() / 2);
}
