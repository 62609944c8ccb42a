// What has changed from one config to another, in words.
import assert from "node:assert/strict";
import { test } from "node:test";

import { changesBetween } from "../changes.js";

const chart = (title, x, more = {}) => ({ title, position: { x, y: 0 }, ...more });
const config = (charts, more = {}) => ({ chartCustomizations: charts, ...more });
const ONE = config({ a: chart("A", 0), b: chart("B", 6) });
const texts = (...given) => changesBetween(...given).map(({ text }) => text);

test("a change names its charts and what happened to them", () => {
  assert.deepEqual(changesBetween(ONE, config({ a: chart("A", 0), b: chart("New", 6) })), [{ text: "“New” changed", ids: ["b"] }]);
  assert.deepEqual(texts(ONE, config({ a: chart("A", 6), b: chart("B", 0) })), ["“A” and “B” moved"]);
  assert.deepEqual(texts(ONE, config({ a: chart("A", 0, { isVisible: false }), b: chart("B", 0) })), ["“A” hidden"]);
  assert.deepEqual(texts(null, config({ a: {}, b: {}, c: {} })), ["3 charts added"]);
  assert.deepEqual(texts(ONE, config({ a: chart("A", 0), b: chart("B", 6) }, { filters: [{ id: "f" }], theme: { id: "dark" } })), ["Filters changed", "Theme changed"]);
  assert.deepEqual(texts(ONE, ONE), []);
});

test("charts that only made room are not named", () => {
  assert.deepEqual(changesBetween(config({ b: chart("B", 0) }), ONE, "brought back"), [{ text: "“A” brought back", ids: ["a"] }]);
  assert.deepEqual(texts(ONE, config({ b: chart("B", 0) })), ["“A” removed"]);
});
