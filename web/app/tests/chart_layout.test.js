// What a card has room for: which groups are drawn, and which are named.
import assert from "node:assert/strict";
import { test } from "node:test";

import { layoutOf, linesOf, slicesOf } from "../chart_layout.js";
import { namedGroups, summaryOf, titleOf } from "../chart_words.js";
import { exact, figure, short } from "../numbers.js";

/** Every character is 7 pixels wide. */
const measure = (text) => text.length * 7;
const named = (number, name = (index) => `c${index}`) => Array.from({ length: number }, (_, index) => [name(index), number - index, 1]);
const bySize = (points, rest = null) => ({ points, order: "size", rest });
const lay = (data, width = 560, height = 250, kind = "bar", aggregate = "sum") => layoutOf(data, { kind, aggregate, width, height, measure });
const texts = ({ groups }) => groups.map(({ label }) => label);

test("bars stand if every name fits under its bar, and lie if not", () => {
  assert.equal(lay(bySize(named(8))).isTurned, false);
  const long = lay(bySize(named(8, (index) => `A long name of a country ${index}`)));
  assert.deepEqual([long.isTurned, long.groups.length], [true, 8]);
  assert.ok(long.nameWidth <= 560 * 0.4);
  assert.equal(lay(bySize(named(8, (index) => `United States ${index}`)), 340).isTurned, true);
});

test("bars that have no room are part of the rest, whatever the size of the card", () => {
  for (const [width, height] of [[560, 250], [340, 250], [170, 60], [170, 20], [1_200, 60], [560, 900]]) {
    const { groups, isTurned, nameWidth } = lay(bySize(named(50), { value: 9, weight: 4, groups: 30 }), width, height);
    const rest = groups.at(-1);
    assert.ok(rest.isRest && rest.name === `Other (${30 + 50 - (groups.length - 1)} more)`);
    assert.ok(groups.length === 2 || (isTurned ? height / groups.length > 15 : width / groups.length > 40));
    assert.ok(nameWidth > 10);
    assert.equal(groups.reduce((sum, { value }) => sum + value, 0), (50 * 51) / 2 + 9);
  }
});

test("the rest of averages is the average of its rows", () => {
  const { groups } = lay(bySize([["a", 9, 1], ["b", 8, 1], ["c", 3, 1], ["d", 1, 3]]), 560, 40 + 3 * 18, "bar", "mean");
  assert.equal(groups.length, 4);
  const long = (name) => name.padEnd(40, "-");
  const few = lay(bySize([[long("a"), 9, 1], [long("b"), 8, 1], [long("c"), 3, 1], [long("d"), 1, 3]], { value: 4, weight: 2, groups: 2 }), 200, 40 + 3 * 18, "bar", "mean");
  assert.deepEqual(few.groups.map(({ value }) => value), [9, 8, (3 + 3 + 8) / 6]);
});

test("a group called Other is not the rest", () => {
  const groups = namedGroups(bySize([["Other", 5, 1]], { value: 3, weight: 1, groups: 2_950 }));
  assert.deepEqual(groups.map(({ name, isRest }) => [name, isRest]), [["Other", false], ["Other (2,950 more)", true]]);
});

test("on an axis of time, round periods are named, as many as fit", () => {
  const months = Array.from({ length: 24 }, (_, index) => [`${2025 + Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, "0")}`, 1, 1]);
  const namedOf = ({ groups, isNamed }) => groups.filter((_, index) => isNamed(index)).map(({ label }) => label);
  const data = { points: months, order: "month", rest: null };
  assert.deepEqual(namedOf(lay(data, 500, 200, "line")), ["Jan 2025", "Jul 2025", "Jan 2026", "Jul 2026"]);
  assert.equal(lay(data, 500, 200).groups.length, 24);
  assert.equal(namedOf(lay(data, 2_500, 200)).length, 24);
  const odd = { points: [1952, 1957, 1962, 1967].map((year) => [String(year), 1, 1]), order: "year", rest: null };
  assert.deepEqual(namedOf(lay(odd, 160, 200, "line")), ["1952", "1962"]);
});

