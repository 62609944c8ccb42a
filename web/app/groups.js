// Adds up a table's rows by groups and series, sorts the groups, and puts the smallest together.
import { addCell, addTotal, areLargest, distance, emptyTotal, resultOf, weightOf } from "./aggregates.js";
import { canSort, canSplit, MOST_GROUPS, SORTS } from "./chart_kinds.js";
import { measureInWords } from "./chart_words.js";
import { textOf } from "./filters.js";
import { groupingOf } from "./grouping.js";
import { exact } from "./numbers.js";
import { periodInWords } from "./periods.js";

/** One for each colour. */
const MOST_SERIES = 8;
const EMPTY = textOf(null);
const inAlphabet = new Intl.Collator("en", { numeric: true });

/** Return the columns and aggregates that a chart measures: one, or two without a split. */
export function measuresOf(kind, { yAxis, aggregate = "sum", splitBy, second }) {
  const first = { yAxis, aggregate };
  const hasSecond = canSplit(kind) && !splitBy && second !== null && typeof second === "object";
  return hasSecond ? [first, { yAxis: second.yAxis, aggregate: second.aggregate ?? "sum" }] : [first];
}

/**
 * Return the groups of rows in the order in which a chart shows them, and its series, if it has several.
 *
 * A group's `whole` is the total of its rows, or of the first of two measures; its `totals` are those of the slots that have
 * rows. A series is the sum of its `slots`. `isRanked` says whether groups may be left to the rest, the smallest first.
 *
 * @returns {{ order: string, isRanked: boolean, tooFine?: string, selectionOf: (group: object) => object, measures: object[],
 *   groups: { key: unknown, name: string, whole: object, totals: object[] }[], series: { name: string, slots: number[], aggregate: string }[] | null }}
 */
export function groupsOf(rows, mapping, kind, types) {
  const { xAxis, grain, sort, limit } = mapping;
  const { order, keyOf, nameOf, selectionOf, step, tooFine } = groupingOf(rows, xAxis, types[xAxis], kind, grain);
  const measures = measuresOf(kind, mapping);
  const split = canSplit(kind) && mapping.splitBy ? splitOf(rows, mapping.splitBy, types) : null;
  const totals = totalsOf(rows, xAxis, keyOf, split, measures);
  const isSorted = canSort(kind) && Object.hasOwn(SORTS, sort ?? "");
  const isRanked = order === "size" || (isSorted && sort.endsWith("value")) || (canSort(kind) && isLimit(limit));
  const groupOf = (key, name) => ({ key, name, totals: totals.get(key) ?? [], whole: wholeOf(totals.get(key), split) });
  // A gap between groups is seen only if these are in order.
  const keys = order === "size" ? [...totals.keys()] : filled([...totals.keys()].filter((key) => key !== null), isRanked ? 0 : step);
  const groups = keys.map((key) => groupOf(key, nameOf(key)));
  if (order !== "size" && totals.has(null)) groups.push(groupOf(null, EMPTY));
  const valueOf = ({ whole }) => resultOf(whole, measures[0].aggregate);
  return {
    order,
    isRanked,
    tooFine,
    measures,
    groups: sorted(groups, isSorted ? sort : order === "size" ? "-value" : "name", order, valueOf),
    series: split ? splitSeries(groups, split, measures[0].aggregate) : measures.length > 1 ? measures.map(measureSeries) : null,
    selectionOf: ({ key, name }) => (key === null ? { operator: "in", values: [name] } : selectionOf(key)),
  };
}

const isLimit = (limit) => Number.isInteger(limit) && limit >= 1 && limit <= MOST_GROUPS;

/** How rows are split: the slot of each value is known once the first row has it. */
const splitOf = (rows, column, types) => ({ ...groupingOf(rows, column, types[column], "split"), column, slots: new Map() });

/** Add up all rows at once: by key of the group, totals by slot, which is one of a split's values or one of the measures. */
function totalsOf(rows, xAxis, keyOf, split, measures) {
  const groups = new Map();
  for (const row of rows) {
    const key = keyOf(row[xAxis]);
    let totals = groups.get(key);
    if (!totals) groups.set(key, (totals = []));
    const slot = split ? slotOf(split, row) : 0;
    for (let index = 0; index < measures.length; index += 1) addCell((totals[slot + index] ??= emptyTotal()), row[measures[index].yAxis]);
  }
  return groups;
}

function slotOf({ slots, keyOf, column }, row) {
  const key = keyOf(row[column]);
  let slot = slots.get(key);
  if (slot === undefined) slots.set(key, (slot = slots.size));
  return slot;
}

