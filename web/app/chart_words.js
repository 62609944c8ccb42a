// Names charts, what they measure and what they show.
import { canSplit, isTemporal } from "./chart_kinds.js";
import { periodInShort, periodInWords } from "./periods.js";
import { numbersIn } from "./number_formats.js";
import { exact } from "./numbers.js";
import { count } from "./words.js";

const MEASURES = { sum: "sum", mean: "average", min: "minimum", max: "maximum" };
const FIGURES = { sum: "Sum of", mean: "Average of", min: "Minimum of", max: "Maximum of" };
const TITLES = { sum: "", mean: "average ", min: "lowest ", max: "highest " };
const PARTS = { bar: "bar", line: "point", area: "point", scatter: "point", pie: "slice" };

/** `Revenue, sum`, or `Rows` for a count. */
export const measureInWords = ({ yAxis, aggregate = "sum" }) => (aggregate === "count" ? "Rows" : `${yAxis}, ${MEASURES[aggregate]}`);

/** `Sum of Revenue`, or `Number of rows`. */
export const figureInWords = ({ yAxis, aggregate = "sum" }) => (aggregate === "count" ? "Number of rows" : `${FIGURES[aggregate]} ${yAxis}`);

const capital = (text) => text.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());

/** Name a chart after what it shows: `Average rating by Region`. `types` are those of the table's columns. */
export function titleOf(kind, mapping, types = {}) {
  const { xAxis, yAxis, aggregate = "sum", splitBy, second } = mapping;
  if (kind === "text") return "";
  if (kind === "table") return "Rows";
  const across = columnInWords(xAxis);
  if (kind === "scatter") return capital(`${across} and ${columnInWords(yAxis)}`);
  const what = capital(measureInTitle(mapping));
  if (kind === "number") return aggregate === "sum" ? `Total ${columnInWords(yAxis)}` : what;
  const split = canSplit(kind) && splitBy ? columnInWords(splitBy) : null;
  const all = canSplit(kind) && second && !split ? `${what} and ${measureInTitle(second)}` : what;
  if (isTemporal(types[xAxis]) && kind !== "pie") return split ? `${all} over time by ${split}` : `${all} over time`;
  return split ? `${all} by ${across} and ${split}` : `${all} by ${across}`;
}

const measureInTitle = ({ yAxis, aggregate = "sum" }) => (aggregate === "count" ? "rows" : TITLES[aggregate] + columnInWords(yAxis));

/** `Miles_per_Gallon` and `totalAmount` are names for programs. */
function columnInWords(name = "") {
  return name.replaceAll(/_+/g, " ").replaceAll(/(\p{Ll})(\p{Lu})/gu, "$1 $2").trim() || name;
}

/** Return what writes the numbers of a chart's series: its format is that of the first measure. */
export function numbersOf({ format, dataMapping }, index = 0) {
  return numbersIn(index === 0 || dataMapping?.splitBy ? format : null);
}

/**
 * Return a chart's groups as they are named: on an axis and in full.
 *
 * @param {{ points: [string, number | null, number][], order: string, rest: { value: number, groups: number } | null,
 *   series?: object[], indexes?: number[] }} data
 * @returns {{ label: string, name: string, value: number | null, values: (number | null)[], isRest: boolean, index: number | null }[]}
 *   `values` has one for each series, `index` is that of the point; the rest is the last one, and no point
 */
export function namedGroups({ points, order, rest, series = [{ points, rest }], indexes }) {
  const isTime = order !== "size" && order !== "number";
  const named = points.map(([text, value], place) => ({
    label: isTime ? periodInShort(order, text) : text.replaceAll(/\s+/g, " "),
    name: isTime ? periodInWords(order, text) : text,
    value,
    values: series.map((each) => each.points[place][1]),
    isRest: false,
    index: indexes ? indexes[place] : place,
  }));
  if (!rest) return named;
  const name = `Other (${exact(rest.groups)} more)`;
  return [...named, { label: name, name, value: rest.value, values: series.map((each) => each.rest.value), isRest: true, index: null }];
}

/** Describe what a chart shows, for those who do not see it. */
export function summaryOf(chart, data) {
  const { kind = "bar", dataMapping = {} } = chart;
  const parts = count(data.points.length, PARTS[kind]);
  if (kind === "scatter") return `${parts}: ${span(dataMapping.xAxis, data.points, 0)}, ${span(dataMapping.yAxis, data.points, 1)}`;
  if (!data.series) return `${parts}, ${endsOf(data, numbersOf(chart))}`;
  const each = data.series.map(({ name, ...series }, index) => `${name}: ${endsOf({ ...data, ...series }, numbersOf(chart, index))}`);
  return `${parts} in ${count(data.series.length, "series", "series")}. ${each.join(". ")}`;
}

function endsOf({ points, order, rest }, { exact: words }) {
  const named = namedGroups({ points, order, rest: null }).filter(({ value }) => value !== null);
  if (!named.length) return "no values";
  const [most, least] = named.reduce(([high, low], each) => [each.value > high.value ? each : high, each.value < low.value ? each : low], [named[0], named[0]]);
  const ends = `largest ${words(most.value)} at ${most.name}, smallest ${words(least.value)} at ${least.name}`;
  return rest ? `${ends}, and ${words(rest.value ?? 0)} in ${count(rest.groups, "more group")}` : ends;
}

function span(column, points, index) {
  const [low, high] = points.reduce(([low, high], point) => [Math.min(low, point[index]), Math.max(high, point[index])], [Infinity, -Infinity]);
  return `${column} from ${exact(low)} to ${exact(high)}`;
}
