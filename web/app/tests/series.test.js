// Charts of several series: a split, a second measure, sorted and limited groups, chosen periods, and rows of a table card.
import assert from "node:assert/strict";
import { test } from "node:test";

import { dataOf } from "../chart_data.js";
import { filtered } from "../filters.js";

const TYPES = { Day: "date", City: "string", Shop: "string", Price: "number", Units: "integer" };
const row = (Day, City, Shop, Price, Units = 1) => ({ Day, City, Shop, Price, Units });
const ROWS = [
  row("2026-01-05", "Bonn", "web", 1, 10),
  row("2026-01-20", "Bonn", "store", 2, 20),
  row("2026-02-01", "Kiel", "web", 4, 30),
  row("2026-04-30", "Kiel", null, 8, 40),
];
const show = (kind, mapping, rows = ROWS, types = TYPES) => dataOf({ kind, dataMapping: { xAxis: "City", yAxis: "Price", ...mapping } }, rows, types);
const named = ({ points }) => points.map(([name, value]) => [name, value]);
const seriesOf = (...given) => show(...given).series.map(({ name, points }) => [name, points.map(([, value]) => value)]);
const many = (number, make) => Array.from({ length: number }, (_, index) => make(index));

test("a split has a series for each value, the largest first, all with the same groups", () => {
  const data = show("bar", { splitBy: "Shop" });
  assert.deepEqual(named(data), [["Kiel", 12], ["Bonn", 3]]);
  assert.deepEqual(seriesOf("bar", { splitBy: "Shop" }), [["(empty)", [8, 0]], ["web", [4, 1]], ["store", [0, 2]]]);
  assert.deepEqual(seriesOf("line", { splitBy: "Shop", aggregate: "mean" }), [["(empty)", [8, null]], ["web", [4, 1]], ["store", [null, 2]]]);
});

test("of more than eight values of a split, seven are series and the others are one, computed from their rows", () => {
  const rows = many(30, (index) => row("2026-01-01", index % 2 ? "Bonn" : "Kiel", `s${index % 10}`, index % 10 < 7 ? 100 : index));
  const rest = (aggregate) => show("bar", { splitBy: "Shop", aggregate }, rows).series.at(-1);
  assert.deepEqual([rest("sum").name, rest("sum").isRest], ["Other (3 more)", true]);
  assert.deepEqual(rest("mean").points.map(([name, value]) => [name, value]).sort(), [["Bonn", (7 + 17 + 27 + 9 + 19 + 29) / 6], ["Kiel", (8 + 18 + 28) / 3]]);
  assert.deepEqual(rest("max").points.map(([, value]) => value).sort(), [28, 29]);
  assert.equal(show("bar", { splitBy: "Shop" }, rows.filter(({ Shop }) => Shop < "s8")).series.length, 8);
});

test("a split by time or numbers is in their order, and named in words", () => {
  assert.deepEqual(seriesOf("bar", { splitBy: "Day" }, [...ROWS, row(null, "Bonn", "web", 100)]).map(([name]) => name), ["Jan 2026", "Feb 2026", "Mar 2026", "Apr 2026", "(empty)"].filter((name) => name !== "Mar 2026"));
  assert.deepEqual(seriesOf("bar", { splitBy: "Units" }).map(([name]) => name), ["10", "20", "30", "40"]);
  assert.equal(show("bar", { splitBy: "Units" }, many(200, (index) => row("2026-01-01", "Bonn", "web", 1, index))).series.length, 4);
});

test("a second measure has an aggregate of its own, and no effect beside a split or on a pie", () => {
  const second = { yAxis: "Units", aggregate: "max" };
  assert.deepEqual(seriesOf("line", { second }), [["Price, sum", [12, 3]], ["Units, maximum", [40, 20]]]);
  assert.deepEqual(seriesOf("bar", { second: { aggregate: "count" } }), [["Price, sum", [12, 3]], ["Rows", [2, 2]]]);
  assert.equal(show("bar", { second, splitBy: "Shop" }).series.length, 3);
  assert.equal(show("pie", { second }).series, undefined);
  assert.equal(show("bar", { second: null }).series, undefined);
});

test("what is left to the rest of the groups is left to it in each series", () => {
  const rows = many(60, (index) => row("2026-01-01", `c${index}`, index % 2 ? "web" : "store", 100 - index));
  const { series, rest } = show("bar", { splitBy: "Shop" }, rows);
  assert.equal(rest.value, series[0].rest.value + series[1].rest.value);
  assert.deepEqual(series.map(({ points, rest: { groups, weight } }) => [points.length, groups, weight]), [[50, 10, 5], [50, 10, 5]]);
});

test("groups are sorted by value or name, empty ones last, and only bars and slices are", () => {
  const rows = [row(null, null, null, 5), ...many(3, (index) => row("2026-01-01", `c${[9, 10, 1][index]}`, "web", [2, 7, 4][index]))];
  const names = (sort, kind = "bar") => show(kind, { sort }, rows).points.map(([name]) => name);
  assert.deepEqual(names("name"), ["c1", "c9", "c10", "(empty)"]);
  assert.deepEqual(names("-name", "pie"), ["c10", "c9", "c1", "(empty)"]);
  assert.deepEqual(names("value"), ["c9", "c1", "(empty)", "c10"]);
  assert.deepEqual(names("-value"), ["c10", "(empty)", "c1", "c9"]);
  for (const sort of [undefined, null, "size", "constructor"]) assert.deepEqual(names(sort), names("-value"));
  assert.deepEqual(names("name", "line"), names("-value"));
});

