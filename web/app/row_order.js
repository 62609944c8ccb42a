// The order of rows by the cells of a column. Runs in the worker.
import { isNumeric, isTemporal } from "./chart_kinds.js";

/** Numbers in texts sort by value up to this many digits. */
const DIGITS = 12;

/** A cell as a text, which is empty for an empty one. */
export function cellText(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * Return indices of rows in the order of a column, empty cells last in either direction.
 *
 * @param {Iterable<number>} indices
 * @param {Record<string, unknown>[]} rows
 * @param {{ column: string, isDescending: boolean }} order
 * @param {string} type of the column
 * @param {number} most how many are wanted: the first few of many take no sorting of all
 */
export function inOrder(indices, rows, { column, isDescending }, type, most = Infinity) {
  const sortsAsItIs = isNumeric(type) || isTemporal(type);
  const [full, empty] = [[], []];
  for (const index of indices) {
    const value = rows[index][column];
    const text = cellText(value);
    if (text) full.push({ index, key: sortsAsItIs ? value : sortKey(text) });
    else empty.push(index);
  }
  const [less, more] = isDescending ? [1, -1] : [-1, 1];
  const compare = (one, other) => (one.key < other.key ? less : one.key > other.key ? more : 0);
  const first = most < full.length ? firstOf(full, most, compare) : full.sort(compare);
  return [...first.map(({ index }) => index), ...empty].slice(0, most);
}

function firstOf(all, most, compare) {
  const first = [];
  for (const each of all) {
    if (first.length === most && compare(each, first.at(-1)) >= 0) continue;
    let [from, to] = [0, first.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (compare(each, first[middle]) < 0) to = middle;
      else from = middle + 1;
    }
    first.splice(from, 0, each);
    if (first.length > most) first.pop();
  }
  return first;
}

/** A text without case and accents, which sorts as people expect it: `Intl.Collator` takes several times as long. */
function sortKey(text) {
  const plain = text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
  return plain.replace(/\d+/g, (digits) => digits.padStart(DIGITS, "0"));
}
