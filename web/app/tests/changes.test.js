// What has changed from one config to another, in words.
import assert from "node:assert/strict";
import { test } from "node:test";

import { changesBetween, deedsInWords, inOneLine } from "../changes.js";

const chart = (title, x, more = {}) => ({ title, position: { x, y: 0 }, ...more });
const config = (charts, more = {}) => ({ chartCustomizations: charts, ...more });
const ONE = config({ a: chart("A", 0), b: chart("B", 6) });
const texts = (...given) => changesBetween(...given).map(({ text }) => text);

test("a change names its charts and what happened to them", () => {
  const renamed = { text: "“B” renamed to “New”", deed: "renamed “B” to “New”", ids: ["b"] };
  assert.deepEqual(changesBetween(ONE, config({ a: chart("A", 0), b: chart("New", 6) })), [renamed]);
  assert.deepEqual(texts(ONE, config({ a: chart("A", 6), b: chart("B", 0) })), ["“A” and “B” moved"]);
  assert.deepEqual(texts(ONE, config({ a: chart("A", 0, { kind: "pie" }), b: chart("B", 9) })), ["“B” moved", "“A” changed"]);
  assert.deepEqual(texts(ONE, config({ a: chart("A", 0, { isVisible: false }), b: chart("B", 6) })), ["“A” hidden"]);
  assert.deepEqual(texts(null, config({ a: {}, b: {}, c: {} })), ["3 charts added"]);
  assert.deepEqual(texts(null, config({ a: chart("A", 0) }, { theme: { id: "dark" }, extensions: { x: 1 } })), ["“A” added", "Theme set", "Other settings set"]);
  assert.deepEqual(texts(ONE, ONE), []);
});

test("filters are named as their chips are, the theme is named, and no change is left unsaid", () => {
  const { chartCustomizations: charts } = ONE;
  const filter = { id: "f", column: "Region", operator: "in", values: ["North"] };
  const filtered = config(charts, { filters: [filter], theme: { id: "dark" } });
  assert.deepEqual(texts(ONE, filtered), ["Filter “Region: North” added", "Theme changed"]);
  assert.deepEqual(texts(filtered, config(charts, { filters: [{ ...filter, values: ["South"] }], theme: { id: "dark" } })), ["Filter “Region: South” changed"]);
  assert.deepEqual(texts(ONE, config(charts, { filters: [filter, { ...filter, id: "g" }] })), ["2 filters added"]);
  assert.deepEqual(texts(ONE, config(charts, { extensions: { x: 1 } })), ["Other settings changed"]);
});

test("charts that only made room are not named: those that went straight up or down beside a greater change", () => {
  assert.deepEqual(changesBetween(config({ b: chart("B", 0) }), ONE, "brought back").map(({ text }) => text), ["“A” brought back", "“B” moved"]);
  const rows = (...ys) => config(Object.fromEntries(ys.map(([id, y, more]) => [id, { title: id, position: { x: 0, y, w: 6, h: 5 }, ...more }])));
  const before = rows(["a", 0], ["b", 5], ["c", 10]);
  assert.equal(inOneLine(before, rows(["b", 0], ["c", 5])), "“a” removed; 2 others made room");
  assert.equal(inOneLine(before, rows(["a", 10], ["b", 0], ["c", 5])), "“a” moved; 2 others made room");
  assert.equal(inOneLine(before, rows(["a", 5], ["b", 0], ["c", 10])), "“a” and “b” moved");
  assert.equal(inOneLine(before, rows(["a", 0, { position: { x: 0, y: 0, w: 6, h: 7 } }], ["b", 7, { title: "B" }], ["c", 12])), "“a” resized, “b” renamed to “B”; 2 others made room");
  assert.equal(inOneLine(rows(["a", 0], ["b", 7]), rows(["a", 0], ["b", 5])), "1 chart moved up");
  assert.equal(inOneLine(before, { ...before, theme: { id: "dark" } }), "Theme changed");
  assert.equal(inOneLine(before, { ...before }), "Nothing changed");
});

test("deeds are one sentence, with the number of those that are too many", () => {
  assert.equal(deedsInWords(["moved “A”"]), "moved “A”");
  assert.equal(deedsInWords(["moved “A”", "hid “B”"]), "moved “A” and hid “B”");
  assert.equal(deedsInWords(["a", "b", "c"]), "a, b and c");
  assert.equal(deedsInWords(["a", "b", "c", "d"]), "a, b and made 2 more changes");
});
