import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { IDBFactory } from "fake-indexeddb";

import "../dist/legacy.js";
import { MemoryStorage, Server, settled, token } from "./support.js";

const folder = new URL("../", import.meta.url);
const guide = await readFile(new URL("../../docs/zustand.md", folder), "utf8");

for (const name of ["before", "after"]) {
  test(`the guide contains examples/${name}.js verbatim`, async () => {
    const code = await readFile(new URL(`examples/${name}.js`, folder), "utf8");
    assert.ok(guide.includes(code.trim()));
  });
}

test("the guide's store moves the state that persist stored, and saves later changes", async (t) => {
  const server = new Server();
  const storage = new MemoryStorage();
  Object.assign(globalThis, { window: { localStorage: storage }, document: { visibilityState: "visible" }, localStorage: storage, indexedDB: new IDBFactory(), user: { getIdToken: async () => token("user-1") } });
  t.mock.method(globalThis, "fetch", server.fetch);
  t.after(() => Object.assign(globalThis, { window: undefined, document: undefined, localStorage: undefined, indexedDB: undefined, user: undefined }));

  const before = /** @type {any} */ (await import(new URL("examples/before.js", folder).href)).dashboard;
  before.getState().setTheme("dark");
  const kept = storage.getItem("dashboard");
  assert.ok(kept);

  const after = /** @type {any} */ (await import(new URL("examples/after.js", folder).href)).dashboard;
  t.after(() => after.dashkeep.close());
  for (let turn = 0; after.dashkeep.state.status === "loading" && turn < 200; turn += 1) await settled();
  const moved = { chartCustomizations: {}, theme: { id: "dark" } };
  assert.deepEqual(server.versions.map(({ config }) => config), [null, moved]);
  assert.deepEqual(after.getState().theme, { id: "dark" });
  assert.equal(storage.getItem("dashboard"), kept);

  after.getState().setTheme("light");
  await after.dashkeep.save();
  assert.deepEqual(server.config, { ...moved, theme: { id: "light" } });
});

test("the guide names every status", async () => {
  const types = await readFile(new URL("src/types.ts", folder), "utf8");
  const statuses = /export type Status = (.*);/.exec(types)?.[1]?.split(" | ") ?? [];
  assert.ok(statuses.length > 5);
  for (const status of statuses) assert.ok(guide.includes(status), status);
});
