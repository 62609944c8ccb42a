// Applies filters to a table.
import { isTemporal } from "./chart_kinds.js";

const EMPTY = "(empty)";

export const textOf = (value) => (value === null || value === undefined || value === "" ? EMPTY : String(value));

/** Return the different values of a column as texts, sorted. */
export const choicesOf = (rows, column) => [...new Set(rows.map((row) => textOf(row[column])))].sort();

/** By operator: return whether a filter with these values, on a column of this type, matches a cell. */
const TESTS = {
  in: (values) => {
    const chosen = new Set(values.map(textOf));
    return (cell) => chosen.has(textOf(cell));
  },
  notIn: (values) => not(TESTS.in(values)),
  contains: ([text]) => {
    const wanted = String(text).toLowerCase();
    return (cell) => cell != null && String(cell).toLowerCase().includes(wanted);
  },
  notContains: (values) => not(TESTS.contains(values)),
  between: (values, type) => {
    const [low, high] = values.map((value) => (value === "" ? null : value));
    // Include the whole last day: a longer text with the same prefix compares greater.
    const end = isTemporal(type) && high ? `${high}\uffff` : high;
    return (cell) => cell !== null && (low == null || cell >= low) && (end == null || cell <= end);
  },
};

const not = (test) => (cell) => !test(cell);

/** Return the rows that match every filter. A filter on a column that the table lacks, or with an unknown operator, matches all rows. */
export function filtered(rows, filters, types) {
  const known = filters.filter(({ column, operator = "in" }) => Object.hasOwn(types, column) && Object.hasOwn(TESTS, operator));
  const tests = known.map(({ column, operator = "in", values = [] }) => [column, TESTS[operator](values, types[column])]);
  return tests.length ? rows.filter((row) => tests.every(([column, test]) => test(row[column]))) : rows;
}
