// The kinds of charts, what they compute, how they look, and the types of columns that they are made of.

export const KINDS = { bar: "Bars", line: "Line", area: "Area", scatter: "Points", pie: "Pie", number: "Number", table: "Table", text: "Text" };
export const AGGREGATES = { sum: "Sum", mean: "Average", count: "Count", min: "Minimum", max: "Maximum" };
/** How groups are sorted; `-` is descending. */
export const SORTS = { "-value": "Largest first", value: "Smallest first", name: "By name", "-name": "By name, reversed" };
export const GRAINS = { hour: "Hour", day: "Day", month: "Month", quarter: "Quarter", year: "Year" };
/** In the order in which series get them. */
export const COLORS = { teal: "Teal", amber: "Amber", indigo: "Indigo", pink: "Pink", green: "Green", blue: "Blue", purple: "Purple", brown: "Brown" };
export const FORMATS = { number: "Number", percent: "Percent", currency: "Currency" };
export const MOST_GROUPS = 50;

const NUMERIC = ["integer", "number"];
const TEMPORAL = ["date", "datetime"];
const NAMES_OF_YEARS = /(^|[ _-])years?$/i;

export const isNumeric = (type) => NUMERIC.includes(type);
export const isTemporal = (type) => TEMPORAL.includes(type);
export const isYears = (column) => NAMES_OF_YEARS.test(column);

export const hasGroups = (kind) => ["bar", "line", "area", "pie"].includes(kind);
/** Whether a chart of this kind may have several series: a split or a second measure. */
export const canSplit = (kind) => ["bar", "line", "area"].includes(kind);
export const canStack = (kind) => kind === "bar" || kind === "area";
export const canSort = (kind) => kind === "bar" || kind === "pie";
/** Whether a chart of this kind computes something: tables and texts do not. */
export const hasMeasure = (kind) => kind !== "table" && kind !== "text";

/** Return the names of the colours of a chart's series. */
export function colorsOf(color) {
  const names = Object.keys(COLORS);
  return names.includes(color) ? [color, ...names.filter((name) => name !== color)] : names;
}

/** Return the width in columns and the height in rows that a new chart gets. */
export function sizeOf(kind) {
  if (kind === "number") return [4, 4];
  return kind === "line" || kind === "area" || kind === "table" ? [8, 4] : [6, 5];
}
