// Filters: what they leave of a table, and how they read.
import { isNumeric, isTemporal } from "./chart_data.js";

const NAMED_IN_A_CHIP = 2;
const EMPTY = "(empty)";

export const textOf = (value) => (value === null || value === undefined || value === "" ? EMPTY : String(value));

/** The rows that every filter lets through. A filter on a column that the table has not lets all through. */
export function filtered(rows, filters, types) {
  const tests = filters.filter(({ column }) => Object.hasOwn(types, column)).map((filter) => testOf(filter, types));
  return tests.length ? rows.filter((row) => tests.every((test) => test(row))) : rows;
}

function testOf({ column, operator, values = [] }, types) {
  if (operator === "between") {
    const [low, high] = values.map((value) => (value === "" ? null : value));
    // To the end of a day that is named: a longer text with the same beginning is greater.
    const end = isTemporal(types[column]) && high ? `${high}\uffff` : high;
    return (row) => row[column] !== null && (low == null || row[column] >= low) && (end == null || row[column] <= end);
  }
  const chosen = new Set(values.map(textOf));
  return (row) => chosen.has(textOf(row[column]));
}

/** How a filter reads: `Region: EU, US`. */
export function inWords({ column, operator, values = [] }) {
  if (operator === "between") {
    const [low, high] = values;
    if (low == null || low === "") return `${column}: up to ${high}`;
    return high == null || high === "" ? `${column}: from ${low}` : `${column}: ${low} to ${high}`;
  }
  const named = values.slice(0, NAMED_IN_A_CHIP).join(", ");
  return `${column}: ${named}${values.length > NAMED_IN_A_CHIP ? ` and ${values.length - NAMED_IN_A_CHIP} more` : ""}`;
}
