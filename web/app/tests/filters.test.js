// Applying filters to a table, and describing them.
import assert from "node:assert/strict";
import { test } from "node:test";

import { inWords } from "../filter_words.js";
import { filtered } from "../filters.js";

const TYPES = { City: "string", Price: "number", At: "datetime" };
const ROWS = [
  { City: "Bonn", Price: 1, At: "2026-01-01T10:00:00Z" },
  { City: "Kiel", Price: 2, At: "2026-01-02T23:59:59Z" },
  { City: null, Price: null, At: null },
];
const left = (...filters) => filtered(ROWS, filters, TYPES).map((row) => ROWS.indexOf(row));

test("a choice matches its values, including the empty one", () => {
  assert.deepEqual(left({ column: "City", operator: "in", values: ["Kiel", "(empty)"] }), [1, 2]);
  assert.deepEqual(left({ column: "Price", operator: "in", values: [1] }), [0]);
});

test("a range includes its bounds and the whole last day, but no empty cells", () => {
  assert.deepEqual(left({ column: "Price", operator: "between", values: [1, 2] }), [0, 1]);
  assert.deepEqual(left({ column: "Price", operator: "between", values: [2, null] }), [1]);
  assert.deepEqual(left({ column: "Price", operator: "between", values: ["", 1] }), [0]);
  assert.deepEqual(left({ column: "At", operator: "between", values: [null, "2026-01-02"] }), [0, 1]);
});

test("a text is contained whatever its case, and what is excluded leaves the empty cells", () => {
  assert.deepEqual(left({ column: "City", operator: "contains", values: ["O"] }), [0]);
  assert.deepEqual(left({ column: "City", operator: "notContains", values: ["bon"] }), [1, 2]);
  assert.deepEqual(left({ column: "City", operator: "notIn", values: ["Bonn", "(empty)"] }), [1]);
});

test("an unknown operator matches all rows, and no operator is a choice", () => {
  assert.deepEqual(left({ column: "City", operator: "soundsLike", values: ["Bonn"] }), [0, 1, 2]);
  assert.deepEqual(left({ column: "City", operator: "toString", values: ["Bonn"] }), [0, 1, 2]);
  assert.deepEqual(left({ column: "City", values: ["Bonn"] }), [0]);
});

test("rows must match all filters, and a filter on a missing column matches all rows", () => {
  assert.deepEqual(left({ column: "Price", operator: "between", values: [1, 2] }, { column: "City", operator: "in", values: ["Bonn"] }), [0]);
  assert.equal(filtered(ROWS, [{ column: "Gone", operator: "in", values: [] }], TYPES), ROWS);
});

test("a filter is described by what it does", () => {
  assert.equal(inWords({ column: "City", operator: "in", values: ["Bonn", "Kiel", "Köln"] }), "City: Bonn, Kiel and 1 more");
  assert.equal(inWords({ column: "Price", operator: "between", values: [1, null] }), "Price: from 1");
  assert.equal(inWords({ column: "Price", operator: "between", values: [null, 2] }), "Price: up to 2");
  assert.equal(inWords({ column: "Price", operator: "between", values: [1, 2] }), "Price: 1 to 2");
  assert.equal(inWords({ column: "City", operator: "notIn", values: ["Bonn"] }), "City: not Bonn");
  assert.equal(inWords({ column: "City", operator: "contains", values: ["on"] }), "City: contains “on”");
  assert.equal(inWords({ column: "City", operator: "notContains", values: ["on"] }), "City: does not contain “on”");
  assert.equal(inWords({ column: "At", operator: "last", values: [7, "day"] }), "At: last 7 days");
  assert.equal(inWords({ column: "At", operator: "last", values: [1, "month"] }), "At: last 1 month");
  assert.equal(inWords({ column: "At", operator: "current", values: ["month"] }), "At: this month");
  assert.equal(inWords({ column: "At", operator: "current", values: ["day"] }), "At: today");
  assert.equal(inWords({ column: "City", operator: "soundsLike", values: ["x"] }), "City: not applied, because this page does not know “soundsLike”");
});
