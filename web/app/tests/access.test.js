// Whose a dashboard is, and the roles that a browser remembers.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const stored = new Map();
globalThis.localStorage = { getItem: (key) => stored.get(key) ?? null, setItem: (key, text) => stored.set(key, text) };
const { isShared, knownRole, rememberRole } = await import("../access.js");

// base64url of `ada` and of `ad`.
const ADAS = "YWRh~sales";
const ADS = "YWQ~sales";

beforeEach(() => stored.clear());

test("a dashboard is another user's by its address alone", () => {
  assert.deepEqual(["sales", ADAS, ADS].map((project) => isShared(project, "ada")), [false, false, true]);
  assert.deepEqual(["sales", ADAS, ADS].map((project) => isShared(project, "ad")), [false, true, false]);
});

test("a role is remembered for one user and one dashboard", () => {
  rememberRole(ADAS, "ad", "editor");
  assert.deepEqual([knownRole(ADAS, "ad"), knownRole(ADAS, "eve"), knownRole(ADS, "ad")], ["editor", null, null]);
  rememberRole(ADAS, "ad", "viewer");
  assert.equal(knownRole(ADAS, "ad"), "viewer");
  rememberRole(ADAS, "ad", null);
  assert.equal(knownRole(ADAS, "ad"), null);
});

test("a hundred roles are remembered, those of the dashboards that were opened last", () => {
  for (let number = 0; number < 120; number += 1) rememberRole(`YWRh~${number}`, "ad", "viewer");
  assert.deepEqual([knownRole("YWRh~19", "ad"), knownRole("YWRh~20", "ad"), knownRole("YWRh~119", "ad")], [null, "viewer", "viewer"]);
});

test("what something else has stored there is no role", () => {
  stored.set("dashkeep.roles", "not JSON");
  assert.equal(knownRole(ADAS, "ad"), null);
  stored.set("dashkeep.roles", "null");
  rememberRole(ADAS, "ad", "viewer");
  assert.equal(knownRole(ADAS, "ad"), "viewer");
});