test("periods are named in short forms on an axis, in full elsewhere", () => {
  const both = (order, text) => namedGroups({ points: [[text, 1, 1]], order, rest: null }).map(({ label, name }) => [label, name])[0];
  assert.deepEqual(both("year", "2026"), ["2026", "2026"]);
  assert.deepEqual(both("month", "2026-01"), ["Jan 2026", "Jan 2026"]);
  assert.deepEqual(both("day", "2026-01-05"), ["5 Jan", "5 Jan 2026"]);
  assert.deepEqual(both("hour", "2026-01-05T09"), ["5 Jan 09:00", "5 Jan 2026, 09:00"]);
  assert.deepEqual(both("decade", "198"), ["1980s", "1980s"]);
  assert.deepEqual(both("century", "19"), ["1900 – 1999", "1900 – 1999"]);
  assert.deepEqual(both("month", "(empty)"), ["(empty)", "(empty)"]);
});

test("a pie has at most eight slices, fewer in a low card, and no splinters", () => {
  const slices = (points, height = 300) => slicesOf(bySize(points), { aggregate: "sum", height });
  assert.deepEqual([8, 9, 30].map((number) => slices(named(number)).length), [8, 8, 8]);
  assert.equal(slices(named(8), 130).length, 4);
  const splinters = slices([["a", 1_000, 1], ["b", 500, 1], ["c", 2, 1], ["d", 1, 1]]);
  assert.deepEqual(splinters.map(({ name, value }) => [name, value]), [["a", 1_000], ["b", 500], ["Other (2 more)", 3]]);
});

test("a long name is broken into lines that fit", () => {
  assert.deepEqual(linesOf("one two three", 8 * 7, measure), ["one two", "three"]);
  assert.deepEqual(linesOf("abcdefghij kl", 4 * 7, measure), ["abcd", "efgh", "ij", "kl"]);
});

test("a chart is described by what it shows", () => {
  const summary = (kind, data) => summaryOf({ kind, dataMapping: { xAxis: "Price", yAxis: "Units" } }, data);
  assert.equal(summary("bar", bySize([["South", 1_234.5, 1], ["East", null, 0], ["North", 3, 1]])), "3 bars, largest 1,234.5 at South, smallest 3 at North");
  assert.equal(summary("pie", bySize([["a", 1, 1]], { value: 9, weight: 3, groups: 12 })), "1 slice, largest 1 at a, smallest 1 at a, and 9 in 12 more groups");
  assert.equal(summary("line", { points: [["2026-01", 2, 1]], order: "month", rest: null }), "1 point, largest 2 at Jan 2026, smallest 2 at Jan 2026");
  assert.equal(summary("scatter", { points: [[1, 9], [3, 4]] }), "2 points: Price from 1 to 3, Units from 4 to 9");
});

test("a title says in words what is computed", () => {
  const title = (kind, xAxis, yAxis, aggregate) => titleOf(kind, { xAxis, yAxis, aggregate }, { Day: "date" });
  assert.equal(title("bar", "Region", "unitPrice", "mean"), "Average unit Price by Region");
  assert.equal(title("line", "Day", "Miles_per_Gallon"), "Miles per Gallon over time");
  assert.equal(title("number", undefined, "Price", "sum"), "Total Price");
  assert.equal(title("bar", "Region", undefined, "count"), "Rows by Region");
});

test("numbers are exact where asked for, and never rounded to nothing", () => {
  assert.deepEqual([0.1 + 0.2, 1_234_567.891, 1e12, -0.00012].map(exact), ["0.3", "1,234,567.891", "1,000,000,000,000", "-0.00012"]);
  assert.deepEqual([0.00012, 999.99, 12_345, 1e12].map(short), ["0.00012", "1,000", "12.3K", "1T"]);
  assert.deepEqual([1_236.75, 66.98321, -99_999.4, 684_912].map(figure), ["1,237", "66.98", "-99,999", "684.9K"]);
});