/** Return the total of all rows of a group: each is in one slot of a split, and in all of the measures. */
function wholeOf(totals = [], split) {
  return split ? sumOf(totals, [...totals.keys()]) : (totals[0] ?? emptyTotal());
}

/** Return what some slots have together. */
export function sumOf(totals, slots) {
  if (slots.length === 1) return totals[slots[0]] ?? emptyTotal();
  const sum = emptyTotal();
  for (const slot of slots) if (totals[slot]) addTotal(sum, totals[slot]);
  return sum;
}

const measureSeries = (measure, slot) => ({ name: measureInWords(measure), slots: [slot], aggregate: measure.aggregate });

/** Return a series for each of the largest values of a split, by the sum of their distances from zero, and one for the rest. */
function splitSeries(groups, { slots, order, nameOf }, aggregate) {
  const distances = new Float64Array(slots.size);
  for (const { totals } of groups) totals.forEach((total, slot) => (distances[slot] += Math.abs(resultOf(total, aggregate))));
  const all = [...slots].map(([key, slot]) => ({ key, slot, distance: distances[slot] }));
  const areKept = all.length > MOST_SERIES ? areLargest(distances, MOST_SERIES - 1) : all.map(() => true);
  const kept = all.filter(({ slot }) => areKept[slot]);
  kept.sort(order === "size" ? (one, other) => other.distance - one.distance : (one, other) => (one.key ?? Infinity) - (other.key ?? Infinity));
  const isTime = order !== "size" && order !== "number";
  const nameIn = (key) => (key === null ? EMPTY : isTime ? periodInWords(order, nameOf(key)) : nameOf(key));
  const series = kept.map(({ key, slot }) => ({ name: nameIn(key), slots: [slot], aggregate }));
  const others = all.filter(({ slot }) => !areKept[slot]).map(({ slot }) => slot);
  return others.length ? [...series, { name: `Other (${exact(others.length)} more)`, slots: others, aggregate, isRest: true }] : series;
}

/** Sort groups; those without a value, or without a name, are the last ones. */
function sorted(groups, sort, order, valueOf) {
  const direction = sort.startsWith("-") ? -1 : 1;
  const byName = (one, other) => (order === "size" ? inAlphabet.compare(one.name, other.name) : one.key - other.key);
  const isLast = sort.endsWith("value") ? (group) => valueOf(group) === null : order === "size" ? ({ name }) => name === EMPTY : ({ key }) => key === null;
  const byValue = (one, other) => direction * (valueOf(one) - valueOf(other)) || (one.name < other.name ? -1 : 1);
  const compare = sort.endsWith("value") ? byValue : (one, other) => direction * byName(one, other);
  return groups.toSorted((one, other) => isLast(one) - isLast(other) || compare(one, other));
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

/**
 * Turn groups into points, and leave the smallest of those that are ranked to the rest.
 *
 * @returns what `dataOf` returns for groups
 */
export function pointsOf({ order, isRanked, tooFine, measures, groups, series, selectionOf }, limit) {
  const { aggregate } = measures[0];
  const most = !isRanked ? Infinity : isLimit(limit) ? limit : MOST_GROUPS;
  const distanceOf = ({ whole }) => distance(resultOf(whole, aggregate));
  const areKept = groups.length > most ? areLargest(Float64Array.from(groups, distanceOf), most) : groups.map(() => true);
  const kept = groups.filter((_, index) => areKept[index]);
  const others = groups.filter((_, index) => !areKept[index]);
  const pointOf = (name, total, how) => [name, resultOf(total, how), weightOf(total, how)];
  const restOf = (totals, how) => {
    const total = sumOf(totals, [...totals.keys()]);
    return others.length ? { value: resultOf(total, how), weight: weightOf(total, how), groups: others.length } : null;
  };
  const oneSeries = ({ slots, aggregate: how, ...each }) => {
    const totalOf = ({ totals }) => sumOf(totals, slots);
    return { ...each, aggregate: how, points: kept.map((group) => pointOf(group.name, totalOf(group), how)), rest: restOf(others.map(totalOf), how) };
  };
  return {
    order,
    ...(isRanked && { isRanked }),
    ...(tooFine && { tooFine }),
    points: kept.map(({ name, whole }) => pointOf(name, whole, aggregate)),
    rest: restOf(others.map(({ whole }) => whole), aggregate),
    selections: kept.map(selectionOf),
    ...(series && { series: series.map(oneSeries) }),
    left: 0,
  };
}
