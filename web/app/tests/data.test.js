// What the dialog of the data says and asks for.
import assert from "node:assert/strict";
import { test } from "node:test";

import { contentInWords, readInWords } from "../data_columns.js";
import { nextSort, rangeInWords, RowsView } from "../data_rows.js";
import { LOST } from "../table_rows.js";

test("a header sorts ascending, then descending, then as in the file", () => {
  const first = nextSort("a", null);
  assert.deepEqual(first, { column: "a", isDescending: false });
  const second = nextSort("a", first);
  assert.deepEqual(second, { column: "a", isDescending: true });
  assert.equal(nextSort("a", second), null);
  assert.deepEqual(nextSort("b", second), { column: "b", isDescending: false });
});

test("the range names the rows of the page", () => {
  assert.equal(rangeInWords({ page: 1, rows: Array(50), matching: 18_000 }), "Rows 51–100 of 18,000");
  assert.equal(rangeInWords({ page: 0, rows: [], matching: 0 }), "No rows");
});

test("a column is described by an example and its empty cells", () => {
  assert.equal(contentInWords({ example: "North", empty: 0 }), "North");
  assert.equal(contentInWords({ example: 0, empty: 1 }), "0 · 1 empty cell");
  assert.equal(contentInWords({ example: { a: 1 }, empty: null }), '{"a":1}');
  assert.equal(contentInWords({ example: undefined, empty: 1_200 }), "1,200 empty cells");
  assert.equal(readInWords("Umsatz", { type: "number" }), "“Umsatz” is now read as number.");
});

test("a change of what is wanted while the worker answers is asked for afterwards, in between nothing", async () => {
  const asked = [];
  const rows = { page: (wanted) => new Promise((resolve) => asked.push({ wanted, resolve })) };
  const view = new RowsView(rows, null, () => {});
  const opened = view.refresh();
  void view.refresh();
  void view.refresh();
  assert.equal(asked.length, 1);
  asked[0].resolve({});
  await Promise.resolve().then(() => {});
  assert.equal(asked.length, 2);
  asked[1].resolve({});
  await opened;
  assert.equal(asked.length, 2);
});

test("rows that the worker has lost are loaded again on request; another failure is not hidden", async () => {
  const failures = [Object.assign(new Error("gone"), { code: LOST }), new Error("broken")];
  const view = new RowsView({ page: () => Promise.reject(failures.shift()) }, null, () => {});
  await view.refresh();
  await assert.rejects(view.refresh(), /broken/);
});
