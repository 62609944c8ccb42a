// The rows of a table as they are looked at: searched, sorted, and a page of them. Runs in the worker.
import { isTemporal } from "./chart_kinds.js";
import { lazily } from "./numbers.js";

export const PAGE_ROWS = 50;

const collator = lazily(() => new Intl.Collator("en", { numeric: true }));

/** A cell as a text, which is empty for an empty one. */
export function cellText(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * Return the indices of the rows that have a text in one of the columns, ignoring case, in the order of a column; without one,
 * in that of the file. Empty cells come last either way.
 *
 * @param {{ columnNames: readonly string[], columnTypes: Record<string, string> }} schema
 * @param {{ search: string, sort: { column: string, isDescending: boolean } | null }} wanted
 */
export function ordered(rows, { columnNames, columnTypes }, { search, sort }) {
  const text = search.trim().toLowerCase();
  const matches = (row) => columnNames.some((name) => cellText(row[name]).toLowerCase().includes(text));
  const found = [];
  for (const [index, row] of rows.entries()) if (!text || matches(row)) found.push(index);
  if (!sort || !columnNames.includes(sort.column)) return found;
  const { column, isDescending } = sort;
  const compare = isTemporal(columnTypes[column]) ? compareTimes : compareValues;
  const [full, empty] = [[], []];
  for (const index of found) (cellText(rows[index][column]) === "" ? empty : full).push(index);
  full.sort((one, other) => (isDescending ? -1 : 1) * compare(rows[one][column], rows[other][column]));
  return [...full, ...empty];
}

/** Return a page of the rows in an order, each with its number in the file; the last page instead of one behind it. */
export function pageOf(rows, { columnNames, columnTypes }, order, page) {
  const shown = Math.max(0, Math.min(page, Math.ceil(order.length / PAGE_ROWS) - 1));
  const indices = order.slice(shown * PAGE_ROWS, (shown + 1) * PAGE_ROWS);
  return {
    columns: columnNames.map((name) => ({ name, type: columnTypes[name] })),
    rows: indices.map((index) => ({ number: index + 1, cells: columnNames.map((name) => cellText(rows[index][name])) })),
    page: shown,
    matching: order.length,
    total: rows.length,
  };
}

/** Return how many cells of each column are empty. */
export function emptyCells(rows, { columnNames }) {
  return Object.fromEntries(columnNames.map((name) => [name, rows.reduce((count, row) => count + (cellText(row[name]) === ""), 0)]));
}

function compareValues(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return collator().compare(cellText(one), cellText(other));
}

/** ISO 8601 sorts as text. */
function compareTimes(one, other) {
  return one < other ? -1 : Number(one > other);
}
