// How charts of several series are laid out, named and described, and how numbers are written in a format.
import assert from "node:assert/strict";
import { test } from "node:test";

import { colorsOf } from "../chart_kinds.js";
import { layoutOf } from "../chart_layout.js";
import { namedGroups, numbersOf, summaryOf, titleOf } from "../chart_words.js";
import { numbersIn } from "../number_formats.js";
import { hasOwnAxis, isStacked } from "../series.js";

const measure = (text) => text.length * 7;
const points = (number, value = (index) => number - index) => Array.from({ length: number }, (_, index) => [`c${index}`, value(index), 1]);
const rest = (value, groups = 2) => ({ value, weight: 1, groups });
const two = (number, most = 1) => ({
  order: "size",
  points: points(number),
  rest: null,
  series: [{ name: "a", aggregate: "sum", points: points(number), rest: null }, { name: "b", aggregate: "sum", points: points(number, () => most), rest: null }],
});
const lay = (data, options) => layoutOf(data, { kind: "bar", aggregate: "sum", width: 560, height: 250, measure, ...options });

test("each group has a value of every series, and groups without room are left to the rest of each", () => {
  const { groups } = lay(two(50), { height: 150, width: 300 });
  assert.deepEqual(groups[0].values, [50, 1]);
  const last = groups.at(-1);
  assert.deepEqual([last.isRest, last.index, last.value], [true, null, last.values[0]]);
  assert.equal(last.values[1], 50 - (groups.length - 1));
  assert.equal(groups.reduce((sum, { values }) => sum + values[0], 0), (50 * 51) / 2);
});

test("a group knows its point, also if smaller ones before it were left out", () => {
  const data = { order: "size", points: [["small", 1, 1], ["large", 9, 1], ["larger", 10, 1]], rest: null };
  const { groups } = lay(data, { height: 60, width: 170 });
  assert.deepEqual(groups.map(({ name, index }) => [name, index]), [["larger", 2], ["Other (2 more)", null]]);
  assert.deepEqual(namedGroups(data).map(({ index }) => index), [0, 1, 2]);
});

test("bars lie or stand as chosen, and those side by side need more room than one", () => {
  const data = { order: "size", points: points(6), rest: null };
  assert.deepEqual([true, false, undefined].map((isHorizontal) => lay(data, { isHorizontal }).isTurned), [true, false, false]);
  const long = { ...data, points: data.points.map(([name, ...others]) => [`${name} has a long name of its own`, ...others]) };
  assert.deepEqual([true, false, undefined].map((isHorizontal) => lay(long, { isHorizontal }).isTurned), [true, false, true]);
  const many = { ...data, points: points(12) };
  assert.ok(lay(many, { isHorizontal: true, bars: 5 }).groups.length < lay(many, { isHorizontal: true }).groups.length);
  const months = { order: "month", points: points(12).map(([, value], index) => [`2026-${String(index + 1).padStart(2, "0")}`, value, 1]), rest: null };
  const lying = lay(months, { isHorizontal: true, height: 150 });
  assert.deepEqual([lying.isTurned, lying.groups.length], [true, 12]);
  assert.ok(lying.groups.filter((_, index) => lying.isNamed(index)).length < 12);
});

test("a second measure has an axis of its own if its values are five times as large or as small", () => {
  const chart = { kind: "bar", dataMapping: { second: {} } };
  assert.deepEqual([1, 2, 3, 49, 50, 0].map((most) => hasOwnAxis(chart, two(10, most))), [true, true, false, false, true, false]);
  assert.equal(hasOwnAxis({ ...chart, isStacked: true }, two(10)), false);
  assert.equal(hasOwnAxis({ kind: "bar", dataMapping: { splitBy: "City" } }, two(10)), false);
  assert.deepEqual(["bar", "area", "line"].map((kind) => isStacked({ kind, isStacked: true }, two(1))), [true, true, false]);
  assert.equal(isStacked({ kind: "bar", isStacked: true }, { points: [] }), false);
});

test("the first series has the chosen colour, and an unknown one is ignored", () => {
  assert.deepEqual(colorsOf("pink").slice(0, 3), ["pink", "teal", "amber"]);
  for (const color of [undefined, null, "constructor", "#fff"]) assert.equal(colorsOf(color)[0], "teal");
  assert.equal(new Set(colorsOf("brown")).size, 8);
});

test("numbers are written in a chart's format: exact, on an axis, and on a card", () => {
  const written = (format, number) => Object.values(numbersIn(format)).map((write) => write(number));
  const euros = { style: "currency", currency: "EUR" };
  assert.deepEqual(written(euros, 1_234.5), ["€1,234.50", "€1.2K", "€1,235"]);
  assert.deepEqual(written({ ...euros, decimals: 0 }, 0.25), ["€0", "€0.25", "€0"]);
  assert.deepEqual(written({ style: "percent" }, 0.25), ["25%", "25%", "25%"]);
  assert.deepEqual(written({ style: "percent", decimals: 1 }, 0.98765), ["98.8%", "98.77%", "98.8%"]);
  assert.deepEqual(written({ style: "percent" }, 12.5), ["1,250%", "1.3K%", "1,250%"]);
  assert.deepEqual(written({ style: "number", decimals: 2 }, 1_234_567.891), ["1,234,567.89", "1.2M", "1.23M"]);
});

test("a format that is unknown is ignored", () => {
  for (const format of [undefined, null, {}, { style: "roman" }, { style: "currency" }, { style: "currency", currency: "Euro" }, { style: "number", decimals: 1.5 }, { decimals: 99 }, "percent"]) {
    assert.equal(numbersIn(format), numbersIn(null), JSON.stringify(format));
  }
  assert.equal(numbersIn({ decimals: 1 }).exact(1), "1.0");
});

test("a format is that of the first measure, and of all series of a split", () => {
  const format = { style: "percent" };
  const second = (dataMapping) => numbersOf({ format, dataMapping }, 1).exact(0.5);
  assert.deepEqual([second({ second: {} }), second({ splitBy: "City" })], ["0.5", "50%"]);
});

test("a chart of several series is described series by series", () => {
  const chart = { kind: "bar", dataMapping: { second: {} }, format: { style: "percent" } };
  assert.equal(summaryOf(chart, two(2, 7)), "2 bars in 2 series. a: largest 200% at c0, smallest 100% at c1. b: largest 7 at c0, smallest 7 at c0");
  const withRest = { ...two(1), rest: rest(9), series: two(1).series.map((each, index) => ({ ...each, rest: rest(index) })) };
  assert.match(summaryOf(chart, withRest), /a: .*, and 0% in 2 more groups\. b: .*, and 1 in 2 more groups$/);
  const empty = { order: "size", points: [["c0", 1, 1]], rest: null, series: [{ name: "a", points: [["c0", null, 0]], rest: null }] };
  assert.equal(summaryOf(chart, empty), "1 bar in 1 series. a: no values");
});

test("a title names a split and a second measure", () => {
  const title = (kind, mapping) => titleOf(kind, { xAxis: "City", yAxis: "Price", ...mapping }, { Day: "date" });
  assert.equal(title("bar", { splitBy: "Shop" }), "Price by City and Shop");
  assert.equal(title("line", { xAxis: "Day", splitBy: "Shop" }), "Price over time by Shop");
  assert.equal(title("bar", { second: { yAxis: "Units", aggregate: "mean" } }), "Price and average Units by City");
  assert.equal(title("pie", { splitBy: "Shop", second: { aggregate: "count" } }), "Price by City");
  assert.deepEqual([title("table", {}), title("text", {})], ["Rows", ""]);
});
