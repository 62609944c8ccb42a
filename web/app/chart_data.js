// Computes chart data from a table's rows.
import { addCell, emptyTotal, resultOf } from "./aggregates.js";
import { AGGREGATES, canSplit, isNumeric, KINDS } from "./chart_kinds.js";
import { groupsOf, measuresOf, pointsOf } from "./groups.js";
import { tableOf } from "./table_data.js";

const MOST_POINTS = 2_000;

/**
 * Compute what a chart shows.
 *
 * Groups are `points`: a name, a value, null without a number, and the number of cells behind it. Their `order` is `size`,
 * `number`, or a unit of time, whose names are then ISO 8601 texts as long as the unit needs. `rest` is what further groups
 * have together; groups that are `isRanked` may also be put there to make room. Parallel to the points are their
 * `selections`, the filters that select their rows. A chart with a split or a second measure has `series`, each with the
 * same groups in the same order; `points` are then all series together, or the first measure. `left` rows or points are not
 * shown. `tooFine` is the unit that was chosen if it has too many periods.
 *
 * @param {{ kind?: string, dataMapping?: object }} chart
 * @param {Record<string, unknown>[]} rows
 * @param {Record<string, string>} types of the table's columns
 * @returns {{ problem: string } | { value: number | null } | { points: [number, number][], total: number, left: number } |
 *   { points: [string, number | null, number][], order: string, isRanked?: true, tooFine?: string, selections: object[],
 *     rest: { value: number | null, weight: number, groups: number } | null, left: number,
 *     series?: { name: string, aggregate: string, points: object[], rest: object | null, isRest?: true }[] } |
 *   { columns: string[], types: string[], rows: unknown[][], total: number, orderBy: object | null } | {}}
 */
export function dataOf({ kind = "bar", dataMapping }, rows, types) {
  const mapping = dataMapping ?? {};
  const { xAxis, yAxis, aggregate = "sum" } = mapping;
  if (kind === "text") return {};
  if (kind === "table") return tableOf(mapping, rows, types);
  const problem = problemOf(kind, mapping, types);
  if (problem) return { problem };
  if (kind === "number") return totalOf(rows, yAxis, aggregate);
  if (kind === "scatter") return scattered(rows, xAxis, yAxis);
  const all = groupsOf(rows, mapping, kind, types);
  if (rows.length && all.groups.every(({ whole }) => !(aggregate === "count" ? whole.rows : whole.numbers))) return noNumbers(yAxis);
  if (kind === "pie") return slices(all, mapping.limit, aggregate);
  return kind === "bar" ? pointsOf(all, mapping.limit) : withoutEmpty(all, mapping.limit);
}

function problemOf(kind, mapping, types) {
  if (!Object.hasOwn(KINDS, kind)) return `This page has no charts of the type “${kind}”.`;
  const { xAxis, splitBy } = mapping;
  const isScatter = kind === "scatter";
  const measures = measuresOf(kind, mapping);
  const unknown = !isScatter && measures.find(({ aggregate }) => !Object.hasOwn(AGGREGATES, aggregate));
  if (unknown) return `This page cannot compute “${unknown.aggregate}”.`;
  const missing = [xAxis, ...measures.map(({ yAxis }) => yAxis), canSplit(kind) && splitBy].find((name) => name && !Object.hasOwn(types, name));
  if (missing) return `The table has no column “${missing}”.`;
  const measured = measures.filter(({ aggregate }) => isScatter || aggregate !== "count").map(({ yAxis }) => yAxis);
  if (measured.some((name) => !name)) return "Choose a column to show.";
  if (!xAxis && kind !== "number") return "Choose a column to group by.";
  const text = (isScatter ? [xAxis, ...measured] : measured).find((name) => !isNumeric(types[name]));
  return text && `“${text}” is not a column of numbers.`;
}

const noNumbers = (column) => ({ problem: `“${column}” has no numbers in these rows.` });

function totalOf(rows, column, aggregate) {
  const total = emptyTotal();
  for (const row of rows) addCell(total, row[column]);
  return rows.length && !total.numbers && aggregate !== "count" ? noNumbers(column) : { value: resultOf(total, aggregate) };
}

function scattered(rows, xAxis, yAxis) {
  const all = rows.map((row) => [row[xAxis], row[yAxis]]).filter((point) => point.every(Number.isFinite));
  if (rows.length && !all.length) return { problem: `No row has a number in both “${xAxis}” and “${yAxis}”.` };
  const step = Math.max(1, Math.ceil(all.length / MOST_POINTS));
  const shown = all.filter((_, index) => index % step === 0);
  return { points: shown, total: all.length, left: all.length - shown.length };
}

/** A line would lead on from the last period to the cells without one. */
function withoutEmpty(all, limit) {
  const empty = all.order === "size" ? null : all.groups.find(({ key }) => key === null);
  if (!empty) return pointsOf(all, limit);
  return { ...pointsOf({ ...all, groups: all.groups.filter((each) => each !== empty) }, limit), left: empty.whole.rows };
}

function slices({ groups, ...all }, limit, aggregate) {
  const valueOf = ({ whole }) => resultOf(whole, aggregate);
  if (groups.some((each) => valueOf(each) < 0)) return { problem: "A pie cannot show negative values. Choose bars instead." };
  const seen = groups.filter((each) => valueOf(each) > 0);
  if (groups.length && !seen.length) return { problem: "Every value is 0, so a pie has nothing to show." };
  return pointsOf({ ...all, groups: seen }, limit);
}
