// Computes chart data from a table's rows, and suggests charts from its columns.

export const KINDS = { bar: "Bars", line: "Line", area: "Area", scatter: "Points", pie: "Pie", number: "Number" };
export const AGGREGATES = { sum: "Sum", mean: "Average", count: "Count", min: "Minimum", max: "Maximum" };

const NUMERIC = ["integer", "number"];
const TEMPORAL = ["date", "datetime"];
const MOST_GROUPS = 24;
const MOST_POINTS = 2_000;
const MOST_CHARTS = 5;
const GROUPS_WORTH_A_PIE = 6;
/** A column of codes has nearly as many values as rows, so grouping by it is useless. */
const MOST_GROUPS_SUGGESTED = 60;
const YEARS_SHOWN_BY_MONTH = 3;
const DAYS_SHOWN = 92;
const DAY_MS = 86_400_000;
const NAMES_OF_KEYS = /(^|[ _-])(id|code|zip|year|lat|lon|latitude|longitude)$/i;

export const isNumeric = (type) => NUMERIC.includes(type);
export const isTemporal = (type) => TEMPORAL.includes(type);

/**
 * Suggest charts for a table.
 *
 * @param {{ columnNames: string[], columnTypes: Record<string, string> }} schema
 * @param {Record<string, unknown>[]} rows
 * @returns {{ title: string, kind: string, dataMapping: object, position: object }[]} at most five, placed in a grid of twelve columns
 */
export function suggestions({ columnNames, columnTypes }, rows) {
  const measures = columnNames.filter((name) => isNumeric(columnTypes[name]) && !NAMES_OF_KEYS.test(name));
  const time = columnNames.find((name) => isTemporal(columnTypes[name]));
  const groups = columnNames
    .filter((name) => ["string", "boolean"].includes(columnTypes[name]))
    .map((name) => ({ name, size: new Set(rows.map((row) => row[name])).size }))
    .filter(({ size }) => size > 1 && size <= MOST_GROUPS_SUGGESTED);
  const [measure, second] = measures;
  const found = [];
  const add = (title, kind, dataMapping) => found.push({ title, kind, dataMapping });

  if (measure) add(`Total ${measure}`, "number", { yAxis: measure, aggregate: "sum" });
  else add("Rows", "number", { aggregate: "count" });
  if (time) add(`${measure ?? "Rows"} over time`, "line", by(time, measure));
  for (const { name } of groups.slice(0, 2)) add(`${measure ?? "Rows"} by ${name}`, "bar", by(name, measure));
  const pie = groups.slice(2).find(({ size }) => size <= GROUPS_WORTH_A_PIE);
  if (pie) add(`${measure ?? "Rows"} by ${pie.name}`, "pie", by(pie.name, measure));
  if (second) add(`${measure} and ${second}`, "scatter", { xAxis: measure, yAxis: second });
  return placed(found.slice(0, MOST_CHARTS));
}

function by(column, measure) {
  return measure ? { xAxis: column, yAxis: measure, aggregate: "sum" } : { xAxis: column, aggregate: "count" };
}

/** Place charts side by side: time series are wide, numbers small. */
function placed(charts) {
  let [x, y, height] = [0, 0, 0];
  return charts.map((chart) => {
    const [w, h] = sizeOf(chart.kind);
    if (x + w > 12) [x, y, height] = [0, y + height, 0];
    const position = { x, y, w, h };
    x += w;
    height = Math.max(height, h);
    return { ...chart, position };
  });
}

export function sizeOf(kind) {
  if (kind === "number") return [4, 4];
  return kind === "line" || kind === "area" ? [8, 4] : [6, 5];
}

/**
 * Compute what a chart shows.
 *
 * @param {{ kind?: string, dataMapping?: { xAxis?: string, yAxis?: string, aggregate?: string } }} chart
 * @param {Record<string, unknown>[]} rows
 * @param {Record<string, string>} types of the table's columns
 * @returns {{ problem: string } | { value: number } | { points: [unknown, number][], left: number, total: number }} `left` of
 *   `total` groups or points are not shown
 */
export function dataOf({ kind = "bar", dataMapping = {} }, rows, types) {
  const { xAxis, yAxis, aggregate = "sum" } = dataMapping;
  const missing = [xAxis, yAxis].find((name) => name && !Object.hasOwn(types, name));
  if (missing) return { problem: `The table has no column “${missing}”.` };
  if (!yAxis && aggregate !== "count") return { problem: "Choose a column to show." };
  if (kind === "number") return { value: aggregated(rows.map((row) => row[yAxis]), aggregate) };
  if (!xAxis) return { problem: "Choose a column to group by." };
  if (kind === "scatter") return points(rows, xAxis, yAxis);
  return groups(rows, xAxis, yAxis, aggregate, types[xAxis]);
}

function points(rows, xAxis, yAxis) {
  if (!yAxis) return { problem: "Choose a column to show." };
  const all = rows.map((row) => [row[xAxis], row[yAxis]]).filter((point) => point.every(Number.isFinite));
  const step = Math.max(1, Math.ceil(all.length / MOST_POINTS));
  const shown = all.filter((_, index) => index % step === 0);
  return { points: shown, total: all.length, left: all.length - shown.length };
}

function groups(rows, xAxis, yAxis, aggregate, type) {
  const nameOf = isTemporal(type) ? periodOf(rows, xAxis) : (value) => value ?? "(empty)";
  const cells = new Map();
  for (const row of rows) {
    const name = nameOf(row[xAxis]);
    if (!cells.has(name)) cells.set(name, []);
    cells.get(name).push(row[yAxis]);
  }
  const all = [...cells].map(([name, values]) => [name, aggregated(values, aggregate)]);
  const isOrdered = isTemporal(type) || isNumeric(type);
  const shown = isOrdered ? all.sort(([one], [other]) => compare(one, other)) : all.sort(([, one], [, other]) => other - one).slice(0, MOST_GROUPS);
  return { points: shown, total: all.length, left: all.length - shown.length };
}

/** Choose days, months or years by the time span; the cells are ISO 8601, so a prefix names a period. */
function periodOf(rows, column) {
  const times = rows.map((row) => row[column]).filter(Boolean);
  const [first, last] = times.reduce(([low, high], time) => [time < low ? time : low, time > high ? time : high], [times[0], times[0]]);
  const days = (Date.parse(last) - Date.parse(first)) / DAY_MS;
  const length = days <= DAYS_SHOWN ? 10 : days <= YEARS_SHOWN_BY_MONTH * 366 ? 7 : 4;
  return (time) => (time ? String(time).slice(0, length) : "(empty)");
}

function aggregated(values, aggregate) {
  if (aggregate === "count") return values.length;
  const numbers = values.filter(Number.isFinite);
  if (aggregate === "min" || aggregate === "max") {
    return numbers.length ? numbers.reduce((one, other) => Math[aggregate](one, other)) : 0;
  }
  const sum = numbers.reduce((one, other) => one + other, 0);
  return aggregate === "mean" ? sum / (numbers.length || 1) : sum;
}

function compare(one, other) {
  return one < other ? -1 : one > other ? 1 : 0;
}
