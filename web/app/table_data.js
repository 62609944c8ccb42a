// The rows of a table card: its columns, in its order.
import { isNumeric } from "./chart_kinds.js";

const MOST_ROWS = 200;
const inAlphabet = new Intl.Collator("en", { numeric: true });

/**
 * @param {{ columns?: string[], orderBy?: { column: string, isDescending?: boolean } }} mapping all columns unless they are given
 * @param {Record<string, unknown>[]} all
 * @param {Record<string, string>} types
 * @param {number} [most] rows
 * @returns {{ problem: string } | { columns: string[], types: string[], rows: unknown[][], total: number, orderBy: object | null }}
 *   the first rows, each with its cells in the order of the columns
 */
export function tableOf({ columns: chosen, orderBy }, all, types, most = MOST_ROWS) {
  const columns = Array.isArray(chosen) && chosen.length ? chosen : Object.keys(types);
  const order = typeof orderBy?.column === "string" ? { column: orderBy.column, isDescending: orderBy.isDescending === true } : null;
  const missing = [...columns, ...(order ? [order.column] : [])].find((name) => !Object.hasOwn(types, name));
  if (missing !== undefined) return { problem: `The table has no column “${missing}”.` };
  const inOrder = order ? all.toSorted(comparison(order, types[order.column])) : all;
  const rows = inOrder.slice(0, most).map((row) => columns.map((name) => row[name] ?? null));
  return { columns, types: columns.map((name) => types[name]), rows, total: all.length, orderBy: order };
}

/** Empty cells are the last ones, whatever the direction. */
function comparison({ column, isDescending }, type) {
  const direction = isDescending ? -1 : 1;
  const compare = isNumeric(type) ? (one, other) => one - other : (one, other) => inAlphabet.compare(String(one), String(other));
  const isEmpty = (cell) => cell === null || cell === undefined || cell === "";
  return ({ [column]: one }, { [column]: other }) => isEmpty(one) - isEmpty(other) || (isEmpty(one) ? 0 : direction * compare(one, other));
}
