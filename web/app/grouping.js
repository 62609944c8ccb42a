// How rows are grouped by a column: texts by their values, times by periods, many numbers by ranges.
import { GRAINS, isNumeric, isTemporal, isYears } from "./chart_kinds.js";
import { textOf } from "./filters.js";
import { finer, lengthOf, numberOf, spanOf, textOfPeriod, unitFor, unitOf } from "./periods.js";

const MOST_NUMBERS = 20;
/** By kind of chart; a split is what makes the series of one. */
const MOST_RANGES = { bar: 20, line: 20, area: 20, pie: 8, split: 8 };
const MOST_PERIODS = { bar: 50, line: 150, area: 150, pie: 8, split: 8 };
/** If the user has chosen the periods. */
const MOST_CHOSEN = { bar: 500, line: 2_000, area: 2_000, pie: 50 };
const YEARS = { first: 1_000, last: 2_999 };
const COMPACT_FROM = 1_000;
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 3 });

const sameText = (name) => ({ operator: "in", values: [name] });

/**
 * Return how to group rows by a column.
 *
 * @param {Record<string, unknown>[]} rows
 * @param {string} column
 * @param {string} type of the column
 * @param {string} kind of the chart, `split` for its series
 * @param {string} [grain] the periods that the user has chosen
 * @returns {{ order: string, keyOf: (cell: unknown) => string | number | null, nameOf: (key: string | number) => string,
 *   selectionOf: (key: string | number) => { operator: string, values: unknown[] }, step: number | null, tooFine?: string }}
 *   `order` is `size` for groups in no order of their own, `number`, or the unit of time. Keys of ordered groups are numbers,
 *   null for an empty cell; every `step`th has a group, even if no row is in it: null if unknown, 0 if there is no such step.
 *   `selectionOf` returns the filter that selects a group's rows. `tooFine` are chosen periods of which there are too many
 */
export function groupingOf(rows, column, type, kind, grain) {
  if (isTemporal(type)) return byTime(rows, column, type, kind, grain);
  if (isNumeric(type)) return byNumber(rows, column, type, kind);
  return { order: "size", keyOf: textOf, nameOf: (key) => key, selectionOf: sameText, step: 0 };
}

function byTime(rows, column, type, kind, grain) {
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
  const selectionOf = (unit) => (key) => ({ operator: "between", values: spanOf(unit, textOfPeriod(unit, key)) });
  if (!Object.hasOwn(GRAINS, grain ?? "")) {
    const unit = unitFor(first, last, MOST_PERIODS[kind], first === last ? known : finest);
    return periods(unit, (cell) => cell, selectionOf(unit));
  }
  const chosen = known === "day" && grain === "hour" ? "day" : grain;
  const unit = unitFor(first, last, MOST_CHOSEN[kind], chosen);
  return { ...periods(unit, (cell) => cell, selectionOf(unit)), ...(unit !== chosen && { tooFine: chosen }) };
}

function periods(unit, textOfCell, selectionOf) {
  // Many rows are of the same period.
  const known = new Map();
  const length = lengthOf(unit);
  const keyOf = (cell) => {
    if (cell === null || cell === undefined || cell === "") return null;
    const text = textOfCell(cell).slice(0, length);
    if (!known.has(text)) known.set(text, numberOf(unit, text));
    return known.get(text);
  };
  return { order: unit, keyOf, nameOf: (key) => textOfPeriod(unit, key), selectionOf, step: null };
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
  const areYears = areWhole && isYears(column) && min >= YEARS.first && max <= YEARS.last;
  if (areYears) return years(unitFor(String(min), String(max), MOST_PERIODS[kind], "year"));
  if (different.size <= MOST_NUMBERS) {
    const keyOf = (cell) => (Number.isFinite(cell) ? cell : null);
    return { order: "number", keyOf, nameOf: String, selectionOf: (key) => sameText(String(key)), step: 0 };
  }
  return ranges(min, max, areWhole, MOST_RANGES[kind]);
}

function years(unit) {
  const selectionOf = (key) => {
    const text = textOfPeriod(unit, key);
    return { operator: "between", values: [text.padEnd(4, "0"), text.padEnd(4, "9")].map(Number) };
  };
  return periods(unit, String, selectionOf);
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
    selectionOf: (key) => ({ operator: "between", values: [startOfRange(key, width), endOfRange(key, width, areWhole, key === last ? max : null)] }),
    step: 1,
  };
}

/** 0.3 / 0.1 is less than 3. */
const numberOfRange = (number, width) => Math.floor(number / width + 1e-9);
const startOfRange = (key, width) => Number((key * width).toPrecision(12));
/** A filter includes the end, which is part of the next range. */
const endOfRange = (key, width, areWhole, max) => max ?? (areWhole ? (key + 1) * width - 1 : (key + 1 - 1e-9) * width);
const lastRange = (max, width, areWhole) => (areWhole ? numberOfRange(max, width) : Math.ceil(max / width - 1e-9) - 1);

/** Return 1, 2 or 5 times a power of ten, so that there are not too many ranges. */
function widthFor(min, max, areWhole, most) {
  const power = 10 ** Math.floor(Math.log10((max - min) / most));
  return [1, 2, 5, 10, 20].map((times) => times * power).find((width) => lastRange(max, width, areWhole) - numberOfRange(min, width) < most);
}