test("periods may be sorted as well; those without rows are then left out", () => {
  const names = (sort, limit) => named(show("bar", { xAxis: "Day", grain: "month", sort, limit }));
  assert.deepEqual(names(undefined), [["2026-01", 3], ["2026-02", 4], ["2026-03", 0], ["2026-04", 8]]);
  assert.deepEqual(names("-name"), names(undefined).reverse());
  assert.deepEqual(names("-value"), [["2026-04", 8], ["2026-02", 4], ["2026-01", 3]]);
  assert.deepEqual(names("value", 2), [["2026-02", 4], ["2026-04", 8]]);
});

test("a limit leaves the largest groups, and the rest has what the others have together", () => {
  const rows = [...ROWS, row("2026-01-01", "Ulm", "web", null), row("2026-01-01", "Trier", "web", -5)];
  const limited = (limit, aggregate = "sum") => show("bar", { limit, aggregate }, rows);
  assert.deepEqual(named(limited(2)), [["Kiel", 12], ["Trier", -5]]);
  assert.deepEqual(limited(2).rest, { value: 3, weight: 2, groups: 2 });
  assert.deepEqual(limited(3, "mean").points.map(([name]) => name), ["Kiel", "Bonn", "Trier"]);
  for (const limit of [0, 51, 1.5, "2", null]) assert.equal(limited(limit).points.length, 4);
});

test("chosen periods are used as far as there are not too many, and what was chosen is known", () => {
  const periods = (grain, rows = ROWS, types = TYPES, kind = "line") => show(kind, { xAxis: "Day", grain }, rows, types);
  assert.deepEqual(named(periods("quarter")), [["2026-01", 7], ["2026-04", 8]]);
  assert.equal(periods("quarter").order, "quarter");
  assert.deepEqual(named(periods("year")), [["2026", 15]]);
  assert.deepEqual([periods("hour").order, periods("hour").tooFine], ["day", undefined]);
  assert.equal(periods("week").order, periods(undefined).order);
  const long = [row("1950-01-01", "Bonn", "web", 1), row("2026-01-31", "Bonn", "web", 1)];
  assert.deepEqual([periods("day", long).order, periods("day", long).tooFine], ["month", "day"]);
  assert.equal(periods("month", long).tooFine, undefined);
});

test("a group's selection finds exactly the rows behind it", () => {
  const rows = [...ROWS, row(null, "", "web", null, null), ...many(300, (index) => row(`2026-0${(index % 9) + 1}-28`, `c${index % 5}`, "web", index / 10, index))];
  const times = rows.map((each) => ({ ...each, Day: each.Day && `${each.Day}T23:59:00Z` }));
  const check = (mapping, of = rows, types = TYPES) => {
    const { points, selections } = show("bar", { aggregate: "count", yAxis: undefined, ...mapping }, of, types);
    const found = selections.map((selection) => filtered(of, [{ column: mapping.xAxis, ...selection }], types).length);
    assert.deepEqual(found, points.map(([, count]) => count), JSON.stringify(mapping));
  };
  for (const grain of ["day", "month", "quarter", "year"]) check({ xAxis: "Day", grain });
  for (const grain of ["hour", "day", "month"]) check({ xAxis: "Day", grain }, times, { ...TYPES, Day: "datetime" });
  for (const xAxis of ["City", "Price", "Units", "Day"]) check({ xAxis });
  check({ xAxis: "Units" }, rows.filter(({ Units }) => Units < 10));
  const years = many(80, (index) => ({ Year: 1947 + index, City: "Bonn" }));
  check({ xAxis: "Year" }, years, { Year: "integer", City: "string" });
  assert.deepEqual(show("bar", { xAxis: "Day", grain: "month" }).selections[1], { operator: "between", values: ["2026-02-01", "2026-02-28"] });
});

test("a table card has its columns, its order with empty cells last, and at most 200 rows of all", () => {
  const rows = [...many(300, (index) => row("2026-01-01", `c${index}`, "web", 300 - index)), row("2026-01-01", null, "web", null)];
  const table = (mapping) => dataOf({ kind: "table", dataMapping: mapping }, rows, TYPES);
  const first = (column, isDescending) => table({ columns: ["City", "Price"], orderBy: { column, isDescending } }).rows[0];
  assert.deepEqual([table({}).columns, table({}).rows.length, table({}).total], [Object.keys(TYPES), 200, 301]);
  assert.deepEqual([first("Price", false), first("Price", true)], [["c299", 1], ["c0", 300]]);
  assert.deepEqual(first("City", true), ["c299", 1]);
  const few = (isDescending) => dataOf({ kind: "table", dataMapping: { columns: ["Price"], orderBy: { column: "Price", isDescending } } }, [...rows.slice(-1), ...rows.slice(0, 2)], TYPES).rows;
  assert.deepEqual([few(false), few(true)], [[[299], [300], [null]], [[300], [299], [null]]]);
  assert.deepEqual(table({ columns: ["City"] }).types, ["string"]);
  assert.match(table({ columns: ["City", "Town"] }).problem, /no column “Town”/);
  assert.deepEqual(dataOf({ kind: "table" }, [], TYPES).rows, []);
});

test("a missing column of a split or a second measure is a problem in words", () => {
  assert.match(show("bar", { splitBy: "Town" }).problem, /no column “Town”/);
  assert.match(show("line", { second: { yAxis: "Cost" } }).problem, /no column “Cost”/);
  assert.match(show("line", { second: { yAxis: "City" } }).problem, /“City” is not a column of numbers/);
  assert.match(show("line", { second: { yAxis: "Price", aggregate: "median" } }).problem, /“median”/);
  assert.match(show("line", { second: {} }).problem, /Choose a column to show/);
});
