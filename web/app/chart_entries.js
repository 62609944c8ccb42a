// What is entered in the form of a chart, as the chart that is saved: what the form shows is what it gets.
import { canSort, canSplit, canStack, hasGroups, hasMeasure, isNumeric } from "./chart_kinds.js";

const isTable = (kind) => kind === "table";
/** By member of a data mapping: the kinds of charts that use it. */
const MAPPED = {
  xAxis: (kind) => hasGroups(kind) || kind === "scatter",
  aggregate: (kind) => hasMeasure(kind) && kind !== "scatter",
  yAxis: hasMeasure,
  splitBy: canSplit,
  second: canSplit,
  sort: canSort,
  limit: canSort,
  grain: hasGroups,
  columns: isTable,
  orderBy: isTable,
};
/** By member of a chart, the same. */
const DRAWN = {
  isStacked: canStack,
  isHorizontal: (kind) => kind === "bar",
  color: (kind) => hasGroups(kind) || kind === "scatter",
  format: (kind) => kind !== "scatter" && kind !== "text",
  text: (kind) => kind === "text",
};

/** Return what the form of a chart begins with; a new chart gets the columns of the table once it is completed. */
export const entriesOf = (chart) => ({ kind: "bar", ...chart, dataMapping: { ...chart?.dataMapping } });

/** Whether a chart of this kind uses a member, by its name. */
export const uses = (kind, name) => (MAPPED[name] ?? DRAWN[name])(kind);

/**
 * Return the chart that is entered: its kind, its data mapping and what it looks like. A chart that becomes one of another kind
 * loses what that has no use for; members that are not the form's stay.
 *
 * @param {object} entered
 * @param {object | null} before the chart that is edited
 * @param {{ columnNames: string[], columnTypes: Record<string, string> }} columns of the table
 */
export function chartOf(entered, before, columns) {
  const { kind } = entered;
  const isKept = (name, users) => before?.kind === kind || !Object.hasOwn(users, name) || users[name](kind);
  const mapping = Object.entries(completed(entered, before, columns)).filter(([name, value]) => value !== undefined && isKept(name, MAPPED));
  const drawn = Object.keys(DRAWN).map((name) => [name, isKept(name, DRAWN) ? entered[name] : undefined]);
  return { kind, dataMapping: Object.fromEntries(mapping), ...Object.fromEntries(drawn) };
}

/** Choose columns where a chart needs them and none is chosen that would do. A column that the table no longer has stays. */
function completed({ kind, dataMapping }, before, { columnNames, columnTypes }) {
  const numbers = columnNames.filter((name) => isNumeric(columnTypes[name]));
  const fitting = (name, fit, best) => (fit.includes(name) || (name !== undefined && !columnNames.includes(name)) ? name : best);
  const aggregate = dataMapping.aggregate ?? (before ? undefined : numbers.length ? "sum" : "count");
  const found = { ...dataMapping, aggregate };
  if (uses(kind, "yAxis")) {
    const isCount = aggregate === "count" && kind !== "scatter";
    if (!isCount) found.yAxis = fitting(found.yAxis, numbers, numbers[0]);
    else if (before?.dataMapping?.aggregate !== "count") delete found.yAxis;
  }
  if (uses(kind, "xAxis")) {
    const fit = kind === "scatter" ? numbers : columnNames;
    found.xAxis = fitting(found.xAxis, fit, fit.find((name) => name !== found.yAxis) ?? fit[0]);
  }
  return found;
}
