// Times and dates as a phone shows them, in its own zone.

/** @param {Date} instant @param {string} zone */
export function timeIn(zone, instant = new Date()) {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" }).format(instant);
}

/** @param {string} zone */
export function hourIn(zone, instant = new Date()) {
  return Number(timeIn(zone, instant).slice(0, 2));
}

/** @param {string} zone @param {string} language */
export function longDateIn(zone, language, instant = new Date()) {
  return new Intl.DateTimeFormat(language, { timeZone: zone, weekday: "long", day: "numeric", month: "long" }).format(instant);
}

/** Returns the date in a zone. @param {string} zone */
export function dateIn(zone, instant = new Date()) {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(instant);
}

/** Returns the date some days later. @param {string} date @param {number} days */
export function later(date, days) {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Returns the Monday of a date's week. @param {string} date */
export function mondayOf(date) {
  return later(date, -((new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7));
}

/** @param {string} zone */
export function weekdayIn(zone, instant = new Date()) {
  return new Intl.DateTimeFormat("en", { timeZone: zone, weekday: "short" }).format(instant);
}

/**
 * Returns a date of the couple in words. Such a date is in no zone.
 * @param {string} date
 * @param {string} language
 * @param {Intl.DateTimeFormatOptions} [parts]
 */
export function dateWords(date, language, parts = { weekday: "long", day: "numeric", month: "long" }) {
  return new Intl.DateTimeFormat(language, { ...parts, timeZone: "UTC" }).format(new Date(`${date}T00:00:00Z`));
}

/**
 * Returns two dates of the couple in words, such as "March 2 – 20, 2026".
 * @param {string} first
 * @param {string} last
 * @param {string} language
 * @param {Intl.DateTimeFormatOptions} parts
 */
export function dateRange(first, last, language, parts) {
  const [from, to] = [first, last < first ? first : last].map((date) => new Date(`${date}T00:00:00Z`));
  return new Intl.DateTimeFormat(language, { ...parts, timeZone: "UTC" }).formatRange(/** @type {Date} */ (from), /** @type {Date} */ (to));
}

/** @param {string} zone */
export function placeOf(zone) {
  return (zone.split("/").at(-1) ?? zone).replaceAll("_", " ");
}

/** Returns every zone that the browser knows, and UTC, as the choices of a select element. */
export function zoneChoices() {
  const zones = [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC"])].sort();
  return zones.map((zone) => /** @type {const} */ ([zone, zone.replaceAll("_", " ")]));
}

export function ownZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}
