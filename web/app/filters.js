// Filters: applying them to a table, and describing them in words.
import { isTemporal } from "./chart_kinds.js";

const NAMED_IN_A_CHIP = 2;
const EMPTY = "(empty)";

export const textOf = (value) => (value === null || value === undefined || value === "" ? EMPTY : String(value));

/** Return the different values of a column as texts, sorted. */
export const choicesOf = (rows, column) => [...new Set(rows.map((row) => textOf(row[column])))].sort();

/** Return the rows that match every filter. A filter on a column that the table lacks matches all rows. */
export function filtered(rows, filters, types) {
  const tests = filters.filter(({ column }) => Object.hasOwn(types, column)).map((filter) => testOf(filter, types));
  return tests.length ? rows.filter((row) => tests.every((test) => test(row))) : rows;
}

function testOf({ column, operator, values = [] }, types) {
  if (operator === "between") {
    const [low, high] = values.map((value) => (value === "" ? null : value));
    // Include the whole last day: a longer text with the same prefix compares greater.
    const end = isTemporal(types[column]) && high ? `${high}\uffff` : high;
    return (row) => row[column] !== null && (low == null || row[column] >= low) && (end == null || row[column] <= end);
  }
  const chosen = new Set(values.map(textOf));
  return (row) => chosen.has(textOf(row[column]));
}

/** Describe a filter: `Region: EU, US`. */
export function inWords({ column, operator, values = [] }) {
  if (operator === "between") {
    const [low, high] = values;
    if (low == null || low === "") return `${column}: up to ${high}`;
    return high == null || high === "" ? `${column}: from ${low}` : `${column}: ${low} to ${high}`;
  }
  const named = values.slice(0, NAMED_IN_A_CHIP).join(", ");
  return `${column}: ${named}${values.length > NAMED_IN_A_CHIP ? ` and ${values.length - NAMED_IN_A_CHIP} more` : ""}`;
}
