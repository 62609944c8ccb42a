// The rows of a table as they are looked at: searched, sorted, and a page of them. Runs in the worker.
import { isNumeric, isTemporal } from "./chart_kinds.js";

export const PAGE_ROWS = 50;

/** Numbers in texts sort by value up to this many digits. */
const DIGITS = 12;

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
  const sought = search.trim().toLowerCase();
  const matches = (row) => columnNames.some((name) => cellText(row[name]).toLowerCase().includes(sought));
  const found = [];
  for (const [index, row] of rows.entries()) if (!sought || matches(row)) found.push(index);
  if (!sort || !columnNames.includes(sort.column)) return found;
  const { column, isDescending } = sort;
  const sortsAsItIs = isNumeric(columnTypes[column]) || isTemporal(columnTypes[column]);
  const [full, empty] = [[], []];
  for (const index of found) {
    const value = rows[index][column];
    const text = cellText(value);
    if (text) full.push({ index, key: sortsAsItIs ? value : sortKey(text) });
    else empty.push(index);
  }
  const [less, more] = isDescending ? [1, -1] : [-1, 1];
  full.sort((one, other) => (one.key < other.key ? less : one.key > other.key ? more : 0));
  return [...full.map(({ index }) => index), ...empty];
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

/** A text without case and accents, which sorts as people expect it: `Intl.Collator` takes several times as long. */
function sortKey(text) {
  const plain = text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
  return plain.replace(/\d+/g, (digits) => digits.padStart(DIGITS, "0"));
}
