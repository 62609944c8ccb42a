/** Three-way merges by the server's rules: `tests/support/inputs/merge_cases.json` is read by the server's tests too. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import fc from "fast-check";

import { valueOf as valueShown } from "../dist/index.js";
import { isEqual, toJson } from "../dist/json.js";
import { identityOf, merge, valueOf } from "../dist/merge.js";
import { json } from "./arbitrary.js";

/** @type {{ rule: string, base: any, theirs: any, mine: any, merged: any, conflicts: string[] }[]} */
const CASES = JSON.parse(await readFile(new URL("../../../tests/support/inputs/merge_cases.json", import.meta.url), "utf8"));

/** @type {(base: any, theirs: any, mine: any) => [import("../dist/json.js").Json, import("../dist/json.js").Json, import("../dist/json.js").Json]} */
const sides = (base, theirs, mine) => [toJson(base), toJson(theirs), toJson(mine)];

for (const { rule, base, theirs, mine, merged, conflicts } of CASES) {
  test(`the server's case: ${rule}`, () => {
    const made = merge(...sides(base, theirs, mine));
    assert.deepEqual(made.document, toJson(merged));
    assert.equal(JSON.stringify(made.document), JSON.stringify(merged));
    assert.deepEqual(made.conflicts, conflicts);
  });
}

/** @type {(check: (base: any, theirs: any, mine: any) => void) => void} */
const forAny = (check) => fc.assert(fc.property(json, json, json, (...given) => check(...sides(...given))));

test("what one side left alone is the other side's", () => {
  forAny((base, theirs) => {
    assert.ok(isEqual(merge(base, theirs, base).document, theirs));
    assert.ok(isEqual(merge(base, base, theirs).document, theirs));
    assert.deepEqual(merge(base, theirs, theirs), { document: theirs, conflicts: [] });
  });
});

test("without a conflict it makes no difference which side is preferred", () => {
  forAny((base, theirs, mine) => {
    const made = merge(base, theirs, mine);
    if (!made.conflicts.length) assert.ok(isEqual(made.document, merge(base, theirs, mine, "mine").document));
  });
});

test("a merge changes none of its documents", () => {
  forAny((base, theirs, mine) => {
    const before = JSON.stringify([base, theirs, mine]);
    merge(base, theirs, mine, "mine");
    assert.equal(JSON.stringify([base, theirs, mine]), before);
  });
});

test("the preferred side has its value at every conflict, and one-sided changes stay", () => {
  const [base, theirs, mine] = sides(
    { a: 1, b: { c: 1, d: 1 }, gone: 1, list: [1] },
    { a: 1, b: { c: 2, d: 1 }, gone: 1, list: [1, 2], theirs: 1 },
    { a: 2, b: { c: 3, d: 2 }, list: [1, 3] },
  );
  assert.deepEqual(merge(base, theirs, mine), { document: { a: 2, b: { c: 2, d: 2 }, list: [1, 2], theirs: 1 }, conflicts: ["/b/c", "/list"] });
  assert.deepEqual(merge(base, theirs, mine, "mine").document, { a: 2, b: { c: 3, d: 2 }, list: [1, 3], theirs: 1 });
});

test("a function is asked once for each conflict, and the result has the side's value there", () => {
  const [base, theirs, mine] = sides(
    { a: 1, b: { c: 1 }, list: [{ id: 1 }, { id: 2 }, { id: 3, v: 0 }] },
    { a: 2, b: { c: 2 }, list: [{ id: 2 }, { id: 1 }, { id: 3, v: 1 }] },
    { a: 3, b: { c: 3 }, list: [{ id: 3, v: 2 }, { id: 1 }, { id: 2 }], d: 1 },
  );
  /** @type {string[]} */
  const asked = [];
  const made = merge(base, theirs, mine, (pointer) => (asked.push(pointer), ["/b/c", "/list"].includes(pointer) ? "mine" : "theirs"));
  assert.deepEqual(asked, ["/a", "/b/c", "/list/2/v", "/list"]);
  assert.deepEqual(made, { document: { a: 2, b: { c: 3 }, list: [{ id: 3, v: 1 }, { id: 1 }, { id: 2 }], d: 1 }, conflicts: asked });
});

test("a function that always returns the same side gives that side's result", () => {
  forAny((base, theirs, mine) => {
    /** @type {string[]} */
    const asked = [];
    assert.deepEqual(merge(base, theirs, mine, (pointer) => (asked.push(pointer), "theirs")), merge(base, theirs, mine));
    assert.deepEqual(asked.filter((pointer) => !merge(base, theirs, mine).conflicts.includes(pointer)), []);
    assert.deepEqual(merge(base, theirs, mine, () => "mine"), merge(base, theirs, mine, "mine"));
  });
});

