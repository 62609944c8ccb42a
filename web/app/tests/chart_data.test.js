// Chart data computed from a table.
import assert from "node:assert/strict";
import { test } from "node:test";

import { dataOf } from "../chart_data.js";

const TYPES = { Day: "date", City: "string", Price: "number", Units: "integer", Open: "boolean" };
const row = (Day, City, Price, Units = 1) => ({ Day, City, Price, Units, Open: true });
const ROWS = [row("2026-01-01", "Bonn", 1.5), row("2026-01-02", "Kiel", 2.5), row("2026-02-01", "Bonn", 4, 3)];
const show = (kind, dataMapping, rows = ROWS, types = TYPES) => dataOf({ kind, dataMapping }, rows, types);
const by = (xAxis, yAxis, aggregate = "sum") => ({ xAxis, yAxis, aggregate });
/** Names and values, without the number of cells behind them. */
const shown = (...given) => show(...given).points.map(([name, value]) => [name, value]);
const priced = (...prices) => prices.map((price, index) => row("2026-01-01", `c${index}`, price));

test("groups are aggregated and sorted, the largest first", () => {
  assert.deepEqual(shown("bar", by("City", "Price")), [["Bonn", 5.5], ["Kiel", 2.5]]);
  assert.deepEqual(shown("bar", by("City", "Price", "mean")), [["Bonn", 2.75], ["Kiel", 2.5]]);
  assert.deepEqual(shown("bar", by("City", "Price", "min")), [["Kiel", 2.5], ["Bonn", 1.5]]);
  assert.deepEqual(shown("bar", by("City", "Price", "max")), [["Bonn", 4], ["Kiel", 2.5]]);
  assert.deepEqual(shown("bar", by("City", undefined, "count")), [["Bonn", 2], ["Kiel", 1]]);
});

test("a sum is exact in every digit", () => {
  const rows = priced(...Array.from({ length: 100_000 }, () => 0.1));
  assert.equal(show("number", by(undefined, "Price"), rows).value, 10_000);
});

test("empty cells are ignored, and the empty group is named and last", () => {
  const rows = [row("2026-01-01", null, 2), row("2026-01-01", "", null)];
  assert.deepEqual(shown("bar", by("City", "Price", "mean"), rows), [["(empty)", 2]]);
  assert.deepEqual(shown("bar", by("Units", "Price"), [row("2026-01-01", "Bonn", 9, null), ...ROWS]), [["1", 4], ["3", 4], ["(empty)", 9]]);
});

test("a group without a number has no average, minimum or maximum, and is last", () => {
  const rows = [row("2026-01-01", "Kiel", null), row("2026-01-01", "Bonn", -3)];
  for (const aggregate of ["mean", "min", "max"]) assert.deepEqual(shown("bar", by("City", "Price", aggregate), rows), [["Bonn", -3], ["Kiel", null]]);
  assert.match(show("bar", by("City", "Price"), rows.slice(0, 1)).problem, /“Price” has no numbers/);
  assert.match(show("number", by(undefined, "Price"), rows.slice(0, 1)).problem, /“Price” has no numbers/);
  assert.deepEqual(show("number", by(undefined, "Price", "mean"), []), { value: null });
});

test("of more than 50 groups, the rest is aggregated over its rows", () => {
  const rows = [...priced(...Array.from({ length: 60 }, (_, index) => 100 - index)), row("2026-01-01", "c59", 1), row("2026-01-01", "c59", 1)];
  const rest = (aggregate) => show("bar", by("City", "Price", aggregate), rows).rest;
  const total = 50 + 49 + 48 + 47 + 46 + 45 + 44 + 43 + 42 + 41 + 2;
  assert.deepEqual(rest("sum"), { value: total, weight: 12, groups: 10 });
  assert.deepEqual(rest("mean").value, (50 + 49 + 48 + 47 + 46 + 45 + 44 + 43 + 42 + 51 - 8) / 12);
  assert.deepEqual([rest("max").value, rest("min").value], [50, 1]);
  const { points, order } = show("bar", by("City", "Price"), rows);
  assert.deepEqual([points.length, order, points[0]], [50, "size", ["c0", 100, 1]]);
  assert.equal(show("bar", by("City", "Price"), rows.slice(0, 50)).rest, null);
});

