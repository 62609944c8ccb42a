// How the page words the state of a dashboard and what is wrong with it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { size, statusInWords, tableErrorInWords, troubleInWords } from "../words.js";

const STATE = { status: "clean", version: 3, updatedAt: new Date().toISOString(), isDirty: false, origin: "network", error: null };
const OFFLINE = { isTemporary: true, status: 0, message: "The server cannot be reached." };

const says = (changed, isUnkept = false) => statusInWords({ ...STATE, ...changed }, isUnkept);
const tells = (changed, isUnkept = false) => troubleInWords({ ...STATE, ...changed }, isUnkept);

test("only a clean dashboard with a version is called saved", () => {
  assert.equal(says({}), "Saved just now");
  assert.equal(says({ updatedAt: null }), "Saved");
  assert.equal(says({ version: 0, updatedAt: null }), "Nothing to save");
  for (const status of ["loading", "corrected", "dirty", "saving", "offline", "failed", "conflict"]) {
    for (const isDirty of [true, false]) assert.doesNotMatch(says({ status, isDirty }), /^Saved/);
  }
});

test("a correction is named as what nobody has to save", () => {
  assert.equal(says({ status: "corrected" }), "Layout adjusted, saved with your next change");
});

test("a copy is distinguished from a dashboard that is still empty while the server is asked", () => {
  assert.equal(says({ status: "loading", origin: null }), "Loading…");
  assert.equal(says({ status: "loading", origin: "cache" }), "Looking for changes…");
  assert.equal(says({ status: "loading", origin: "cache", isDirty: true }), "Not saved yet");
});

test("edits that this browser has not stored are never called kept", () => {
  assert.match(says({ status: "dirty", isDirty: true }, true), /not stored in this browser yet/);
  for (const status of ["offline", "failed", "conflict"]) {
    const changed = { status, isDirty: true, error: OFFLINE };
    assert.match(tells(changed), /kept in this browser\.$/);
    assert.match(tells(changed, true), /not stored in this browser yet: keep this page open\.$/);
  }
});

test("an error is shown in its own words, and a request that the page repeats is named as such", () => {
  const busy = { isTemporary: true, status: 503, message: "The database cannot be reached." };
  const refused = { isTemporary: false, status: 413, message: "The config is too large." };
  const signedOut = { isTemporary: true, status: 401, message: "Your session has ended." };
  const failed = (error, isDirty = true) => tells({ status: "failed", isDirty, error });
  assert.equal(failed(busy), "Your changes are not saved. The database cannot be reached. The page will try again. Your changes are kept in this browser.");
  assert.equal(failed(refused), "Your changes are not saved. The config is too large. Your changes are kept in this browser.");
  assert.equal(failed(signedOut, false), "The dashboard is not up to date. Your session has ended. You are seeing the last known version.");
});

test("nothing is shown while nothing is wrong", () => {
  for (const status of ["loading", "clean", "corrected", "dirty", "saving"]) assert.equal(tells({ status, isDirty: true }), "");
});

test("an error of a table names the cells in words, and not all of hundreds", () => {
  const says = (...errors) => tableErrorInWords({ message: "unused", problem: { detail: "The file is not valid.", errors } });
  assert.equal(says({ pointer: "", message: "Row 2, column 2: no number." }), "The file is not valid. Row 2, column 2: no number.");
  assert.equal(says({ pointer: "/columns/a~1b", message: "“x” is not a number." }), "The file is not valid. Column “a/b”: “x” is not a number.");
  assert.equal(says({ pointer: "/rawData/4/Umsatz", message: "“x” is not a number." }), "The file is not valid. Row 5, column “Umsatz”: “x” is not a number.");
  assert.equal(says({ pointer: "/rawData/4", message: "No object." }), "The file is not valid. Row 5: No object.");
  assert.match(says(...Array(8).fill({ pointer: "", message: "Wrong." })), /^The file is not valid\.( Wrong\.){5} And 3 others\.$/);
  assert.equal(tableErrorInWords({ message: "The server cannot be reached.", problem: null }), "The server cannot be reached.");
});

test("sizes are in kilobytes and megabytes", () => {
  assert.deepEqual([1_500, 98_140_000].map(size), ["1.5 KB", "98.1 MB"]);
});
