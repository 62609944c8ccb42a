// The rows of a table as they are looked at: searched, sorted, and a page of them. Runs in the worker.
import { cellText, inOrder } from "./row_order.js";

export const PAGE_ROWS = 50;

/**
 * Return the indices of the rows that have a text in one of the columns, ignoring case, in the order of a column; without one,
 * in that of the file. Empty cells come last either way.
 *
 * @param {{ columnNames: readonly string[], columnTypes: Record<string, string> }} schema
 * @param {{ search: string, sort: { column: string, isDescending: boolean } | null }} wanted
 */
export function ordered(rows, { columnNames, columnTypes }, { search, sort }) {
  const sought = search.trim().toLowerCase();
  const matches = (row) => columnNames.some((name) => cellText(row[name]).toLowerCase().includes(sought));
  const found = [];
  for (const [index, row] of rows.entries()) if (!sought || matches(row)) found.push(index);
  if (!sort || !columnNames.includes(sort.column)) return found;
  return inOrder(found, rows, sort, columnTypes[sort.column]);
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
  };
}

/** Return how many cells of each column are empty. */
export function emptyCells(rows, { columnNames }) {
  return Object.fromEntries(columnNames.map((name) => [name, rows.reduce((count, row) => count + (cellText(row[name]) === ""), 0)]));
}
