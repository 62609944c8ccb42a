// What a chart shows as CSV, and what spreadsheets would make of cells.
import assert from "node:assert/strict";
import { test } from "node:test";
import { csvOf } from "../chart_csv.js";
import { dataOf } from "../chart_data.js";
import { csvIn } from "../csv.js";

const TYPES = { Day: "date", Region: "string", Channel: "string", Revenue: "number", Units: "integer" };
const ROWS = [
  { Day: "2026-01-05", Region: "North", Channel: "Online", Revenue: 0.1, Units: 1 },
  { Day: "2026-01-25", Region: "North", Channel: "Store", Revenue: 0.2, Units: 2 },
  { Day: "2026-03-05", Region: "South, East", Channel: "Online", Revenue: -1234567.125, Units: 3 },
];

/** Return the lines of a chart's CSV without the byte order mark. */
function linesOf(chart, rows = ROWS) {
  const text = csvOf(chart, dataOf(chart, rows, TYPES));
  assert.ok(text.startsWith("\ufeff"));
  assert.ok(text.endsWith("\r\n"));
  return text.slice(1, -2).split("\r\n");
}

const mapping = (xAxis, more = {}) => ({ xAxis, yAxis: "Revenue", aggregate: "sum", ...more });

test("groups have the name of their column, the measure in words, and every digit", () => {
  assert.deepEqual(linesOf({ kind: "bar", dataMapping: mapping("Region", { sort: "name" }) }), ["Region,\"Revenue, sum\"", "North,0.30000000000000004", '"South, East",-1234567.125']);
  assert.deepEqual(linesOf({ dataMapping: { xAxis: "Region", aggregate: "count", sort: "name" } }), ["Region,Rows", "North,2", '"South, East",1']);
});

test("periods are written as ISO 8601, and those without a value are empty", () => {
  const rows = [...ROWS, { Day: "2026-04-01", Revenue: 5 }];
  const lines = linesOf({ kind: "line", dataMapping: mapping("Day", { aggregate: "mean", grain: "month" }) }, rows);
  assert.deepEqual(lines, ['Day,"Revenue, average"', "2026-01,0.15000000000000002", "2026-02,", "2026-03,-1234567.125", "2026-04,5"]);
});

test("series are columns", () => {
  assert.deepEqual(linesOf({ kind: "bar", dataMapping: mapping("Region", { splitBy: "Channel", sort: "name" }) })[0].split(",").toSorted(), ["Online", "Region", "Store"]);
  const two = linesOf({ kind: "bar", dataMapping: mapping("Region", { second: { yAxis: "Units", aggregate: "sum" }, sort: "name" }) });
  assert.deepEqual(two, ['Region,"Revenue, sum","Units, sum"', "North,0.30000000000000004,3", '"South, East",-1234567.125,3']);
});

test("what groups have together is the last row", () => {
  const rows = Array.from({ length: 5 }, (_, index) => ({ Region: `R${index}`, Channel: "Online", Revenue: index, Units: 1 }));
  assert.deepEqual(linesOf({ kind: "bar", dataMapping: mapping("Region", { limit: 2 }) }, rows).slice(1), ["R4,4", "R3,3", "Other (3 more),3"]);
  assert.deepEqual(linesOf({ kind: "bar", dataMapping: mapping("Region", { limit: 2, splitBy: "Channel" }) }, rows).at(-1), "Other (3 more),3");
});

test("points and numbers are written as they are", () => {
  assert.deepEqual(linesOf({ kind: "scatter", dataMapping: { xAxis: "Units", yAxis: "Revenue" } }), ["Units,Revenue", "1,0.1", "2,0.2", "3,-1234567.125"]);
  assert.deepEqual(linesOf({ kind: "number", dataMapping: { yAxis: "Units", aggregate: "max" } }), ["Maximum of Units", "3"]);
});

test("no text is a formula, and numbers stay numbers", () => {
  const safe = (cell) => csvIn([[cell]]).slice(1, -2);
  for (const formula of ["=1+1", "+A1", "-A1", "@SUM(A1)", "\tx", "\uff1d1"]) assert.equal(safe(formula), `'${formula}`);
  assert.equal(safe('=HYPERLINK("a")'), `"'=HYPERLINK(""a"")"`);
  for (const number of [-1, "-1", "+1.5e3", "-1,5"]) assert.equal(safe(number).replaceAll('"', ""), String(number));
});

test("cells are quoted where they have to be", () => {
  assert.equal(csvIn([["a,b", 'c"d', "e\nf", null, undefined, true, { g: 1 }]]).slice(1), '"a,b","c""d","e\nf",,,true,"{""g"":1}"\r\n');
});
