// How rows are grouped by a column: texts by their values, times by periods, many numbers by ranges.
import { isNumeric, isTemporal } from "./chart_kinds.js";
import { textOf } from "./filters.js";
import { finer, lengthOf, numberOf, textOfPeriod, unitFor, unitOf } from "./periods.js";

const MOST_NUMBERS = 20;
const MOST_RANGES = { bar: 20, line: 20, area: 20, pie: 8 };
const MOST_PERIODS = { bar: 50, line: 150, area: 150, pie: 8 };
const NAMES_OF_YEARS = /(^|[ _-])years?$/i;
const YEARS = { first: 1_000, last: 2_999 };
const COMPACT_FROM = 1_000;
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 3 });

/**
 * Return how to group rows by a column.
 *
 * @param {Record<string, unknown>[]} rows
 * @param {string} column
 * @param {string} type of the column
 * @param {string} kind of the chart
 * @returns {{ order: string, keyOf: (cell: unknown) => string | number | null, nameOf: (key: string | number) => string, step: number | null }}
 *   `order` is `size` for groups in no order of their own, `number`, or the unit of time. Keys of ordered groups are numbers,
 *   null for an empty cell; every `step`th has a group, even if no row is in it: null if unknown, 0 if there is no such step
 */
export function groupingOf(rows, column, type, kind) {
  if (isTemporal(type)) return byTime(rows, column, type, kind);
  if (isNumeric(type)) return byNumber(rows, column, type, kind);
  return { order: "size", keyOf: textOf, nameOf: (key) => key, step: 0 };
}

function byTime(rows, column, type, kind) {
  const known = type === "date" ? "day" : "hour";
  let [first, last] = ["", ""];
  let finest = "year";
  for (const row of rows) {
    const time = row[column];
    if (!time) continue;
    if (finest !== known) finest = finer(finest, unitOf(time));
    if (!first || time < first) first = time;
    if (time > last) last = time;
  }
  const unit = unitFor(first, last, MOST_PERIODS[kind], first === last ? known : finest);
  return periods(unit, (cell) => cell);
}

function periods(unit, textOfCell) {
  // Many rows are of the same period.
  const known = new Map();
  const length = lengthOf(unit);
  const keyOf = (cell) => {
    if (cell === null || cell === undefined || cell === "") return null;
    const text = textOfCell(cell).slice(0, length);
    if (!known.has(text)) known.set(text, numberOf(unit, text));
    return known.get(text);
  };
  return { order: unit, keyOf, nameOf: (key) => textOfPeriod(unit, key), step: null };
}

function byNumber(rows, column, type, kind) {
  const different = new Set();
  let [min, max, areWhole] = [Infinity, -Infinity, true];
  for (const row of rows) {
    const number = row[column];
    if (!Number.isFinite(number)) continue;
    if (different.size <= MOST_NUMBERS) different.add(number);
    areWhole &&= Number.isInteger(number);
    if (number < min) min = number;
    if (number > max) max = number;
  }
  const areYears = areWhole && NAMES_OF_YEARS.test(column) && min >= YEARS.first && max <= YEARS.last;
  if (areYears) return periods(unitFor(String(min), String(max), MOST_PERIODS[kind], "year"), String);
  if (different.size <= MOST_NUMBERS) return { order: "number", keyOf: (cell) => (Number.isFinite(cell) ? cell : null), nameOf: String, step: 0 };
  return ranges(min, max, areWhole, MOST_RANGES[kind]);
}

/** Group numbers by ranges of a round width. */
function ranges(min, max, areWhole, most) {
  const width = widthFor(min, max, areWhole, most);
  const largest = Math.max(Math.abs(min), Math.abs(max));
  const isShort = width >= COMPACT_FROM && 1_000 ** Math.floor(Math.log10(largest) / 3) <= width * COMPACT_FROM;
  // `100 – 199` for whole numbers, of which none is in two ranges by its name; `0.5 – 1` and `100K – 200K` for others.
  const gap = areWhole && !isShort ? 1 : 0;
  const last = lastRange(max, width, gap > 0);
  const words = isShort ? compact : new Intl.NumberFormat("en", { maximumFractionDigits: Math.max(0, -Math.floor(Math.log10(width))), useGrouping: "min2" });
  return {
    order: "number",
    // The last range includes its end.
    keyOf: (cell) => (Number.isFinite(cell) ? Math.min(last, numberOfRange(cell, width)) : null),
    nameOf: (key) => `${words.format(key * width)} – ${words.format((key + 1) * width - gap)}`,
    step: 1,
  };
}

/** 0.3 / 0.1 is less than 3. */
const numberOfRange = (number, width) => Math.floor(number / width + 1e-9);
const lastRange = (max, width, areWhole) => (areWhole ? numberOfRange(max, width) : Math.ceil(max / width - 1e-9) - 1);

/** Return 1, 2 or 5 times a power of ten, so that there are not too many ranges. */
function widthFor(min, max, areWhole, most) {
  const power = 10 ** Math.floor(Math.log10((max - min) / most));
  return [1, 2, 5, 10, 20].map((times) => times * power).find((width) => lastRange(max, width, areWhole) - numberOfRange(min, width) < most);
}
