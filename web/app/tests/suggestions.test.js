// The charts that are suggested for a table.
import assert from "node:assert/strict";
import { test } from "node:test";

import { dataOf } from "../chart_data.js";
import { suggestions } from "../suggestions.js";

const TYPES = { Day: "date", City: "string", Price: "number", Units: "integer", Open: "boolean" };
const row = (Day, City, Price, Units = 1) => ({ Day, City, Price, Units, Open: true });
const ROWS = [row("2026-01-01", "Bonn", 1.5), row("2026-01-02", "Kiel", 2.5), row("2026-02-01", "Bonn", 4, 3)];
const titles = (columnTypes, rows) => suggestions({ columnNames: Object.keys(columnTypes), columnTypes }, rows).map(({ title }) => title);
const rowsOf = (make) => Array.from({ length: 100 }, (_, index) => make(index));

test("suggestions match the column types and are placed side by side on twelve columns", () => {
  const found = suggestions({ columnNames: Object.keys(TYPES), columnTypes: TYPES }, ROWS);
  assert.deepEqual(found.map(({ kind, title }) => [kind, title]), [
    ["number", "Total Price"],
    ["line", "Price over time"],
    ["bar", "Price by City"],
    ["scatter", "Price and Units"],
  ]);
  assert.deepEqual(found.map(({ position }) => [position.x, position.y]), [[0, 0], [4, 0], [0, 4], [6, 4]]);
  const withoutTime = suggestions({ columnNames: ["City", "Price"], columnTypes: TYPES }, ROWS);
  for (const [number, second] of [found, withoutTime]) assert.equal(number.position.w + second.position.w, 12);
  for (const chart of found) assert.ok(!("problem" in dataOf(chart, ROWS, TYPES)));
});

test("codes, numberings and constants are neither summed nor grouped by", () => {
  const columnTypes = { id: "integer", zip_code: "integer", orderId: "integer", row: "integer", name: "string", currency: "string", rateOf: "number" };
  const rows = rowsOf((index) => ({ id: index * 7, zip_code: index % 9, orderId: index % 5, row: index + 1, name: `n${index}`, currency: "EUR", rateOf: 1 }));
  assert.deepEqual(titles(columnTypes, rows), ["Rows"]);
});

test("what has no meaningful sum is averaged", () => {
  const rows = rowsOf((index) => ({ user_rating: index / 7, Region: `r${index % 3}` }));
  assert.deepEqual(titles({ user_rating: "number", Region: "string" }, rows), ["Average user rating", "Average user rating by Region"]);
});

test("a measure is preferred to a class, and years are time", () => {
  const rows = rowsOf((index) => ({ year: 1900 + index, cluster: index % 4, pop: index * 1_000 }));
  assert.deepEqual(titles({ year: "integer", cluster: "integer", pop: "integer" }, rows), ["Total pop", "Pop by year", "Pop and cluster"]);
});