test("large losses are not part of the rest, and a group called Other is a group", () => {
  const rows = [row("2026-01-01", "Other", 7), ...priced(-1_000, ...Array.from({ length: 60 }, () => 1))];
  const { points, rest } = show("bar", by("City", "Price"), rows);
  assert.deepEqual([points[0], points.at(-1)], [["Other", 7, 1], ["c0", -1_000, 1]]);
  assert.deepEqual(rest, { value: 12, weight: 12, groups: 12 });
});

test("time is in order, by the finest period that leaves few enough", () => {
  const order = (kind, ...days) => show(kind, by("Day", "Price"), days.map((day) => row(day, "Bonn", 1))).order;
  assert.equal(order("line", "2026-01-02", "2026-05-01"), "day");
  assert.equal(order("bar", "2026-01-01", "2026-02-19"), "day");
  assert.equal(order("bar", "2026-01-01", "2026-02-20"), "month");
  assert.equal(order("line", "2016-01-01", "2026-05-01"), "month");
  assert.equal(order("bar", "2016-01-01", "2026-05-01"), "year");
  assert.equal(order("bar", "1816-01-01", "2026-05-01"), "decade");
  assert.equal(order("bar", "0816-01-01", "2026-05-01"), "century");
  const types = { ...TYPES, Day: "datetime" };
  const hours = ["2026-01-01T23:10:00Z", "2026-01-02T01:59:59Z", "2026-01-02T01:00:00Z"].map((time) => row(time, "Bonn", 1));
  assert.deepEqual(shown("line", by("Day", "Price"), hours, types), [["2026-01-01T23", 1], ["2026-01-02T01", 2]]);
});

test("dates that are all the first of a month or a year are months or years", () => {
  const order = (...days) => show("line", by("Day", "Price"), days.map((day) => row(day, "Bonn", 1))).order;
  assert.equal(order("2026-01-01", "2026-02-01"), "month");
  assert.equal(order("2016-01-01", "2026-01-01"), "year");
  assert.equal(order("2016-01-01", "2016-01-02"), "day");
  assert.equal(order("2026-01-01", "2026-01-01"), "day");
});

test("a period without rows is 0 in a sum or count and a gap in an average, at the step that the table keeps", () => {
  const at = (...days) => days.map((day) => row(day, "Bonn", 4));
  const months = at("2026-01-09", "2026-02-07", "2026-08-09");
  assert.deepEqual(shown("line", by("Day", "Price"), at("2026-01-31", "2026-02-01", "2026-02-03")), [["2026-01-31", 4], ["2026-02-01", 4], ["2026-02-02", 0], ["2026-02-03", 4]]);
  assert.deepEqual(shown("bar", by("Day", "Price", "mean"), months).map(([, value]) => value), [4, 4, null, null, null, null, null, 4]);
  assert.deepEqual(shown("bar", by("Day", undefined, "count"), months).map(([, value]) => value), [1, 1, 0, 0, 0, 0, 0, 1]);
  const quarters = at("2025-01-01", "2025-04-01", "2025-10-01", "2026-01-01");
  assert.deepEqual(shown("bar", by("Day", "Price"), quarters).map(([name]) => name), ["2025-01", "2025-04", "2025-07", "2025-10", "2026-01"]);
});

test("a line ends before the cells without a time, and their rows are counted", () => {
  const rows = [...ROWS, row(null, "Bonn", 3)];
  const { points, left } = show("line", by("Day", "Price"), rows);
  assert.deepEqual([points.at(-1)[0], left], ["2026-02-01", 1]);
  assert.equal(show("bar", by("Day", "Price"), rows).points.at(-1)[0], "(empty)");
});

