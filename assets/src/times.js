// Times as people read them. `zone` is an IANA name, undefined for the browser's own.

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const MOMENT = { year: "numeric", month: "2-digit", day: "2-digit", ...CLOCK };
const formats = new Map();

/** `options` of Intl.DateTimeFormat; one formatter each, because making one costs as much as fifty labels. */
export function formatTime(time, options, zone, locale = "en-GB") {
  const key = JSON.stringify([options, zone, locale]);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale, { ...options, timeZone: zone }));
  return formats.get(key).format(time);
}

/** 12:03:05 */
export function clock(time, zone) {
  return formatTime(time, CLOCK, zone);
}

/** 2026-11-22 12:03:05, as the server writes it; Swedes do, too. */
export function moment(time, zone) {
  return formatTime(time, MOMENT, zone, "sv-SE");
}
