/** JSON patches: they lead from one document to another, and name nothing else. */

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { toJson } from "../dist/json.js";
import { apply } from "../dist/apply.js";
import { diff } from "../dist/patch.js";
import { escaped, tokensOf } from "../dist/pointer.js";
import { json } from "./arbitrary.js";

/** A patch as RFC 6902 says it, written without the client's code. @type {(document: any, operations: any) => any} */
function applied(document, operations) {
  const root = { "": structuredClone(document) };
  /** @param {string} pointer */
  const placeOf = (pointer) => {
    const tokens = ["", ...pointer.split("/").slice(1).map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"))];
    const last = /** @type {string} */ (tokens.pop());
    return { parent: tokens.reduce((/** @type {any} */ at, token) => Object.entries(at).find(([name]) => name === token)?.[1], root), last };
  };
  /** @param {string} pointer */
  const remove = (pointer) => {
    const { parent, last } = placeOf(pointer);
    const value = Object.entries(parent).find(([name]) => name === last)?.[1];
    assert.ok(Object.hasOwn(parent, last), `${pointer} is there`);
    if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else delete parent[last];
    return value;
  };
  /** @type {(pointer: string, value: unknown) => void} */
  const add = (pointer, value) => {
    const { parent, last } = placeOf(pointer);
    if (Array.isArray(parent)) parent.splice(Number(last), 0, value);
    else Object.defineProperty(parent, last, { value, enumerable: true, configurable: true, writable: true });
  };
  for (const { op, path, from, value } of structuredClone(operations)) {
    if (op === "add") add(path, value);
    if (op === "remove") remove(path);
    if (op === "move") add(path, remove(from));
    if (op === "replace") {
      const { parent, last } = placeOf(path);
      assert.ok(Object.hasOwn(parent, last), `${path} is there`);
      Object.defineProperty(parent, last, { value, enumerable: true, configurable: true, writable: true });
    }
  }
  return root[""];
}

test("a patch applied to its document gives the other one, the order of members included", () => {
  fc.assert(
    fc.property(json, json, (before, after) => {
      const [from, to] = [toJson(before), toJson(after)];
      const operations = diff(from, to);
      assert.equal(JSON.stringify(apply(from, operations)), JSON.stringify(to));
      assert.equal(JSON.stringify(applied(before, operations)), JSON.stringify(to));
    }),
    { numRuns: 2_000 },
  );
});

test("a document that did not change needs no operation", () => {
  fc.assert(fc.property(json, (value) => assert.deepEqual(diff(toJson(value), toJson(JSON.parse(JSON.stringify(value)))), [])));
});

test("applying a patch changes none of its documents, and the result is frozen", () => {
  fc.assert(
    fc.property(json, json, (before, after) => {
      const from = toJson(before);
      const text = JSON.stringify(from);
      const result = apply(from, diff(from, toJson(after)));
      assert.equal(JSON.stringify(from), text);
      assert.ok(typeof result !== "object" || Object.isFrozen(result));
    }),
  );
});

test("nothing untouched is named: neither its members nor its numbers are in a patch", () => {
  const untouched = { charts: { big: { id: 12345678901234567890, w: 6 } }, annotations: [{ by: "a newer client" }] };
  fc.assert(
    fc.property(json, json, (before, after) => {
      const [from, to] = [before, after].map((value) => toJson({ ...untouched, edited: value }));
      for (const { path, ...operation } of diff(from ?? null, to ?? null)) {
        assert.match(path, /^\/edited/);
        assert.match("from" in operation ? operation.from : path, /^\/edited/);
      }
    }),
  );
});

/** @type {[string, any, any, any][]} */
const EXAMPLES = [
  ["a changed value is replaced", { a: { b: 1, c: 1 } }, { a: { b: 2, c: 1 } }, [{ op: "replace", path: "/a/b", value: 2 }]],
  ["a new member is added", { a: 1 }, { a: 1, "b/c": 2 }, [{ op: "add", path: "/b~1c", value: 2 }]],
  ["a member that went is removed", { a: 1, b: 2 }, { b: 2 }, [{ op: "remove", path: "/a" }]],
  ["an element that moved is moved, not written again", [{ id: 1, big: 1 }, { id: 2 }], [{ id: 2 }, { id: 1, big: 1 }], [{ op: "move", from: "/1", path: "/0" }]],
  ["a change inside an identified element names that alone", [{ id: 1, x: 0, y: 0 }], [{ id: 0 }, { id: 1, x: 1, y: 0 }], [{ op: "add", path: "/0", value: { id: 0 } }, { op: "replace", path: "/1/x", value: 1 }]],
  ["of other arrays, what both ends share is not named", [1, 2, 3, 4], [1, 9, 4], [{ op: "replace", path: "/1", value: 9 }, { op: "remove", path: "/2" }]],
  ["a document that becomes another kind of value is replaced", { a: 1 }, [1], [{ op: "replace", path: "", value: [1] }]],
  ["a first config replaces nothing", null, { a: 1 }, [{ op: "replace", path: "", value: { a: 1 } }]],
];
for (const [rule, before, after, operations] of EXAMPLES) {
  test(rule, () => assert.deepEqual(diff(toJson(before), toJson(after)), operations));
}

test("members in another order are moved, those with names like integers too", () => {
  const [before, after] = [toJson({ a: 1, b: 2, c: 3 }), toJson({ c: 3, a: 1, b: 2 })];
  const operations = diff(before, after);
  assert.ok(operations.every(({ op }) => op === "move"));
  assert.equal(JSON.stringify(apply(before, operations)), '{"c":3,"a":1,"b":2}');
  assert.deepEqual(diff(toJson({ x: 0 }), toJson({ x: 0, 1: 1 })), [{ op: "add", path: "/1", value: 1 }]);
});

test("a patch does not apply to a document without its places", () => {
  assert.throws(() => apply(toJson({ a: 1 }), [{ op: "add", path: "/a/b/c", value: 1 }]), TypeError);
});

test("a pointer's tokens come back as they went in", () => {
  fc.assert(fc.property(fc.array(fc.string()), (tokens) => assert.deepEqual(tokensOf(tokens.map((token) => `/${escaped(token)}`).join("")), tokens)));
});
