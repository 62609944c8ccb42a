// The places of a config and their values in words: what a history, a conflict or an error names by a JSON pointer.
import { AGGREGATES, COLORS, GRAINS, KINDS, SORTS } from "./chart_kinds.js";
import { figureInWords } from "./chart_words.js";
import { chartsOf, filtersOf, themeOf } from "./config.js";
import { inWords, OPERATORS } from "./filter_words.js";
import { count } from "./words.js";

const MEMBERS = {
  title: "Title",
  kind: "Type",
  position: "Position",
  x: "Column",
  y: "Row",
  w: "Width",
  h: "Height",
  isVisible: "Visible",
  dataMapping: "Data",
  xAxis: "Grouped by",
  yAxis: "Column",
  aggregate: "Calculation",
  splitBy: "Split by",
  second: "Second measure",
  sort: "Order",
  limit: "At most",
  grain: "Periods",
  columns: "Columns",
  orderBy: "Sorted by",
  isStacked: "Stacked",
  isHorizontal: "Horizontal",
  color: "Color",
  format: "Number format",
  text: "Text",
  column: "Column",
  operator: "Condition",
  values: "Values",
};
const PARTS = { chartCustomizations: "All charts", filters: "Filters", theme: "Theme", currentLayout: "Layout", extensions: "Extensions" };
/** By member: the words for values that are names. */
const NAMED = { kind: KINDS, aggregate: AGGREGATES, sort: SORTS, grain: GRAINS, color: COLORS };
/** Of a value that the page does not know. */
const MOST_CHARACTERS = 120;

/** Return the names in a JSON pointer (RFC 6901). */
const namesIn = (pointer) => pointer.split("/").slice(1).map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));

/** Describe a place: `Revenue › Title`. The first of the configs that has its chart or filter names it. */
export function placeInWords(pointer, ...configs) {
  const [part, id, ...rest] = namesIn(pointer);
  const members = rest.map((name) => MEMBERS[name] ?? name);
  if (part === undefined) return "The whole dashboard";
  if (id === undefined) return PARTS[part] ?? part;
  if (part === "filters") return ["Filter", filterNamed(id, configs), ...members].join(" › ");
  if (part === "theme" && id === "id") return PARTS.theme;
  if (part !== "chartCustomizations") return [PARTS[part] ?? part, id, ...rest].join(" › ");
  const title = configs.map((config) => config?.chartCustomizations?.[id]?.title).find(Boolean) ?? id;
  return [title, ...members].join(" › ");
}

/** Describe a filter by its index in the first config that has it. */
function filterNamed(index, configs) {
  const filter = configs.map((config) => config?.filters?.[index]).find(Boolean);
  return filter?.column ? inWords(filter) : index;
}

/** Describe the value at a place; undefined means that there is no such value. */
export function valueInWords(pointer, value) {
  const [part, id, ...rest] = namesIn(pointer);
  const isElement = id !== undefined && !rest.length;
  if (value === undefined || value === null) return isElement && part !== "theme" ? "removed" : part === undefined ? "deleted" : "not set";
  if (part === undefined) return [count(chartsOf(value).length, "chart"), count(filtersOf(value).length, "filter")].join(", ");
  if (part === "theme") return sentence(themeOf({ theme: id ? { id: value } : value }));
  if (part === "filters") return filtersInWords(id, rest[0], value);
  if (part !== "chartCustomizations") return anything(value);
  if (id === undefined) return count(Object.keys(value).length, "chart");
  return rest.length ? memberInWords(rest, value) : chartInWords(value);
}

function memberInWords([member, inner], value) {
  if (member === "position" && inner === undefined) return positionInWords(value);
  if (member === "position" && Number.isInteger(value)) return { x: `column ${value + 1}`, y: `row ${value + 1}`, w: `${value} wide`, h: `${value} high` }[inner] ?? anything(value);
  if (member === "dataMapping" && inner === undefined) return mappingInWords(value);
  const names = NAMED[inner ?? member];
  if (names && Object.hasOwn(names, value)) return names[value];
  if (inner === undefined && member === "isVisible") return value ? "shown" : "hidden";
  return anything(value);
}

function chartInWords({ kind = "bar", dataMapping, isVisible, position }) {
  const texts = [KINDS[kind] ?? kind, dataMapping && mappingInWords(dataMapping), position && positionInWords(position), isVisible === false && "hidden"];
  return texts.filter(Boolean).join(", ");
}

function positionInWords(position) {
  const { x, y, w, h } = position;
  const texts = [Number.isInteger(x) && `column ${x + 1}`, Number.isInteger(y) && `row ${y + 1}`, Number.isInteger(w) && `${w} wide`, Number.isInteger(h) && `${h} high`];
  return texts.filter(Boolean).join(", ") || anything(position);
}

/** `Sum of Revenue by Region, split by Channel`; points and tables have no calculation. */
function mappingInWords(mapping) {
  const { xAxis, yAxis, aggregate, splitBy, second, sort, limit, grain, columns, orderBy } = mapping;
  const what = Object.hasOwn(AGGREGATES, aggregate) ? [figureInWords(mapping), xAxis].filter(Boolean).join(" by ") : [xAxis, yAxis].filter(Boolean).join(" and ");
  const how = [
    second && `with ${figureInWords(second)}`,
    splitBy && `split by ${splitBy}`,
    grain && (GRAINS[grain] ?? grain),
    sort && (SORTS[sort] ?? sort),
    limit && `at most ${limit}`,
    Array.isArray(columns) && columns.join(" | "),
    orderBy?.column && `sorted by ${orderBy.column}${orderBy.isDescending ? ", descending" : ""}`,
  ];
  return [what, ...how].filter(Boolean).join(", ") || anything(mapping);
}

function filtersInWords(index, member, value) {
  if (index === undefined) return Array.isArray(value) ? value.map(inWords).join("; ") || "no filters" : anything(value);
  if (member === undefined) return value.column ? inWords(value) : anything(value);
  if (member === "operator") return OPERATORS[value] ?? anything(value);
  if (member === "values" && Array.isArray(value)) return value.map((each) => (each === null ? "any" : String(each))).join(", ");
  return anything(value);
}

/** A string in quotes, everything else as compact JSON, shortened. */
function anything(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  const text = typeof value === "string" ? `“${value}”` : JSON.stringify(value);
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
