/** Carrying an edit over to a config that has changed otherwise: a store's changes, and edits made before anything is loaded. */

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { carryOver } from "../dist/carry.js";
import { isEqual, toJson } from "../dist/json.js";
import { json } from "./arbitrary.js";

/** @param {any} before @param {any} after @param {any} onto */
const carried = (before, after, onto) => carryOver(toJson(before), toJson(after), toJson(onto));

test("an edit carried over to what it was made in is the edit, and no edit leaves everything as it is", () => {
  fc.assert(
    fc.property(json, json, (one, other) => {
      assert.ok(isEqual(carried(one, other, one), toJson(other)));
      assert.ok(isEqual(carried(one, one, other), toJson(other)));
    }),
  );
});

/** What, before, after, the other config, and the outcome. @type {[string, any, any, any, any][]} */
const CASES = [
  ["only what was edited is carried over", { a: 1, b: { c: 1, d: 1 } }, { a: 1, b: { c: 2, d: 1 } }, { a: 9, b: { c: 1, d: 9 }, e: 9 }, { a: 9, b: { c: 2, d: 9 }, e: 9 }],
  ["the edit wins", { a: 1 }, { a: 2 }, { a: 9 }, { a: 2 }],
  ["what the edit removed is removed, and what the other lacks stays away unless it was edited", { a: 1, b: 1, c: 1 }, { b: 1, c: 2 }, { a: 9 }, { c: 2 }],
  ["elements are carried over by identity", [{ id: 1, v: 1 }, { id: 2 }], [{ id: 1, v: 2 }], [{ id: 3 }, { id: 2, w: 9 }, { id: 1, v: 1, w: 9 }], [{ id: 3 }, { id: 1, v: 2, w: 9 }]],
  ["what is new follows what it followed, after what the other has there", [{ id: 1 }, { id: 2 }], [{ id: 1 }, { id: "n" }, { id: 2 }], [{ id: 1 }, { id: "o" }, { id: 2 }], [{ id: 1 }, { id: "o" }, { id: "n" }, { id: 2 }]],
  ["a new order is carried over", [{ id: 1 }, { id: 2 }], [{ id: 2 }, { id: 1 }], [{ id: 1 }, { id: "o" }, { id: 2 }], [{ id: 2 }, { id: 1 }, { id: "o" }]],
  ["the other's order stays where the edit changed none", [{ id: 1 }, { id: 2 }], [{ id: 1 }, { id: 2, v: 1 }], [{ id: 2 }, { id: 1 }], [{ id: 2, v: 1 }, { id: 1 }]],
  ["what was missing before counts as empty", {}, { a: { b: 1 }, f: [{ id: 1 }] }, { a: { c: 9 }, f: [{ id: 9 }] }, { a: { c: 9, b: 1 }, f: [{ id: 9 }, { id: 1 }] }],
  ["an array that nothing identifies is carried over as a whole", { a: [1] }, { a: [1, 2] }, { a: [0, 1] }, { a: [1, 2] }],
];
for (const [what, before, after, onto, outcome] of CASES) {
  test(what, () => assert.equal(JSON.stringify(carried(before, after, onto)), JSON.stringify(outcome)));
}
