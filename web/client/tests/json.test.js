/** Values as the JSON that would be sent: frozen, with equal parts shared. */

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { isEqual, isSame, toJson } from "../dist/json.js";
import { json } from "./arbitrary.js";

/** @param {unknown} value */
const copy = (value) => JSON.parse(JSON.stringify(value));

test("a value becomes what its JSON text says", () => {
  fc.assert(fc.property(json, (value) => assert.equal(JSON.stringify(toJson(value)), JSON.stringify(value))));
  const moment = new Date(0);
  assert.deepEqual(toJson({ a: undefined, b: moment, c: -0, d: { toJSON: () => [moment] } }), { b: moment.toISOString(), c: 0, d: [moment.toISOString()] });
});

test("an object without a prototype and an instance of a class are objects", () => {
  class Chart {
    title = "x";
  }
  assert.deepEqual(toJson([new Chart(), Object.assign(Object.create(null), { a: 1 })]), [{ title: "x" }, { a: 1 }]);
});

test("a member named __proto__ is a member", () => {
  const value = JSON.parse('{"__proto__": {"a": 1}}');
  assert.equal(JSON.stringify(toJson(value)), '{"__proto__":{"a":1}}');
  assert.equal(/** @type {any} */ ({}).a, undefined);
});

test("a converted value is frozen at every level, and the given one is not changed", () => {
  const given = { a: [{ b: 1 }] };
  const made = /** @type {any} */ (toJson(given));
  for (const part of [made, made.a, made.a[0]]) assert.ok(Object.isFrozen(part));
  assert.ok(!Object.isFrozen(given) && !Object.isFrozen(given.a));
});

test("a value that equals an earlier one is the earlier one, and so is each equal part", () => {
  fc.assert(fc.property(json, (value) => {
    const before = toJson(value);
    assert.equal(toJson(copy(value), before), before);
    assert.equal(toJson(before, toJson({ other: 1 })), before);
  }));
  const before = /** @type {any} */ (toJson({ a: { x: 1 }, b: [1, { y: 2 }] }));
  const after = /** @type {any} */ (toJson({ a: { x: 1 }, b: [2, { y: 2 }] }, before));
  assert.equal(after.a, before.a);
  assert.equal(after.b[1], before.b[1]);
  assert.notEqual(after.b, before.b);
});

test("members in another order, and members that went, are a change", () => {
  const before = toJson({ a: 1, b: 2 });
  assert.equal(JSON.stringify(toJson({ b: 2, a: 1 }, before)), '{"b":2,"a":1}');
  assert.deepEqual(toJson({ a: 1 }, before), { a: 1 });
});

const cycle = /** @type {any} */ ({ list: [] });
cycle.list.push(cycle);
for (const [what, value, message] of /** @type {const} */ ([
  ["a Map", new Map(), "A Map cannot be saved as JSON."],
  ["a Set", new Set(), "A Set cannot be saved as JSON."],
  ["a typed array", new Uint8Array(), "A Uint8Array cannot be saved as JSON."],
  ["a function", () => {}, "A function cannot be saved as JSON."],
  ["a symbol", Symbol("x"), "A symbol cannot be saved as JSON."],
  ["a bigint", 1n, "A bigint cannot be saved as JSON."],
  ["NaN", Number.NaN, "NaN cannot be saved as JSON."],
  ["an infinity", Number.NEGATIVE_INFINITY, "-Infinity cannot be saved as JSON."],
  ["a missing element", [, 1][0], "An undefined element cannot be saved as JSON."],
])) {
  test(`${what} is refused with its place`, () => {
    assert.throws(() => toJson({ "a/b": [0, value] }), (/** @type {any} */ error) => {
      assert.deepEqual([error.code, error.problem.errors], ["not-json", [{ pointer: "/a~1b/1", message }]]);
      return true;
    });
  });
}

test("a hole of a sparse array is refused with its place", () => {
  assert.throws(() => toJson([1, , 3]), (/** @type {any} */ error) => error.problem.errors[0].pointer === "/1");
});

test("an object that contains itself is refused, and so is one that makes another of itself", () => {
  assert.throws(() => toJson(cycle), { code: "not-json" });
  const endless = { toJSON: () => endless };
  assert.throws(() => toJson(endless), { code: "not-json" });
});

test("an error in a getter or in toJSON is handed on as it is", () => {
  const broken = { get a() { throw new RangeError("broken"); } };
  assert.throws(() => toJson({ b: broken }), RangeError);
});

test("values are equal by their JSON, in any order of members or in the same one, and never across types", () => {
  const [one, other] = [{ a: 1, b: [{ c: null }] }, { b: [{ c: null }], a: 1 }].map((value) => toJson(value));
  assert.ok(isSame(one, other) && !isEqual(one, other));
  for (const [left, right] of [[1, "1"], [null, 0], [{}, []], [[], {}], [{ a: 1 }, { b: 1 }], [[1, 2], [2, 1]], [[1], [1, 2]], [null, {}], [{}, null], [undefined, null]])
    for (const equal of [isSame, isEqual]) assert.ok(!equal(/** @type {any} */ (left), /** @type {any} */ (right)), JSON.stringify([left, right]));
  fc.assert(fc.property(json, json, (left, right) => assert.equal(isEqual(left, right), JSON.stringify(left) === JSON.stringify(right))));
});
