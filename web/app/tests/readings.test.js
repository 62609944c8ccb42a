// What a reading makes of a text, how that is offered, and what a change of the columns sends.
import assert from "node:assert/strict";
import { test } from "node:test";

import { changesOf, readingInWords, valueOf } from "../readings.js";

const german = { type: "number", format: { decimal: ",", group: "." } };
const date = (format) => ({ type: "date", format });
const datetime = (format) => ({ type: "datetime", format });

/** @type {[string, object, string | null][]} */
const VALUES = [
  ["1.234,50", german, "1234.5"],
  ["-1.234.567,5", german, "-1234567.5"],
  ["12,50-", german, "-12.5"],
  ["−3,5", german, "-3.5"],
  ["1 234,5", { type: "number", format: { decimal: ",", group: " " } }, "1234.5"],
  ["1'234.5", { type: "number", format: { group: "'" } }, "1234.5"],
  ["1.40", { type: "number" }, "1.4"],
  ["+1", { type: "integer" }, "1"],
  ["007", { type: "integer" }, "7"],
  ["12345678901234567890", { type: "integer" }, "12345678901234567890"],
  ["1.234", { type: "integer", format: { group: "." } }, "1234"],
  ["abc", german, null],
  ["1,234,5…", { type: "number", format: { group: "," } }, null],
  ["31.12.2026", date("d.M.yyyy"), "2026-12-31"],
  ["3/4/26", date("d/M/yy"), "2026-04-03"],
  ["3/4/69", date("M/d/yy"), "1969-03-04"],
  ["24-Nov-2026", date("d-MMM-yyyy"), "2026-11-24"],
  ["24 November 2026", date("d MMMM yyyy"), "2026-11-24"],
  ["2026.11.24", date("yyyy'.'MM'.'dd"), "2026-11-24"],
  ["31/12/2026 9:05", datetime("d/M/yyyy H:mm"), "2026-12-31T09:05:00"],
  ["12/31/2026 12:05:09 AM", datetime("M/d/yyyy h:mm:ss a"), "2026-12-31T00:05:09"],
  ["12/31/2026 1:05 pm", datetime("M/d/yyyy h:mm a"), "2026-12-31T13:05:00"],
  ["2026-12-31", date("d.M.yyyy"), null],
  ["text", { type: "string" }, null],
];
for (const [text, reading, value] of VALUES) {
  test(`${text} read as ${JSON.stringify(reading)} is ${value}`, () => assert.equal(valueOf(text, reading), value));
}

test("a reading is offered with what it makes of the cell, and with its format where that is unknown", () => {
  assert.equal(readingInWords("1.234,50", german), "Read as number: 1.234,50 → 1234.5");
  assert.equal(readingInWords("3/4/2026", date("d/M/yyyy")), "Read as date: 3/4/2026 → 2026-04-03");
  assert.equal(readingInWords("3/4/20…", date("d/M/yyyy")), "Read as date (d/M/yyyy)");
  assert.equal(readingInWords("x", { type: "boolean", format: { true: "ja", false: "nein" } }), "Read as true or false");
});


// --- changes ---

const SCHEMA = { columnNames: ["a", "b", "c"], columnTypes: { a: "string", b: "number", c: "date" }, columnFormats: { b: { decimals: 2 }, c: "dd.MM.yyyy" } };
const ENTRIES = [{ name: "a", type: "string" }, { name: "b", type: "number" }, { name: "c", type: "date", format: "dd.MM.yyyy" }];
const changed = (index, change) => changesOf(SCHEMA, ENTRIES.map((entry, at) => (at === index ? { ...entry, ...change } : entry)));

test("nothing is sent of what was not changed, decimals that the server remembers included", () => {
  assert.deepEqual(changesOf(SCHEMA, ENTRIES), {});
});

test("a whole number's decimal sign is nobody's change", () => {
  const schema = { columnNames: ["a"], columnTypes: { a: "integer" }, columnFormats: { a: { decimal: ",", group: "." } } };
  assert.deepEqual(changesOf(schema, [{ name: "a", type: "integer", format: { group: "." } }]), {});
  assert.deepEqual(changesOf(schema, [{ name: "a", type: "integer" }]), { a: { type: "integer" } });
});

test("a name alone does not change how a column is read, and the other way round", () => {
  assert.deepEqual(changed(1, { name: "Price" }), { b: { name: "Price" } });
  assert.deepEqual(changed(0, { type: "number", format: { decimal: "," } }), { a: { type: "number", format: { decimal: "," } } });
});

test("a format is sent with its type, and left out to return to the usual one", () => {
  assert.deepEqual(changed(1, { format: { decimal: ",", group: "." } }), { b: { type: "number", format: { decimal: ",", group: "." } } });
  assert.deepEqual(changed(2, { format: undefined }), { c: { type: "date" } });
  assert.deepEqual(changed(2, { type: "string", format: undefined }), { c: { type: "string" } });
});
