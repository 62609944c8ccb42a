// The rows of a table card: its columns, in its order.
import { inOrder } from "./row_order.js";

const MOST_ROWS = 200;

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
  const shown = order ? inOrder(all.keys(), all, order, types[order.column], most).map((index) => all[index]) : all.slice(0, most);
  const rows = shown.map((row) => columns.map((name) => row[name] ?? null));
  return { columns, types: columns.map((name) => types[name]), rows, total: all.length, orderBy: order };
}
