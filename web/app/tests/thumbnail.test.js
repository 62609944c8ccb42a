// The thumbnails of dashboards, and how long the deleted ones can be restored.
import assert from "node:assert/strict";
import { test } from "node:test";

import { tilesOf } from "../thumbnail.js";
import { timeLeft } from "../trash.js";

const at = (x, y, members = {}) => ({ kind: "line", position: { x, y, w: 6, h: 4 }, ...members });

test("a tile is where its chart is; hidden charts and those far below have none", () => {
  const charts = { a: at(0, 0), b: at(6, 0, { isVisible: false }), c: at(6, 4), d: at(0, 40) };
  assert.deepEqual(tilesOf({ chartCustomizations: charts }), [
    { kind: "line", x: 0, y: 0, w: 6, h: 4 },
    { kind: "line", x: 6, y: 4, w: 6, h: 4 },
  ]);
});

test("a chart without a kind or a place is a tile of bars below the others", () => {
  assert.deepEqual(tilesOf({ chartCustomizations: { a: at(0, 2), b: {} } })[1], { kind: "bar", x: 0, y: 6, w: 6, h: 5 });
});

test("any JSON can be drawn", () => {
  for (const config of [{}, [], "text", 1, { chartCustomizations: "text" }, { chartCustomizations: { a: null, b: 5, c: { kind: {}, position: 7 } } }]) {
    assert.ok(Array.isArray(tilesOf(config)), JSON.stringify(config));
  }
});

test("the time left is in days, and the last hours are a day", () => {
  const until = "2026-12-31T00:00:00Z";
  assert.equal(timeLeft(until, Date.parse("2026-12-01T12:00:00Z")), "30 days left to restore it");
  assert.equal(timeLeft(until, Date.parse("2026-12-30T23:59:00Z")), "1 day left to restore it");
});
