// The kinds of charts, what they compute, and the types of columns that they are made of.

export const KINDS = { bar: "Bars", line: "Line", area: "Area", scatter: "Points", pie: "Pie", number: "Number" };
export const AGGREGATES = { sum: "Sum", mean: "Average", count: "Count", min: "Minimum", max: "Maximum" };

const NUMERIC = ["integer", "number"];
const TEMPORAL = ["date", "datetime"];

export const isNumeric = (type) => NUMERIC.includes(type);
export const isTemporal = (type) => TEMPORAL.includes(type);

/** Return the width in columns and the height in rows that a new chart gets. */
export function sizeOf(kind) {
  if (kind === "number") return [4, 4];
  return kind === "line" || kind === "area" ? [8, 4] : [6, 5];
}
