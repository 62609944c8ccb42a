import assert from "node:assert/strict";
import { test } from "node:test";
import { createStore } from "zustand/vanilla";

import { dashkeep } from "../zustand.js";
import { CONFIG, settled, titled, world } from "./support.js";

/** A store as in an application, with config and other state. @param {any} [given] */
async function store(given) {
  const made = world(given);
  if (!given) made.server.versions.push(CONFIG);
  const creator = dashkeep(
    (/** @type {any} */ set) => ({
      chartCustomizations: {},
      isMenuOpen: false,
      retitle: (/** @type {string} */ title) => set(titled(title)),
      toggleMenu: () => set((/** @type {any} */ state) => ({ isMenuOpen: !state.isMenuOpen })),
    }),
    { client: made.client, projectId: "p" },
  );
  const created = /** @type {any} */ (createStore(/** @type {any} */ (creator)));
  await settled();
  return { ...made, store: created };
}

test("a store starts with the server's config", async () => {
  const { store: created } = await store();
  assert.deepEqual(created.getState().chartCustomizations, CONFIG.chartCustomizations);
  assert.equal(created.dashkeep.state.status, "clean");
});

test("changes of the config's members are saved, and no other changes", async () => {
  const { server, browser, store: created } = await store();
  created.getState().toggleMenu();
  await browser.advance(5_000);
  assert.equal(server.version, 1);
  created.getState().retitle("mine");
  assert.equal(created.dashkeep.state.status, "dirty");
  await browser.advance(5_000);
  assert.deepEqual(server.versions.at(-1), titled("mine"));
});

test("a save does not change the store and causes no re-render", async () => {
  const { store: created } = await store();
  created.getState().retitle("mine");
  let changes = 0;
  created.subscribe(() => (changes += 1));
  await created.dashkeep.save();
  assert.deepEqual([created.dashkeep.state.status, changes], ["clean", 0]);
});

test("state that the server lacks is saved with the next edit and causes no save by itself", async () => {
  const { server, browser, store: created } = await store();
  created.setState({ theme: { id: "light" } });
  await browser.advance(5_000);
  server.versions.push(titled("theirs"));
  await browser.advance(10_000);
  await browser.happens("focus");
  created.getState().toggleMenu();
  await browser.advance(10_000);
  assert.equal(server.requests.filter(({ method }) => method === "PUT").length, 1);
  created.getState().retitle("mine");
  await browser.advance(10_000);
  assert.deepEqual(server.versions.at(-1), { ...titled("mine"), theme: { id: "light" } });
});

test("a save from another device updates the store and is not saved back", async () => {
  const { server, browser, store: created } = await store();
  created.getState().toggleMenu();
  server.versions.push(titled("theirs"));
  await browser.advance(10_000);
  await browser.happens("focus");
  await browser.advance(10_000);
  assert.deepEqual(created.getState().chartCustomizations, titled("theirs").chartCustomizations);
  assert.equal(created.getState().isMenuOpen, true);
  assert.equal(server.requests.filter(({ method }) => method === "PUT").length, 0);
});
