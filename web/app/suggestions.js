// Suggests charts from a table's columns.
import { isNumeric, isTemporal, sizeOf } from "./chart_kinds.js";
import { titleOf } from "./chart_words.js";

const MOST_CHARTS = 5;
const GROUPS_WORTH_A_PIE = 6;
/** A column of codes has nearly as many values as rows, so grouping by it is useless. */
const MOST_GROUPS = 100;
const ROWS_OF_A_GROUP = 1.2;
const NUMBERS_OF_A_CLASS = 10;
const CODES = /(^|[^\p{L}])(ids?|codes?|zip|postcode|plz|keys?|idx|nr|no|phone|fips|iata|isbn|ean|sku|unnamed|lat|lon|lng|latitude|longitude)$|\p{Ll}(Id|ID|Code|Key|Nr|No)$/u;
const YEARS = /(^|[^\p{L}])years?$/iu;
/** A sum of these means nothing. */
const AVERAGED = /(^|[^\p{L}])(rate|ratio|rating|score|percent|percentage|pct|share|avg|average|mean|median|temp|temperature|age|speed|length|width|height|depth|per)([^\p{L}]|$)|%/iu;

/**
 * Suggest charts for a table.
 *
 * @param {{ columnNames: string[], columnTypes: Record<string, string> }} schema
 * @param {Record<string, unknown>[]} rows
 * @returns {{ title: string, kind: string, dataMapping: object, position: object }[]} at most five, placed in a grid of twelve columns
 */
export function suggestions({ columnNames, columnTypes }, rows) {
  const columns = columnNames.filter((name) => !isCode(name)).map((name) => ({ name, type: columnTypes[name], size: differentOf(rows, name) }));
  const varied = columns.filter(({ size }) => size > 1);
  const numbers = varied.filter(({ name, type, size }) => isNumeric(type) && !YEARS.test(name) && !isNumbering(rows, name, size));
  const measures = numbers.toSorted((one, other) => isCoarse(one) - isCoarse(other)).map(({ name }) => name);
  const time = varied.find(({ type }) => isTemporal(type)) ?? varied.find(({ name, type }) => type === "integer" && YEARS.test(name));
  const groups = varied.filter(({ type, size }) => ["string", "boolean"].includes(type) && size <= MOST_GROUPS && size * ROWS_OF_A_GROUP <= rows.length);
  const [measure, second] = measures;
  const aggregate = !measure ? "count" : AVERAGED.test(measure) ? "mean" : "sum";
  const found = [];
  const add = (kind, dataMapping) => found.push({ title: titleOf(kind, dataMapping, columnTypes), kind, dataMapping });
  const by = (column) => ({ xAxis: column.name, ...(measure && { yAxis: measure }), aggregate });

  add("number", { ...(measure && { yAxis: measure }), aggregate });
  if (time) add("line", by(time));
  for (const each of groups.slice(0, 2)) add("bar", by(each));
  const pie = groups.slice(2).find(({ size }) => size <= GROUPS_WORTH_A_PIE);
  if (pie && aggregate !== "mean") add("pie", by(pie));
  if (second) add("scatter", { xAxis: measure, yAxis: second });
  return placed(found.slice(0, MOST_CHARTS));
}

/** Few different numbers may be classes or grades, which are worth less than a measure. */
const isCoarse = ({ size }) => size <= NUMBERS_OF_A_CLASS;
const isCode = (name) => CODES.test(name) || CODES.test(name.toLowerCase());

function differentOf(rows, name) {
  const different = new Set();
  for (const row of rows) if (row[name] !== null && row[name] !== undefined && row[name] !== "") different.add(row[name]);
  return different.size;
}

/** Whether a column counts the rows: 1, 2, 3, … */
function isNumbering(rows, name, size) {
  return size === rows.length && rows.every((row, index) => row[name] === rows[0][name] + index);
}

/** Place charts side by side; the second fills the row that begins with the number. */
function placed(charts) {
  let [x, y, height] = [0, 0, 0];
  return charts.map((chart, index) => {
    const [w, h] = sizeOf(index === 1 ? "line" : chart.kind);
    if (x + w > 12) [x, y, height] = [0, y + height, 0];
    const position = { x, y, w, h };
    x += w;
    height = Math.max(height, h);
    return { ...chart, position };
  });
}
