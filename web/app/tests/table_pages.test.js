// The rows of a table as they are looked at.
import assert from "node:assert/strict";
import { test } from "node:test";

import { cellText } from "../row_order.js";
import { emptyCells, ordered, PAGE_ROWS, pageOf } from "../table_pages.js";

const SCHEMA = { columnNames: ["name", "size", "day"], columnTypes: { name: "string", size: "number", day: "date" } };
const ROWS = [
  { name: "item 10", size: 9, day: "2026-02-01" },
  { name: "Item 2", size: null, day: "2025-12-31" },
  { name: "", size: 10, day: null },
  { name: "Été", size: -1, day: "2026-01-15" },
];
const order = (sort, search = "") => ordered(ROWS, SCHEMA, { search, sort });
const by = (column, isDescending = false) => ({ column, isDescending });

test("without an order, rows are as in the file", () => assert.deepEqual(order(null), [0, 1, 2, 3]));

test("numbers sort by value, texts as people count, times by time; empty cells come last either way", () => {
  assert.deepEqual(order(by("size")), [3, 0, 2, 1]);
  assert.deepEqual(order(by("size", true)), [2, 0, 3, 1]);
  assert.deepEqual(order(by("name")), [3, 1, 0, 2]);
  assert.deepEqual(order(by("day", true)), [0, 3, 1, 2]);
});

test("an order by a column that is gone is that of the file", () => assert.deepEqual(order(by("gone")), [0, 1, 2, 3]));

test("a search looks into all columns, ignores case and outer spaces, and keeps the order", () => {
  assert.deepEqual(order(by("size"), " ITEM "), [0, 1]);
  assert.deepEqual(order(null, "été"), [3]);
  assert.deepEqual(order(null, "2026-"), [0, 3]);
  assert.deepEqual(order(null, "null"), []);
});

test("a page has its rows with their numbers in the file, and the last page takes the place of one behind it", () => {
  const many = Array.from({ length: PAGE_ROWS + 2 }, (_, index) => ({ name: "n", size: index, day: null }));
  const descending = ordered(many, SCHEMA, { search: "", sort: by("size", true) });
  for (const asked of [1, 9]) {
    const { rows, page, matching } = pageOf(many, SCHEMA, descending, asked);
    assert.deepEqual([page, matching], [1, PAGE_ROWS + 2]);
    assert.deepEqual(rows, [{ number: 2, cells: ["n", "1", ""] }, { number: 1, cells: ["n", "0", ""] }]);
  }
  assert.deepEqual(pageOf(many, SCHEMA, [], 0).rows, []);
});

test("a cell is shown as it is, an object as JSON, and nothing as an empty text", () => {
  assert.deepEqual([1234.5, false, { a: [1] }, null, undefined, ""].map(cellText), ["1234.5", "false", '{"a":[1]}', "", "", ""]);
});

test("empty cells are counted in each column", () => assert.deepEqual(emptyCells(ROWS, SCHEMA), { name: 1, size: 1, day: 1 }));
