import assert from "node:assert/strict";
import { test } from "node:test";

import { rebase, same, valueOf, withValuesOf } from "../conflict.js";

test("values are equal in any order of members, and never across types", () => {
  assert.ok(same({ a: 1, b: [{ c: null }] }, { b: [{ c: null }], a: 1 }));
  for (const [one, other] of [[1, "1"], [null, 0], [{}, []], [{ a: 1 }, { b: 1 }], [[1, 2], [2, 1]], [{ a: undefined }, { b: 1 }]])
    assert.ok(!same(one, other), JSON.stringify([one, other]));
});

test("a rebase keeps one-sided changes and reports two-sided ones as conflicts with their value", () => {
  const base = { a: 1, b: { c: 1, d: 1 }, gone: 1, list: [1] };
  const theirs = { a: 1, b: { c: 2, d: 1 }, gone: 1, list: [1, 2], theirs: 1 };
  const mine = { a: 2, b: { c: 3, d: 2 }, list: [1, 3] };
  assert.deepEqual(rebase(base, theirs, mine), {
    config: { a: 2, b: { c: 2, d: 2 }, list: [1, 2], theirs: 1 },
    conflicts: ["/b/c", "/list"],
  });
});

test("an element is found by its identity at any index", () => {
  const theirs = { filters: [{ id: "x", v: 1 }, { id: "y", v: "theirs" }] };
  const mine = { filters: [{ id: "y", v: "mine", n: 1 }, { id: "x", v: 2 }] };
  const named = [theirs, {}];
  assert.equal(valueOf(mine, "/filters/1/v", named), "mine");
  assert.deepEqual(withValuesOf(mine, theirs, ["/filters/1/v"], named), {
    filters: [{ id: "y", v: "theirs", n: 1 }, { id: "x", v: 2 }],
  });
  assert.deepEqual(withValuesOf(mine, theirs, ["/filters/0/v"], named), {
    filters: [{ id: "y", v: "mine", n: 1 }, { id: "x", v: 1 }],
  });
});

test("values that a side removed are removed, and values that it has are put back", () => {
  const theirs = { charts: { a: { t: 1 } }, filters: [] };
  const base = { charts: { a: { t: 0 }, b: {} }, filters: [{ id: "x" }] };
  const mine = { charts: { b: { t: 2 } }, filters: [{ id: "x", v: 1 }] };
  const pointers = ["/charts/a", "/charts/b", "/filters/0"];
  assert.deepEqual(withValuesOf(mine, theirs, pointers, [theirs, base]), theirs);
  assert.deepEqual(withValuesOf(theirs, mine, pointers, [theirs, base]), mine);
  assert.equal(valueOf(mine, "/charts/a", [theirs, base]), undefined);
});

test("names with a slash or a tilde are unescaped as in RFC 6901", () => {
  assert.deepEqual(withValuesOf({ "a/b": { "~": 1 } }, { "a/b": { "~": 2 } }, ["/a~1b/~0"], []), { "a/b": { "~": 2 } });
});

test("a document is never changed in place", () => {
  const into = Object.freeze({ a: Object.freeze({ b: 1 }) });
  assert.deepEqual(withValuesOf(into, { a: { b: 2 } }, ["/a/b"], []), { a: { b: 2 } });
  assert.deepEqual(into, { a: { b: 1 } });
});