test("many different numbers are grouped by round ranges, few are groups of their own", () => {
  const units = (...all) => all.map((number) => row("2026-01-01", "Bonn", number / 100, number));
  const ranges = (kind, column, rows) => show(kind, by(column, undefined, "count"), rows).points.map(([name]) => name);
  const wide = units(...Array.from({ length: 200 }, (_, index) => index * 10));
  assert.deepEqual(ranges("bar", "Units", wide).slice(0, 2), ["0 – 99", "100 – 199"]);
  assert.deepEqual(ranges("pie", "Units", wide), ["0 – 499", "500 – 999", "1000 – 1499", "1500 – 1999"]);
  assert.deepEqual(ranges("bar", "Price", wide).slice(0, 2), ["0 – 1", "1 – 2"]);
  assert.deepEqual(ranges("bar", "Units", units(...Array.from({ length: 20 }, (_, index) => index * 10))).slice(0, 2), ["0", "10"]);
  const large = units(...Array.from({ length: 30 }, (_, index) => index * 100_000 - 200_000));
  assert.deepEqual(ranges("bar", "Units", large).slice(0, 3), ["-200K – 0", "0 – 200K", "200K – 400K"]);
});

test("each number is in one range, and a range without rows is shown", () => {
  const prices = [...Array.from({ length: 31 }, (_, index) => index / 10), 9.9, 10];
  const points = show("bar", by("Price", undefined, "count"), priced(...prices)).points;
  assert.deepEqual(points.map(([, rows]) => rows), [5, 5, 5, 5, 5, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
  assert.deepEqual([points[0][0], points.at(-1)[0]], ["0 – 0.5", "9.5 – 10"]);
  const tenths = Array.from({ length: 40 }, (_, index) => index / 20);
  assert.deepEqual(show("bar", by("Price", undefined, "count"), priced(...tenths)).points.map(([, rows]) => rows), Array(20).fill(2));
});

test("whole numbers that are years are grouped as time", () => {
  const types = { Year: "integer", Price: "number" };
  const rows = [1955, 1965, 1970].map((Year) => ({ Year, Price: 1 }));
  assert.deepEqual(shown("line", by("Year", "Price"), rows, types), [["1955", 1], ["1960", 0], ["1965", 1], ["1970", 1]]);
});

test("a number is a single value, and a scatter has a point for each row with both values", () => {
  assert.deepEqual(show("number", { yAxis: "Price", aggregate: "sum" }), { value: 8 });
  assert.deepEqual(show("number", { aggregate: "count" }), { value: 3 });
  const rows = [...ROWS, row("2026-01-01", "Bonn", null)];
  assert.deepEqual(show("scatter", by("Price", "Units"), rows).points, [[1.5, 1], [2.5, 1], [4, 3]]);
});

test("points beyond the limit are left out evenly and counted", () => {
  const { points, left, total } = show("scatter", by("Price", "Units"), priced(...Array(3_000).keys()));
  assert.deepEqual([points.length, left, total], [1_500, 1_500, 3_000]);
});

test("a pie has no negative values, none of its slices is 0", () => {
  assert.match(show("pie", by("City", "Price"), priced(1, -1)).problem, /negative/);
  assert.match(show("pie", by("City", "Price"), priced(0, 0)).problem, /is 0/);
  assert.deepEqual(shown("pie", by("City", "Price"), priced(1, 0)), [["c0", 1]]);
});

test("what cannot be shown is a problem in words", () => {
  assert.match(show("bar", by("Town", "Price")).problem, /no column “Town”/);
  assert.match(show("bar", by("City", undefined)).problem, /Choose a column to show/);
  assert.match(show("bar", { yAxis: "Price" }).problem, /group by/);
  assert.match(show("bar", by("Day", "City")).problem, /“City” is not a column of numbers/);
  assert.match(show("radar", by("City", "Price")).problem, /“radar”/);
  assert.match(show("bar", by("City", "Price", "median")).problem, /“median”/);
  assert.match(dataOf({ title: "another application's" }, ROWS, TYPES).problem, /Choose a column to show/);
});

test("names of Object.prototype are treated like any other column name", () => {
  assert.match(show("bar", by("constructor", "Price")).problem, /no column “constructor”/);
  assert.match(show("constructor", by("City", "Price")).problem, /“constructor”/);
  const rows = [{ City: "__proto__", Price: 1 }, { City: "constructor", Price: 2 }];
  assert.deepEqual(shown("bar", by("City", "Price"), rows), [["constructor", 2], ["__proto__", 1]]);
});
