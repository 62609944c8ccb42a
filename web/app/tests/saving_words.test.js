// How the page words the state of saving and what is wrong with it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { reasonInWords, statusInWords, troubleOf } from "../saving_words.js";

const CONFIG = { chartCustomizations: { a: { title: "Revenue" } } };
const STATE = { status: "clean", version: 3, updatedAt: new Date().toISOString(), isDirty: false, origin: "network", error: null, config: CONFIG };
const OFFLINE = { isTemporary: true, status: 0, code: "network", message: "unused" };
const SIGNED_OUT = { isTemporary: true, status: 401, code: "unauthorized", message: "Your session has ended." };
const KNOWN = { isUnkept: false, isDeleted: false };

const says = (changed, known) => statusInWords({ ...STATE, ...changed }, { ...KNOWN, ...known });
const tells = (changed, known) => troubleOf({ ...STATE, ...changed }, { ...KNOWN, ...known })?.text ?? "";
const kindOf = (changed, known) => troubleOf({ ...STATE, ...changed }, { ...KNOWN, ...known })?.kind ?? null;

test("only a clean dashboard with a version is called saved", () => {
  assert.equal(says({}), "Saved just now");
  assert.equal(says({ updatedAt: null }), "Saved");
  assert.equal(says({ version: 0, updatedAt: null }), "Nothing to save");
  for (const status of ["loading", "corrected", "dirty", "saving", "offline", "failed", "conflict"]) {
    for (const isDirty of [true, false]) assert.doesNotMatch(says({ status, isDirty, error: OFFLINE }), /^Saved/);
  }
  assert.doesNotMatch(says({}, { isDeleted: true }), /^Saved/);
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
  assert.match(says({ status: "dirty", isDirty: true }, { isUnkept: true }), /not stored in this browser yet/);
  for (const status of ["offline", "failed", "conflict"]) {
    const changed = { status, isDirty: true, error: OFFLINE };
    assert.match(tells(changed), /kept in this browser\.$/);
    assert.match(tells(changed, { isUnkept: true }), /not stored in this browser yet: keep this page open\.$/);
  }
});

test("signed out, offline, deleted and refused are distinguished, with and without edits", () => {
  const failed = (error, isDirty = true) => ({ status: "failed", isDirty, error });
  assert.equal(says(failed(SIGNED_OUT)), "Signed out, not saved yet");
  assert.equal(tells(failed(SIGNED_OUT)), "Your session has ended. Your changes are kept in this browser.");
  assert.equal(tells(failed(SIGNED_OUT, false)), "Your session has ended. You are seeing the last known version.");
  assert.equal(kindOf(failed({ code: "user-changed", message: "Someone else has signed in." })), "user-changed");
  assert.equal(says({ isDirty: true, status: "dirty" }, { isDeleted: true }), "Deleted, not saved");
  assert.equal(tells({}, { isDeleted: true }), "This dashboard was deleted. You are seeing the last known version.");
  assert.equal(says(failed({ status: 413, code: "config-too-large", problem: {} })), "Not saved");
  assert.equal(says(failed({ status: 503, code: "storage-unavailable" }, false)), "Not up to date");
});

test("the end of access to another user's dashboard says what becomes of edits, and not whether it was deleted", () => {
  const gone = { isDeleted: true, isShared: true };
  assert.deepEqual([says({ isDirty: true, status: "failed" }, gone), says({ status: "failed" }, gone)], ["No access, not saved", "No access"]);
  assert.equal(tells({ isDirty: true, status: "failed" }, gone), "This dashboard is no longer shared with you, or it was deleted. Your changes are kept in this browser.");
  assert.equal(kindOf({}, { isShared: true }), null);
});

test("a token that cannot be requested without a network means offline, not signed out", () => {
  const failed = (cause) => ({ status: "failed", isDirty: true, error: { code: "token", cause, message: "You could not be signed in." } });
  assert.equal(kindOf(failed(new TypeError("Failed to fetch"))), "offline");
  assert.equal(kindOf(failed(new DOMException("signal timed out", "TimeoutError"))), "offline");
  assert.equal(kindOf(failed(new Error("/local/token returned 500"))), "signed-out");
});

test("each refusal says why, without a status or a pointer, and what happens next", () => {
  const refused = (status, code, problem = {}, retryAfter = undefined) => reasonInWords({ status, code, problem, retryAfter, message: "The server's message." }, CONFIG);
  const errors = [{ pointer: "/chartCustomizations/a/title", message: "This must be a string." }];
  assert.equal(refused(422, "invalid-config", { errors }), "Revenue › Title: This must be a string. Change this, then save again.");
  assert.equal(refused(422, "unsafe-text", { errors }), "A browser could run this text as a program: Revenue › Title. Change it, then save again.");
  const tooLarge = { actualBytes: 300_043, limitBytes: 262_144, largest: [{ pointer: "/chartCustomizations/a", bytes: 200_000 }] };
  assert.equal(refused(413, "config-too-large", tooLarge), "The dashboard is too large: 300 KB, and 262.1 KB are allowed. The largest part is “Revenue”. Remove something, then save again.");
  assert.match(refused(403, "forbidden"), /^You can view this dashboard, not change it/);
  assert.match(refused(403, "quota-exceeded"), /^Your storage is used up\. Delete dashboards/);
  assert.match(refused(429, "rate-limited", {}, 42), /too many requests.*in 42 seconds\.$/);
  assert.match(refused(503, "storage-unavailable", {}, 90), /The server has a problem\. The page will try again in about 2 minutes\.$/);
  assert.match(refused(502, "http-502", null), /The server has a problem\. The page will try again soon\.$/);
  assert.equal(refused(409, "other"), "The server's message.");
});

test("nothing is shown while nothing is wrong", () => {
  for (const status of ["loading", "clean", "corrected", "dirty", "saving"]) assert.equal(kindOf({ status, isDirty: true }), null);
});
