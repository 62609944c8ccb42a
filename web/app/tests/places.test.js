// The places of a config and their values in words.
import assert from "node:assert/strict";
import { test } from "node:test";

import { placeInWords, valueInWords } from "../places.js";

const CHART = { title: "A", kind: "bar", position: { x: 0, y: 2, w: 6, h: 4 }, dataMapping: { xAxis: "City", yAxis: "Price", aggregate: "mean" } };
const CONFIG = {
  chartCustomizations: { a: CHART, b: { title: "B" } },
  filters: [{ id: "f", column: "City", operator: "in", values: ["Bonn"] }],
};

test("a pointer is described by what it names", () => {
  assert.equal(placeInWords("", CONFIG), "The whole dashboard");
  assert.equal(placeInWords("/chartCustomizations/a/title", CONFIG), "A › Title");
  assert.equal(placeInWords("/chartCustomizations/gone", CONFIG, { chartCustomizations: { gone: { title: "Gone" } } }), "Gone");
  assert.equal(placeInWords("/filters/0", CONFIG), "Filter › City: Bonn");
  assert.equal(placeInWords("/filters/0/values", CONFIG), "Filter › City: Bonn › Values");
  assert.equal(placeInWords("/theme/id", CONFIG), "Theme");
  assert.equal(placeInWords("/extensions/acme.refresh", CONFIG), "Extensions › acme.refresh");
  assert.equal(placeInWords("/chartCustomizations/a~1b~0c/isVisible", CONFIG), "a/b~c › Visible");
});

test("a value is described as its place is shown on the page", () => {
  const says = (pointer, value) => valueInWords(pointer, value);
  assert.equal(says("/chartCustomizations/a/title", "Q3"), "“Q3”");
  assert.equal(says("/chartCustomizations/a/kind", "scatter"), "Points");
  assert.equal(says("/chartCustomizations/a/position", CHART.position), "column 1, row 3, 6 wide, 4 high");
  assert.equal(says("/chartCustomizations/a/position/x", 3), "column 4");
  assert.equal(says("/chartCustomizations/a/isVisible", false), "hidden");
  assert.equal(says("/chartCustomizations/a/dataMapping", CHART.dataMapping), "Average of Price by City");
  assert.equal(says("/chartCustomizations/a/dataMapping", { xAxis: "City", aggregate: "count" }), "Number of rows by City");
  assert.equal(says("/chartCustomizations/a/dataMapping", { xAxis: "Weight", yAxis: "Price" }), "Weight and Price");
  assert.equal(says("/chartCustomizations/a/dataMapping/aggregate", "max"), "Maximum");
  assert.equal(says("/chartCustomizations/a/dataMapping/sort", "-value"), "Largest first");
  assert.equal(says("/chartCustomizations/a/color", "pink"), "Pink");
  assert.equal(says("/chartCustomizations/a/isStacked", true), "yes");
  assert.equal(says("/chartCustomizations/a", CHART), "Bars, Average of Price by City, column 1, row 3, 6 wide, 4 high");
  assert.equal(says("/filters", CONFIG.filters), "City: Bonn");
  assert.equal(says("/filters", []), "no filters");
  assert.equal(says("/filters/0", { column: "Day", operator: "between", values: ["2026-01-01", null] }), "Day: from 2026-01-01");
  assert.equal(says("/filters/0/values", ["Bonn", null]), "Bonn, any");
  assert.equal(says("/theme/id", "dark"), "Dark");
  assert.equal(says("/theme", { id: "light" }), "Light");
  assert.equal(says("", CONFIG), "2 charts, 1 filter");
});

test("two data mappings that differ are described differently", () => {
  const says = (more) => valueInWords("/chartCustomizations/a/dataMapping", { ...CHART.dataMapping, ...more });
  assert.equal(says({ splitBy: "Kind", sort: "name", limit: 5 }), "Average of Price by City, split by Kind, By name, at most 5");
  assert.equal(says({ second: { yAxis: "Weight" }, grain: "month" }), "Average of Price by City, with Sum of Weight, Month");
  const table = { columns: ["City", "Price"], orderBy: { column: "Price", isDescending: true } };
  assert.equal(valueInWords("/chartCustomizations/a/dataMapping", table), "City | Price, sorted by Price, descending");
});

test("what is missing is named by what that means", () => {
  assert.equal(valueInWords("", null), "deleted");
  assert.equal(valueInWords("/chartCustomizations/a", undefined), "removed");
  assert.equal(valueInWords("/filters/0", undefined), "removed");
  assert.equal(valueInWords("/chartCustomizations/a/title", undefined), "not set");
  assert.equal(valueInWords("/theme/id", undefined), "not set");
});

test("values of other applications are shown as they are, shortened", () => {
  assert.equal(valueInWords("/extensions/acme.refresh", { every: 30 }), '{"every":30}');
  assert.equal(valueInWords("/extensions/acme.notes", "x".repeat(500)).length, 121);
  assert.equal(valueInWords("/chartCustomizations/a/position", "left"), "“left”");
  assert.equal(valueInWords("/chartCustomizations/a/position/x", "left"), "“left”");
});
