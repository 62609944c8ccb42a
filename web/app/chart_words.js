// Names charts, what they measure and what they show.
import { isTemporal } from "./chart_kinds.js";
import { periodInShort, periodInWords } from "./periods.js";
import { exact } from "./numbers.js";
import { count } from "./words.js";

const MEASURES = { sum: "sum", mean: "average", min: "minimum", max: "maximum" };
const FIGURES = { sum: "Sum of", mean: "Average of", min: "Minimum of", max: "Maximum of" };
const TITLES = { sum: "", mean: "Average ", min: "Lowest ", max: "Highest " };
const PARTS = { bar: "bar", line: "point", area: "point", scatter: "point", pie: "slice" };

/** `Revenue, sum`, or `Rows` for a count. */
export const measureInWords = ({ yAxis, aggregate = "sum" }) => (aggregate === "count" ? "Rows" : `${yAxis}, ${MEASURES[aggregate]}`);

/** `Sum of Revenue`, or `Number of rows`. */
export const figureInWords = ({ yAxis, aggregate = "sum" }) => (aggregate === "count" ? "Number of rows" : `${FIGURES[aggregate]} ${yAxis}`);

const capital = (text) => text.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());

/** Name a chart after what it shows: `Average rating by Region`. `types` are those of the table's columns. */
export function titleOf(kind, { xAxis, yAxis, aggregate = "sum" }, types = {}) {
  const [across, measured] = [xAxis, yAxis].map(columnInWords);
  if (kind === "scatter") return capital(`${across} and ${measured}`);
  const what = aggregate === "count" ? "Rows" : capital(TITLES[aggregate] + measured);
  if (kind === "number") return aggregate === "sum" ? `Total ${measured}` : what;
  return isTemporal(types[xAxis]) && kind !== "pie" ? `${what} over time` : `${what} by ${across}`;
}

/** `Miles_per_Gallon` and `totalAmount` are names for programs. */
function columnInWords(name = "") {
  return name.replaceAll(/_+/g, " ").replaceAll(/(\p{Ll})(\p{Lu})/gu, "$1 $2").trim() || name;
}

/**
 * Return a chart's groups as they are named: on an axis and in full.
 *
 * @param {{ points: [string, number | null, number][], order: string, rest: { value: number, groups: number } | null }} data
 * @returns {{ label: string, name: string, value: number | null, isRest: boolean }[]} the rest is the last one
 */
export function namedGroups({ points, order, rest }) {
  const isTime = order !== "size" && order !== "number";
  const named = points.map(([text, value]) => ({
    label: isTime ? periodInShort(order, text) : text.replaceAll(/\s+/g, " "),
    name: isTime ? periodInWords(order, text) : text,
    value,
    isRest: false,
  }));
  if (!rest) return named;
  const name = `Other (${exact(rest.groups)} more)`;
  return [...named, { label: name, name, value: rest.value, isRest: true }];
}

/** Describe what a chart shows, for those who do not see it. */
export function summaryOf({ kind = "bar", dataMapping = {} }, data) {
  const parts = count(data.points.length, PARTS[kind]);
  if (kind === "scatter") return `${parts}: ${span(dataMapping.xAxis, data.points, 0)}, ${span(dataMapping.yAxis, data.points, 1)}`;
  const named = namedGroups({ ...data, rest: null }).filter(({ value }) => value !== null);
  const [most, least] = named.reduce(([high, low], each) => [each.value > high.value ? each : high, each.value < low.value ? each : low], [named[0], named[0]]);
  const ends = `largest ${exact(most.value)} at ${most.name}, smallest ${exact(least.value)} at ${least.name}`;
  return data.rest ? `${parts}, ${ends}, and ${exact(data.rest.value ?? 0)} in ${count(data.rest.groups, "more group")}` : `${parts}, ${ends}`;
}

function span(column, points, index) {
  const [low, high] = points.reduce(([low, high], point) => [Math.min(low, point[index]), Math.max(high, point[index])], [Infinity, -Infinity]);
  return `${column} from ${exact(low)} to ${exact(high)}`;
}
