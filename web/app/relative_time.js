// Filters by relative time, such as the last 7 days, as the dates that they mean today. Dates are ISO 8601 texts.

export const UNITS = ["day", "week", "month", "year"];
const MOST = 1_000;

/** Return today's date where the user is. */
export const localDate = (now = new Date()) => dateOf(now.getFullYear(), now.getMonth(), now.getDate());

/** Whether these are the values of a filter by relative time. */
export function isRelative(operator, values) {
  if (operator === "current") return UNITS.includes(values[0]);
  const [number, unit] = values;
  return operator === "last" && UNITS.includes(unit) && Number.isInteger(number) && number >= 1 && number <= MOST;
}

/** Return filters in which those by relative time are ranges of dates; all others stay as they are. */
export const resolved = (filters, today) =>
  filters.map((filter) => {
    const { operator, values = [] } = filter;
    if (!isRelative(operator, values)) return filter;
    return { ...filter, operator: "between", values: operator === "last" ? lastOf(values, today) : currentOf(values[0], today) };
  });

/** The last month begins on the day after today's day in the month before: on 15 March, that is 16 February. */
function lastOf([number, unit], today) {
  const [year, month, day] = partsOf(today);
  if (unit === "day" || unit === "week") return [dateOf(year, month, day + 1 - number * (unit === "week" ? 7 : 1)), today];
  const before = month - number * (unit === "year" ? 12 : 1);
  // February has no 30th.
  const [, , lastDay] = partsOf(dateOf(year, before + 1, 0));
  return [dateOf(year, before, Math.min(day, lastDay) + 1), today];
}

function currentOf(unit, today) {
  const [year, month, day] = partsOf(today);
  if (unit === "day") return [today, today];
  if (unit === "month") return [dateOf(year, month, 1), dateOf(year, month + 1, 0)];
  if (unit === "year") return [dateOf(year, 0, 1), dateOf(year, 11, 31)];
  const monday = day - ((new Date(today).getUTCDay() + 6) % 7);
  return [dateOf(year, month, monday), dateOf(year, month, monday + 6)];
}

/** A month counts from 0, and may be one of another year, as a day may be one of another month. */
const dateOf = (year, month, day) => new Date(Date.UTC(year, month, day)).toISOString().slice(0, 10);

function partsOf(date) {
  const [year, month, day] = date.split("-").map(Number);
  return [year, month - 1, day];
}