test("another order of members inside a value is no edit of it against the other side's", () => {
  const [base, reordered, edited, both] = [[{ a: 1, b: 2 }], [{ b: 2, a: 1 }], [{ a: 1, b: 3 }], [{ b: 3, a: 1 }]];
  for (const [theirs, mine, merged] of [[reordered, edited, edited], [edited, reordered, edited], [edited, both, edited]])
    assert.equal(JSON.stringify(merge(...sides(base, theirs, mine))), JSON.stringify({ document: merged, conflicts: [] }));
});

test("at the places that the server disputes, the preferred side's value is taken as a whole", () => {
  const [base, theirs, mine] = sides({ a: { x: 1, y: 1 } }, { a: { x: 2, y: 1 } }, { a: { x: 1, y: 2 } });
  assert.deepEqual(merge(base, theirs, mine).document, { a: { x: 2, y: 2 } });
  assert.deepEqual(merge(base, theirs, mine, "mine", ["/a"]).document, mine);
  assert.deepEqual(merge(base, theirs, mine, "theirs", ["/a"]).document, theirs);
});

test("values that the preferred side removed are removed, and those that it has are put back", () => {
  const base = toJson({ charts: { a: { t: 0 }, b: {} }, filters: [{ id: "x" }] });
  const theirs = toJson({ charts: { a: { t: 1 } }, filters: [] });
  const mine = toJson({ charts: { b: { t: 2 } }, filters: [{ id: "x", v: 1 }] });
  assert.deepEqual(merge(base, theirs, mine, "theirs").document, theirs);
  assert.deepEqual(merge(base, theirs, mine, "mine").document, mine);
  assert.deepEqual(merge(base, theirs, mine).conflicts, ["/charts/a", "/charts/b", "/filters/0"]);
});

/** @type {[any[][], string | undefined][]} */
const IDENTITIES = [
  [[[{ id: 1 }, { id: 2 }]], "id"],
  [[[{ id: "chart", i: "a" }, { id: "chart", i: "b" }]], "i"],
  [[[{ id: null, i: "a" }]], "i"],
  [[[{ id: 1.5 }]], undefined],
  [[[{ id: true }]], undefined],
  [[[{ uid: "a", name: "n" }]], "uid"],
  [[[{ name: "a" }, { name: "b" }]], "name"],
  [[[{ key: "a", name: "n" }]], "key"],
  [[[{ id: null, name: "a" }]], undefined],
  [[[{ name: "a" }], [{ name: "a", id: null }]], undefined],
  [[[{ id: 1 }], [{ i: 1 }]], undefined],
  [[[{ id: "a" }, { id: "a" }]], undefined],
  [[[{ id: 1 }, { id: "1" }]], "id"],
  [[[{ id: 1 }, 2]], undefined],
  [[[{ id: "a" }], []], "id"],
];
for (const [arrays, identity] of IDENTITIES) {
  test(`the elements of ${JSON.stringify(arrays)} are identified by ${identity ?? "nothing"}`, () => {
    assert.equal(identityOf(...arrays), identity);
  });
}

test("what is no array has no identity", () => {
  for (const value of [undefined, null, {}, "text"]) assert.equal(identityOf(/** @type {any} */ (value)), undefined);
});

test("an element is found by its identity at any index of the documents that name it", () => {
  const theirs = toJson({ filters: [{ id: "x", v: 1 }, { id: "y", v: "theirs" }] });
  const mine = toJson({ filters: [{ id: "y", v: "mine" }, { id: "x", v: 2 }] });
  const base = toJson({ filters: [{ id: "x", v: 0 }, { id: "gone", v: 0 }, { id: "z", v: 0 }] });
  assert.equal(valueOf(mine, "/filters/1/v", [theirs, base]), "mine");
  assert.equal(valueOf(theirs, "/filters/1/v", [theirs, base]), "theirs");
  assert.equal(valueOf(mine, "/filters/0/v", [theirs, base]), 2);
  assert.equal(valueOf(mine, "/filters/2", [theirs, base]), undefined);
});

test("an index names an element where nothing identifies it, and names are unescaped", () => {
  assert.equal(valueOf(toJson({ "a/b": { "~": [4, 5] } }), "/a~1b/~0/1", []), 5);
  assert.equal(valueOf(toJson({ a: 1 }), "/b/c", []), undefined);
});

test("an application finds the values of a conflict in any of its three documents", () => {
  const [base, theirs, mine] = [{ filters: [{ id: "a", v: 0 }] }, { filters: [{ id: "b" }, { id: "a", v: 1 }] }, { filters: [{ id: "a", v: 2 }] }];
  assert.deepEqual([base, theirs, mine, null].map((document) => valueShown(document, "/filters/1/v", [theirs, base])), [0, 1, 2, undefined]);
});
