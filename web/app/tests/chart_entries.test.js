// What is entered in the form of a chart, as the chart that is saved.
import assert from "node:assert/strict";
import { test } from "node:test";

import { chartOf, entriesOf } from "../chart_entries.js";

const COLUMNS = {
  columnNames: ["Day", "Region", "Revenue", "Units"],
  columnTypes: { Day: "date", Region: "string", Revenue: "number", Units: "integer" },
};
const NONE = { columnNames: [], columnTypes: {} };
const saved = (chart) => JSON.parse(JSON.stringify(chart));
const edited = (before, changed = {}, mapping = {}, columns = COLUMNS) => {
  const entered = entriesOf(before);
  return saved(chartOf({ ...entered, ...changed, dataMapping: { ...entered.dataMapping, ...mapping } }, before, columns));
};

test("a new chart has the first columns that fit, and a count without numbers", () => {
  assert.deepEqual(edited(null), { kind: "bar", dataMapping: { aggregate: "sum", xAxis: "Day", yAxis: "Revenue" } });
  const texts = { columnNames: ["Region"], columnTypes: { Region: "string" } };
  assert.deepEqual(edited(null, {}, {}, texts), { kind: "bar", dataMapping: { xAxis: "Region", aggregate: "count" } });
  assert.deepEqual(edited(null, {}, {}, NONE), { kind: "bar", dataMapping: { aggregate: "count" } });
});

test("what is not touched stays as it is: members that the form does not know, and a column that is gone", () => {
  const chart = {
    kind: "bar",
    dataMapping: { xAxis: "Gone", yAxis: "Revenue", theirs: 1, sort: null, columns: ["Day"] },
    isStacked: true,
    format: { style: "number", theirs: 2 },
    text: "kept",
  };
  assert.deepEqual(edited(chart), chart);
  assert.deepEqual(edited(chart, {}, {}, NONE), chart);
});

test("another kind of chart loses what it has no use for", () => {
  const chart = {
    kind: "bar",
    dataMapping: { xAxis: "Region", yAxis: "Revenue", aggregate: "sum", splitBy: "Day", sort: "name", theirs: 1 },
    isStacked: true,
    isHorizontal: false,
    color: "pink",
  };
  assert.deepEqual(edited(chart, { kind: "line" }), {
    kind: "line",
    dataMapping: { xAxis: "Region", yAxis: "Revenue", aggregate: "sum", splitBy: "Day", theirs: 1 },
    color: "pink",
  });
  assert.deepEqual(edited(chart, { kind: "table" }), { kind: "table", dataMapping: { theirs: 1 } });
  assert.deepEqual(edited(chart, { kind: "text", text: "# Hello" }), { kind: "text", dataMapping: { theirs: 1 }, text: "# Hello" });
});

test("points get two columns of numbers, and a number no group", () => {
  const chart = { kind: "bar", dataMapping: { xAxis: "Region", yAxis: "Revenue", aggregate: "mean" } };
  assert.deepEqual(edited(chart, { kind: "scatter" }).dataMapping, { xAxis: "Units", yAxis: "Revenue" });
  assert.deepEqual(edited(chart, { kind: "number" }).dataMapping, { yAxis: "Revenue", aggregate: "mean" });
  assert.deepEqual(edited({ kind: "number", dataMapping: { yAxis: "Units" } }, { kind: "pie" }).dataMapping, { xAxis: "Day", yAxis: "Units" });
});

test("a count needs no column", () => {
  const chart = { kind: "bar", dataMapping: { xAxis: "Region", yAxis: "Revenue", aggregate: "sum" } };
  assert.deepEqual(edited(chart, {}, { aggregate: "count" }).dataMapping, { xAxis: "Region", aggregate: "count" });
  const counted = { kind: "bar", dataMapping: { xAxis: "Region", aggregate: "count" } };
  assert.deepEqual(edited(counted), counted);
  assert.deepEqual(edited(counted, {}, { aggregate: "max" }).dataMapping, { xAxis: "Region", aggregate: "max", yAxis: "Revenue" });
  assert.deepEqual(edited(chart, {}, { aggregate: "mean" }).dataMapping, { xAxis: "Region", yAxis: "Revenue", aggregate: "mean" });
});
