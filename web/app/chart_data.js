// Computes chart data from a table's rows.
import { addCell, emptyTotal, largest, resultOf } from "./aggregates.js";
import { AGGREGATES, isNumeric, KINDS } from "./chart_kinds.js";
import { textOf } from "./filters.js";
import { groupingOf } from "./grouping.js";

const MOST_GROUPS = 50;
const MOST_POINTS = 2_000;
const EMPTY = textOf(null);

/**
 * Compute what a chart shows.
 *
 * Groups are `points`: a name, a value, null without a number, and the number of cells behind it. Their `order` is `size`
 * (the largest first), `number`, or a unit of time, whose names are then ISO 8601 texts as long as the unit needs. `rest`
 * is what further groups have together. `left` rows or points are not shown.
 *
 * @param {{ kind?: string, dataMapping?: { xAxis?: string, yAxis?: string, aggregate?: string } }} chart
 * @param {Record<string, unknown>[]} rows
 * @param {Record<string, string>} types of the table's columns
 * @returns {{ problem: string } | { value: number | null } | { points: [number, number][], total: number, left: number } |
 *   { points: [string, number | null, number][], order: string, rest: { value: number | null, weight: number, groups: number } | null, left: number }}
 */
export function dataOf({ kind = "bar", dataMapping = {} }, rows, types) {
  const { xAxis, yAxis, aggregate = "sum" } = dataMapping;
  const problem = problemOf(kind, xAxis, yAxis, aggregate, types);
  if (problem) return { problem };
  if (kind === "number") return totalOf(rows, yAxis, aggregate);
  if (kind === "scatter") return pointsOf(rows, xAxis, yAxis);
  const groups = groupsOf(rows, dataMapping, aggregate, groupingOf(rows, xAxis, types[xAxis], kind));
  if (rows.length && groups.points.every(([, , cells]) => !cells)) return noNumbers(yAxis);
  if (kind === "pie") return slices(groups, aggregate);
  return groups.order === "size" ? bySize(groups, aggregate) : inOrder(groups, kind);
}

function problemOf(kind, xAxis, yAxis, aggregate, types) {
  const isScatter = kind === "scatter";
  const missing = [xAxis, yAxis].find((name) => name && !Object.hasOwn(types, name));
  if (!Object.hasOwn(KINDS, kind)) return `This page has no charts of the type “${kind}”.`;
  if (!isScatter && !Object.hasOwn(AGGREGATES, aggregate)) return `This page cannot compute “${aggregate}”.`;
  if (missing) return `The table has no column “${missing}”.`;
  if (!yAxis && (isScatter || aggregate !== "count")) return "Choose a column to show.";
  if (!xAxis && kind !== "number") return "Choose a column to group by.";
  const measured = isScatter ? [xAxis, yAxis] : aggregate === "count" ? [] : [yAxis];
  const text = measured.find((name) => !isNumeric(types[name]));
  return text && `“${text}” is not a column of numbers.`;
}

const noNumbers = (column) => ({ problem: `“${column}” has no numbers in these rows.` });

function totalOf(rows, column, aggregate) {
  const total = emptyTotal();
  for (const row of rows) addCell(total, row[column]);
  return rows.length && !total.numbers && aggregate !== "count" ? noNumbers(column) : { value: resultOf(total, aggregate) };
}

function pointsOf(rows, xAxis, yAxis) {
  const all = rows.map((row) => [row[xAxis], row[yAxis]]).filter((point) => point.every(Number.isFinite));
  if (rows.length && !all.length) return { problem: `No row has a number in both “${xAxis}” and “${yAxis}”.` };
  const step = Math.max(1, Math.ceil(all.length / MOST_POINTS));
  const shown = all.filter((_, index) => index % step === 0);
  return { points: shown, total: all.length, left: all.length - shown.length };
}

/** Return all groups in their order; empty cells are the last group of those that are ordered by number or time. */
function groupsOf(rows, { xAxis, yAxis }, aggregate, { order, keyOf, nameOf, step }) {
  const totals = new Map();
  for (const row of rows) {
    const key = keyOf(row[xAxis]);
    let total = totals.get(key);
    if (!total) totals.set(key, (total = emptyTotal()));
    addCell(total, row[yAxis]);
  }
  const pointOf = (name, total) => [name, resultOf(total, aggregate), aggregate === "count" ? total.rows : total.numbers];
  const found = { order, rest: null, left: 0, empty: 0 };
  if (order === "size") return { ...found, points: [...totals].map(([name, total]) => pointOf(name, total)) };
  const empty = totals.get(null);
  totals.delete(null);
  const points = filled([...totals.keys()], step).map((key) => pointOf(nameOf(key), totals.get(key) ?? emptyTotal()));
  return empty ? { ...found, points: [...points, pointOf(EMPTY, empty)], empty: empty.rows } : { ...found, points };
}

function bySize({ empty, ...groups }, aggregate) {
  const { points, rest } = largest(groups.points, null, MOST_GROUPS, aggregate);
  return { ...groups, points: points.sort(compare), rest };
}

/** The largest first, and groups without a value last. */
function compare([name, value], [otherName, otherValue]) {
  if ((value === null) !== (otherValue === null)) return value === null ? 1 : -1;
  return otherValue - value || (name < otherName ? -1 : 1);
}

/** Sort keys and add those that are missing, so that a gap is seen. Unless it is given, the step is what all keys have in common. */
function filled(keys, step) {
  keys.sort((one, other) => one - other);
  const every = step ?? keys.slice(1).reduce((common, key, index) => divisor(common, key - keys[index]), 0);
  if (!every || !keys.length) return keys;
  return Array.from({ length: (keys.at(-1) - keys[0]) / every + 1 }, (_, index) => keys[0] + index * every);
}

function divisor(one, other) {
  return other ? divisor(other, one % other) : one;
}

/** A line would lead on from the last period to the cells without one. */
function inOrder({ empty, ...groups }, kind) {
  const isLine = kind === "line" || kind === "area";
  return isLine && empty ? { ...groups, points: groups.points.slice(0, -1), left: empty } : groups;
}

function slices({ points, order }, aggregate) {
  if (points.some(([, value]) => value < 0)) return { problem: "A pie cannot show negative values. Choose bars instead." };
  const seen = points.filter(([, value]) => value > 0);
  if (points.length && !seen.length) return { problem: "Every value is 0, so a pie has nothing to show." };
  return order === "size" ? bySize({ points: seen, order, left: 0 }, aggregate) : { points: seen, order, rest: null, left: 0 };
}
