/** Three-way merges by the server's rules: the tables of cases in `tests/support/inputs` are read by the server's tests too. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import fc from "fast-check";

import { valueOf as valueShown } from "../dist/index.js";
import { identityOf, valueOf } from "../dist/identity.js";
import { isEqual, toJson } from "../dist/json.js";
import { merge } from "../dist/merge.js";
import { json } from "./arbitrary.js";

/** @type {{ rule: string, base: any, theirs: any, mine: any, merged: any, conflicts: string[] }[]} */
const CASES = JSON.parse(await readFile(new URL("../../../tests/support/inputs/merge_cases.json", import.meta.url), "utf8"));

/** @type {{ rule: string, base: any, theirs: any, mine: any, merged?: any, conflicts: string[], adjusted?: string[] }[]} */
const DASHBOARDS = JSON.parse(await readFile(new URL("../../../tests/support/inputs/dashboard_merge_cases.json", import.meta.url), "utf8"));

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

for (const { rule, base, theirs, mine, merged, conflicts, adjusted = [] } of DASHBOARDS) {
  test(`the server's case: ${rule}`, () => {
    const made = merge(...sides(base, theirs, mine));
    if (merged !== undefined) assert.deepEqual(made.document, toJson(merged));
    assert.deepEqual([...made.conflicts].sort(), [...conflicts].sort());
    assert.deepEqual(made.adjusted, adjusted);
  });
}

test("each side can be preferred where what both did does not go together", () => {
  const charts = (/** @type {string[]} */ ids) => ids.map((id) => ({ id, title: id }));
  const filters = (/** @type {string[]} */ ids) => ids.map((chart) => ({ id: `of-${chart}`, chart }));
  const [base, theirs, mine] = sides(
    { charts: charts(["a", "b", "c"]), filters: filters(["b"]) },
    { charts: charts(["b", "c"]), filters: filters(["b"]) },
    { charts: [{ id: "a", title: "a" }, { id: "b", title: "mine" }, { id: "c", title: "c" }], filters: filters(["b", "a"]) },
  );
  const conflicts = ["/charts/0", "/filters/1"];
  const kept = { charts: [{ id: "b", title: "mine" }, { id: "c", title: "c" }], filters: filters(["b"]) };
  // "/charts/0" is the deleted chart in the base and another one in theirs, whose edit is not disputed.
  assert.deepEqual(merge(base, theirs, mine), { document: toJson(kept), conflicts, adjusted: [] });
  assert.deepEqual(merge(base, theirs, mine, "mine"), { document: mine, conflicts, adjusted: [] });
  assert.deepEqual(merge(base, mine, theirs, "theirs").document, mine);
  assert.deepEqual(merge(base, mine, theirs, "mine").document, toJson(kept));

  const tabs = (/** @type {string[][]} */ ...all) => all.map((items, number) => ({ id: `t${number}`, items: items.map((id) => ({ id })) }));
  const moved = sides(tabs(["e"], [], []), tabs([], ["e"], []), tabs([], [], ["e"]));
  assert.deepEqual(merge(...moved).document, moved[1]);
  assert.deepEqual(merge(...moved, "mine").document, moved[2]);

  const placed = (/** @type {number} */ x, /** @type {number} */ w, title = "") => ({ a: { x, y: 0, w, h: 4 }, b: { x: 0, y: 4, w: 12, h: 4, title } });
  const widened = sides(placed(0, 6), placed(0, 12, "new"), placed(6, 6));
  assert.deepEqual(merge(...widened).document, widened[1]);
  assert.deepEqual(merge(...widened, "mine").document, toJson(placed(6, 6, "new")));
});

/** @type {(check: (base: any, theirs: any, mine: any) => void) => void} */
const forAny = (check) => fc.assert(fc.property(json, json, json, (...given) => check(...sides(...given))));

