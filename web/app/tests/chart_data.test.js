// Chart data computed from a table, and the charts suggested for it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { dataOf, suggestions } from "../chart_data.js";

const TYPES = { Day: "date", City: "string", Price: "number", Units: "integer", Open: "boolean" };
const row = (Day, City, Price, Units = 1) => ({ Day, City, Price, Units, Open: true });
const ROWS = [row("2026-01-01", "Bonn", 1.5), row("2026-01-02", "Kiel", 2.5), row("2026-02-01", "Bonn", 4, 3)];
const show = (kind, dataMapping, rows = ROWS, types = TYPES) => dataOf({ kind, dataMapping }, rows, types);
const by = (xAxis, yAxis, aggregate = "sum") => ({ xAxis, yAxis, aggregate });

test("groups are aggregated and sorted, the largest first", () => {
  assert.deepEqual(show("bar", by("City", "Price")).points, [["Bonn", 5.5], ["Kiel", 2.5]]);
  assert.deepEqual(show("bar", by("City", "Price", "mean")).points, [["Bonn", 2.75], ["Kiel", 2.5]]);
  assert.deepEqual(show("bar", by("City", "Price", "min")).points, [["Kiel", 2.5], ["Bonn", 1.5]]);
  assert.deepEqual(show("bar", by("City", "Price", "max")).points, [["Bonn", 4], ["Kiel", 2.5]]);
  assert.deepEqual(show("bar", by("City", undefined, "count")).points, [["Bonn", 2], ["Kiel", 1]]);
});

test("non-numeric cells are ignored, and the empty group is named", () => {
  const rows = [row("2026-01-01", null, 2), row("2026-01-01", null, null)];
  assert.deepEqual(show("bar", by("City", "Price", "mean"), rows).points, [["(empty)", 2]]);
});

test("time is in order and grouped by days, months or years", () => {
  assert.deepEqual(show("line", by("Day", "Price")).points.map(([name]) => name), ["2026-01-01", "2026-01-02", "2026-02-01"]);
  const months = [...ROWS, row("2026-08-09", "Bonn", 1)];
  assert.deepEqual(show("line", by("Day", "Price"), months).points, [["2026-01", 4], ["2026-02", 4], ["2026-08", 1]]);
  const years = [...ROWS, row("1999-08-09", "Bonn", 1)];
  assert.deepEqual(show("line", by("Day", "Price"), years).points, [["1999", 1], ["2026", 8]]);
});

test("a number is a single value, and a scatter has a point for each row with both values", () => {
  assert.deepEqual(show("number", { yAxis: "Price", aggregate: "sum" }), { value: 8 });
  assert.deepEqual(show("number", { aggregate: "count" }), { value: 3 });
  const rows = [...ROWS, row("2026-01-01", "Bonn", null)];
  assert.deepEqual(show("scatter", by("Price", "Units"), rows).points, [[1.5, 1], [2.5, 1], [4, 3]]);
});

test("groups beyond the limit are left out and counted", () => {
  const rows = Array.from({ length: 100 }, (_, index) => row("2026-01-01", `c${index}`, index));
  const { points, left, total } = show("bar", by("City", "Price"), rows);
  assert.deepEqual([points.length, left, total], [24, 76, 100]);
  assert.deepEqual(points[0], ["c99", 99]);
});

test("a missing column is a problem that names it", () => {
  assert.match(show("bar", by("Town", "Price")).problem, /no column “Town”/);
  assert.match(show("bar", by("City", undefined)).problem, /Choose a column to show/);
  assert.match(show("bar", { yAxis: "Price" }).problem, /group by/);
  assert.match(dataOf({ title: "another application's" }, ROWS, TYPES).problem, /Choose a column to show/);
});

test("names of Object.prototype are treated like any other column name", () => {
  assert.match(show("bar", by("constructor", "Price")).problem, /no column “constructor”/);
  const rows = [{ City: "__proto__", Price: 1 }, { City: "constructor", Price: 2 }];
  assert.deepEqual(show("bar", by("City", "Price"), rows).points, [["constructor", 2], ["__proto__", 1]]);
});

test("suggestions match the column types and are placed side by side on twelve columns", () => {
  const found = suggestions({ columnNames: Object.keys(TYPES), columnTypes: TYPES }, ROWS);
  assert.deepEqual(found.map(({ kind, title }) => [kind, title]), [
    ["number", "Total Price"],
    ["line", "Price over time"],
    ["bar", "Price by City"],
    ["scatter", "Price and Units"],
  ]);
  assert.deepEqual(found.map(({ position }) => [position.x, position.y]), [[0, 0], [4, 0], [0, 4], [6, 4]]);
  for (const chart of found) assert.ok(!("problem" in dataOf(chart, ROWS, TYPES)));
});

test("codes are neither summed nor grouped by", () => {
  const columnTypes = { id: "integer", zip_code: "integer", name: "string" };
  const rows = Array.from({ length: 100 }, (_, index) => ({ id: index, zip_code: index, name: `n${index}` }));
  const found = suggestions({ columnNames: Object.keys(columnTypes), columnTypes }, rows);
  assert.deepEqual(found.map(({ title }) => title), ["Rows"]);
});
