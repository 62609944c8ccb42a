// Periods of time: hours to centuries, each with a number of its own, so that missing ones are known.

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** By unit: how much of an ISO 8601 text names a period, and after how many periods labels look natural. */
const UNITS = {
  hour: { length: 13, steps: [1, 2, 3, 6, 12, 24, 48, 96] },
  day: { length: 10, steps: [1, 2, 7, 14, 28, 56] },
  month: { length: 7, steps: [1, 2, 3, 6, 12, 24, 60] },
  quarter: { length: 7, steps: [1, 2, 4, 8, 20] },
  year: { length: 4, steps: [1, 2, 5, 10, 20, 50, 100] },
  decade: { length: 3, steps: [1, 2, 5, 10, 20, 50, 100] },
  century: { length: 2, steps: [1, 2, 5, 10, 20, 50, 100] },
};

/**
 * Return the finest unit in which a span of time has few enough periods.
 *
 * @param {string} first ISO 8601, as all texts here
 * @param {string} last
 * @param {number} most periods
 * @param {string} finest unit that is known
 */
export function unitFor(first, last, most, finest) {
  // Quarters are only for those who ask for them.
  const units = Object.keys(UNITS).filter((unit) => unit === finest || unit !== "quarter");
  const known = units.slice(units.indexOf(finest));
  return known.find((unit) => numberOf(unit, last) - numberOf(unit, first) < most) ?? "century";
}

/** Return the unit that a text needs: 2026-01-01 may be a year, 2026-02-01 a month. */
export function unitOf(text) {
  if (text.length > 10 && !text.startsWith("T00:00", 10)) return "hour";
  if (!text.startsWith("-01", 7)) return "day";
  return text.startsWith("-01", 4) ? "year" : "month";
}

export function finer(one, other) {
  const units = Object.keys(UNITS);
  return units[Math.min(units.indexOf(one), units.indexOf(other))];
}

/** How many characters of a text tell its period. */
export const lengthOf = (unit) => UNITS[unit].length;

/** Return the number of the period with a text: consecutive periods have consecutive numbers. */
export function numberOf(unit, text) {
  const [year, month, day, hour] = [text.slice(0, 4), text.slice(5, 7), text.slice(8, 10), text.slice(11, 13)].map(Number);
  if (unit === "hour") return Date.UTC(year, month - 1, day, hour) / HOUR_MS;
  if (unit === "day") return Date.UTC(year, month - 1, day) / DAY_MS;
  if (unit === "month") return year * 12 + month - 1;
  if (unit === "quarter") return year * 4 + Math.floor((month - 1) / 3);
  return Math.floor(Number(text.slice(0, 4).padEnd(4, "0")) / { year: 1, decade: 10, century: 100 }[unit]);
}

/** Return the text that names a period, as long as its unit: `2026-01` for a month, and for the quarter that begins with it. */
export function textOfPeriod(unit, number) {
  const digits = (value, length) => String(value).padStart(length, "0");
  if (unit === "hour" || unit === "day") return new Date(number * (unit === "hour" ? HOUR_MS : DAY_MS)).toISOString().slice(0, UNITS[unit].length);
  if (unit === "month") return `${digits(Math.floor(number / 12), 4)}-${digits((number % 12) + 1, 2)}`;
  if (unit === "quarter") return textOfPeriod("month", number * 3);
  return digits(number, UNITS[unit].length);
}

/** Return the first and the last day of a period, or the hour twice, as a filter takes them. */
export function spanOf(unit, text) {
  if (unit === "hour" || unit === "day") return [text, text];
  const month = numberOf("month", text);
  const [first, last] = { month: [month, month], quarter: [month, month + 2] }[unit] ?? [text.padEnd(4, "0"), text.padEnd(4, "9")].map((year, index) => year * 12 + index * 11);
  // The day before the next month. Date.UTC would take the year 50 for 1950.
  const end = new Date(0).setUTCFullYear(Math.floor(last / 12), (last % 12) + 1, 0);
  return [`${textOfPeriod("month", first)}-01`, textOfPeriod("day", end / DAY_MS)];
}

/** Name a period: `15 Jan 2026`, `Jan 2026`, `1980s`. Any other text is returned unchanged. */
export function periodInWords(unit, text) {
  const { year, month, day, hour } = partsOf(text);
  if (!year) return text;
  if (unit === "quarter") return `Q${Math.ceil(month / 3)} ${year}`;
  if (unit === "century") return `${year}00 – ${year}99`;
  if (unit === "decade") return `${year}0s`;
  return [day, month && MONTHS[month - 1], year].filter(Boolean).join(" ") + (hour ? `, ${hour}:00` : "");
}

/** Name a period on an axis, where its neighbours tell the year of a day. */
export function periodInShort(unit, text) {
  const { month, day, hour } = partsOf(text);
  if (!day) return periodInWords(unit, text);
  return `${day} ${MONTHS[month - 1]}${hour ? ` ${hour}:00` : ""}`;
}

function partsOf(text) {
  const [, year, month, day, hour] = /^(\d{2,4})(?:-(\d\d))?(?:-(\d\d))?(?:T(\d\d))?$/.exec(text) ?? [];
  return { year, month, day: day && String(Number(day)), hour };
}

/** Return the smallest natural step between labels that is at least as long as what is asked for. */
export function stepFor(unit, atLeast) {
  const { steps } = UNITS[unit];
  return steps.find((step) => step >= atLeast) ?? Math.ceil(atLeast);
}