test("what one side left alone is the other side's", () => {
  forAny((base, theirs) => {
    assert.ok(isEqual(merge(base, theirs, base).document, theirs));
    assert.ok(isEqual(merge(base, base, theirs).document, theirs));
    assert.deepEqual(merge(base, theirs, theirs), { document: theirs, conflicts: [], adjusted: [] });
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
  assert.deepEqual(merge(base, theirs, mine), { document: { a: 2, b: { c: 2, d: 2 }, list: [1, 2], theirs: 1 }, conflicts: ["/b/c", "/list"], adjusted: [] });
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
  assert.deepEqual(made, { document: { a: 2, b: { c: 3 }, list: [{ id: 3, v: 1 }, { id: 1 }, { id: 2 }], d: 1 }, conflicts: asked, adjusted: [] });
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
    assert.equal(JSON.stringify(merge(...sides(base, theirs, mine))), JSON.stringify({ document: merged, conflicts: [], adjusted: [] }));
});

test("at the places that the server disputes, the preferred side's value is taken as a whole", () => {
  const [base, theirs, mine] = sides({ a: { x: 1, y: 1 } }, { a: { x: 2, y: 1 } }, { a: { x: 1, y: 2 } });
  assert.deepEqual(merge(base, theirs, mine).document, { a: { x: 2, y: 2 } });
  assert.deepEqual(merge(base, theirs, mine, "mine", ["/a"]).document, mine);
  assert.deepEqual(merge(base, theirs, mine, "theirs", ["/a"]).document, theirs);
});

test("what is disputed is decided, also if mine has returned to the base, and what they deleted comes back", () => {
  const [base, theirs, mine] = sides({ charts: { a: { x: { y: 1 } }, b: 1 }, f: [{ id: 1 }, { id: 2 }], o: 1 }, { charts: { b: 1 }, f: [{ id: 2 }], o: 2 }, { charts: { a: { x: { y: 1 } }, b: 1 }, f: [{ id: 1 }, { id: 2 }], o: 1 });
  const disputed = ["/charts/a", "/f/0"];
  assert.deepEqual(merge(base, theirs, mine, "mine", disputed), { document: toJson({ .../** @type {any} */ (mine), o: 2 }), conflicts: disputed, adjusted: [] });
  assert.deepEqual(merge(base, theirs, mine, "theirs", disputed).document, theirs);
  assert.deepEqual(merge(base, theirs, mine, (pointer) => (pointer === "/f/0" ? "mine" : "theirs"), disputed).document, { .../** @type {any} */ (theirs), f: [{ id: 1 }, { id: 2 }] });
});

test("a disputed value does not bring back what is beside it, nor what is inside a value that they deleted", () => {
  const [base, theirs, mine] = sides({ a: { b: { c: 1, d: 1 }, e: 1 }, g: { h: 1 } }, { a: { b: { c: 2, d: 2 }, e: 2 } }, { a: { b: { c: 1, d: 1 }, e: 1 }, g: { h: 1 } });
  assert.deepEqual(merge(base, theirs, mine, "mine", ["/a/b/c", "/g/h"]).document, { a: { b: { c: 1, d: 2 }, e: 2 } });
});

test("a pointer that names two elements that they changed takes back neither", () => {
  const [base, theirs, mine] = sides({ f: [{ id: 1 }, { id: 2 }] }, { f: [{ id: 2, v: 1 }] }, { f: [{ id: 1 }, { id: 2 }] });
  assert.deepEqual(merge(base, theirs, mine, "mine", ["/f/0"]), { document: theirs, conflicts: [], adjusted: [] });
});

test("pointers of nothing disputed change no merge", () => {
  const pointers = fc.array(fc.constantFrom("/a/none", "/b/0/none", "/0/none", "/none"));
  fc.assert(fc.property(json, json, json, pointers, (...[base, theirs, mine, disputed]) => assert.deepEqual(merge(...sides(base, theirs, mine), "theirs", disputed), merge(...sides(base, theirs, mine)))));
});

const placed = (/** @type {any} */ place) => ({ x: 0, y: 0, w: 2, h: 2, title: "a", ...place });
/** Their place or size, mine, and what the merge has of each side. @type {[string, any, any, any, any, string[]][]} */
const PLACES = [
  ["both move it, on different axes", { x: 4 }, { y: 4, title: "b" }, { x: 4, title: "b" }, { y: 4, title: "b" }, ["/p"]],
  ["both resize it, in different directions", { w: 4 }, { h: 4 }, { w: 4 }, { h: 4 }, ["/p"]],
  ["both do both", { x: 4, w: 4 }, { y: 4, h: 4 }, { x: 4, w: 4 }, { y: 4, h: 4 }, ["/p"]],
  ["both move it alike", { x: 4 }, { x: 4, title: "b" }, { x: 4, title: "b" }, { x: 4, title: "b" }, []],
];
for (const [what, theirs, mine, withTheirs, withMine, conflicts] of PLACES) {
  test(`where something stands is one value, and its size is one: ${what}`, () => {
    const given = sides({ p: placed({}) }, { p: placed(theirs) }, { p: placed(mine) });
    assert.deepEqual(merge(...given), { ...merge(...given), document: { p: placed(withTheirs) }, conflicts });
    assert.deepEqual(merge(...given, "mine").document, { p: placed(withMine) });
  });
}

test("a place that is disputed is that of the side chosen, with its size, and what is beside it merges", () => {
  const given = sides({ p: placed({}) }, { p: placed({ x: 4, title: "b" }) }, { p: placed({ w: 3 }) });
  assert.deepEqual(merge(...given, "theirs", ["/p"]).document, { p: placed({ x: 4, title: "b" }) });
  assert.deepEqual(merge(...given, "mine", ["/p"]).document, { p: placed({ w: 3, title: "b" }) });
});

/** Base, theirs, mine, and the outcome; null is a conflict. @type {[any[], any[], any[], any[] | null][]} */
const TEXTS = [
  [["a", "b"], ["a", "b", "c"], ["d", "a", "b"], ["d", "a", "b", "c"]],
  [["a", "b"], ["a", "b", "d"], ["a", "b", "c"], ["a", "b", "c", "d"]],
  [["a", "b", "c"], ["a", "c"], ["a", "x", "b", "c"], ["a", "x", "c"]],
  [["a", "b", "c"], ["a", "b"], ["b", "c"], ["b"]],
  [["a", "b"], ["a", "c"], ["a", "b", "d"], null],
  [["a", "b"], ["b", "a", "c"], ["a", "b", "d"], null],
  [[], ["a"], ["b"], null],
  [["a"], ["a", "b", "b"], ["a", "c"], null],
  [["a", 1], ["a", 1, "b"], ["a", 1, "c"], null],
];
for (const [base, theirs, mine, merged] of TEXTS) {
  test(`texts merge as sets where each side only added or only removed: ${JSON.stringify([base, theirs, mine])}`, () => {
    const made = merge(...sides({ t: base }, { t: theirs }, { t: mine }));
    assert.deepEqual([made.document, made.conflicts], [{ t: merged ?? theirs }, merged ? [] : ["/t"]]);
    assert.deepEqual(merge(...sides({ t: base }, { t: mine }, { t: theirs })).document, { t: merged ?? mine });
  });
}

test("long arrays merge in linear time", () => {
  const list = (/** @type {string} */ prefix) => Array.from({ length: 20_000 }, (_, id) => ({ id: `${prefix}${id}` }));
  // The time of the processor, because other programs may have most of it: quadratic, it would be minutes.
  const began = process.cpuUsage();
  assert.equal(/** @type {any} */ (merge(...sides([], list("a"), list("b"))).document).length, 40_000);
  assert.ok(process.cpuUsage(began).user < 4_000_000);
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
