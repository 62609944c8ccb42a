// How the page words sizes and the names of charts.
import assert from "node:assert/strict";
import { test } from "node:test";

import { chartHeading, chartTitle, size } from "../words.js";

test("sizes are in kilobytes and megabytes", () => {
  assert.deepEqual([1_500, 98_140_000].map(size), ["1.5 KB", "98.1 MB"]);
});

test("a chart without a title is called “Untitled”; one whose title was left empty has no heading", () => {
  const charts = [{ title: "Revenue" }, { title: "" }, {}, { title: null }, { title: 0 }];
  assert.deepEqual(charts.map(chartTitle), ["Revenue", "Untitled", "Untitled", "Untitled", "0"]);
  assert.deepEqual(charts.map(chartHeading), ["Revenue", "", "Untitled", "Untitled", "0"]);
});
