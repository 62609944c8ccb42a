import assert from "node:assert/strict";
import { test } from "node:test";
import { combine, devtools, persist, subscribeWithSelector } from "zustand/middleware";
import { immer } from "zustand/middleware/immer";
import { createStore } from "zustand/vanilla";

import { charts, elsewhere, initializer, stored } from "./stores.js";
import { MemoryStorage, settled, world } from "./support.js";
import { dashkeep } from "../dist/zustand.js";

const LATER = 5_000;

/** The browser's extension, as far as the middleware uses it. @param {import("node:test").TestContext} t */
function extension(t) {
  /** @type {string[]} */
  const actions = [];
  /** @type {any[]} */
  const listeners = [];
  const connection = {
    init() {},
    send: (/** @type {any} */ action) => actions.push(action.type ?? action),
    subscribe: (/** @type {any} */ listener) => listeners.push(listener),
  };
  Object.assign(globalThis, { window: { __REDUX_DEVTOOLS_EXTENSION__: { connect: () => connection } } });
  t.after(() => Object.assign(globalThis, { window: undefined }));
  return { actions, dispatch: (/** @type {any} */ message) => listeners.forEach((listener) => listener(message)) };
}

/** Each order of the middlewares around and inside of this one. @type {Record<string, (options: any) => any>} */
const ORDERS = {
  "dashkeep": (options) => dashkeep(initializer, options),
  "immer(dashkeep)": (options) => immer(dashkeep(initializer, options)),
  "dashkeep(immer)": (options) => dashkeep(immer(initializer), options),
  "devtools(dashkeep)": (options) => devtools(dashkeep(initializer, options), { enabled: true }),
  "dashkeep(devtools)": (options) => dashkeep(devtools(initializer, { enabled: true }), options),
  "subscribeWithSelector(dashkeep)": (options) => subscribeWithSelector(dashkeep(initializer, options)),
  "dashkeep(subscribeWithSelector)": (options) => dashkeep(subscribeWithSelector(initializer), options),
  "devtools(subscribeWithSelector(dashkeep(immer)))": (options) => devtools(subscribeWithSelector(dashkeep(immer(initializer), options)), { enabled: true }),
  "dashkeep(devtools(subscribeWithSelector(immer)))": (options) => dashkeep(devtools(subscribeWithSelector(immer(initializer)), { enabled: true }), options),
  "immer(devtools(dashkeep))": (options) => immer(devtools(dashkeep(initializer, options), { enabled: true })),
};

/** @param {(options: any) => any} order */
async function ordered(order) {
  const made = world();
  made.server.save(charts("c1"));
  /** @type {any} */
  const store = createStore(order({ client: made.client, projectId: "p", legacyKeys: null }));
  await settled();
  return { ...made, store };
}

for (const [name, order] of Object.entries(ORDERS)) {
  test(`a store of ${name} shows, saves, and takes over what arrives`, async (t) => {
    const { actions } = extension(t);
    const made = await ordered(order);
    const { browser, server, store } = made;
    assert.deepEqual(store.getState().chartCustomizations, charts("c1").chartCustomizations);
    store.getState().setChart("c2", { title: "c2" });
    await browser.advance(LATER);
    assert.deepEqual(server.config, charts("c1", "c2"));
    await elsewhere(made, charts("c1", "c3"));
    assert.deepEqual(store.getState().chartCustomizations, charts("c1", "c3").chartCustomizations);
    assert.equal(store.dashkeep.state.status, "clean");
    store.setState({ theme: { id: "dark" } });
    await browser.advance(LATER);
    assert.deepEqual(server.config, { ...charts("c1", "c3"), theme: { id: "dark" } });
    if (name.includes("devtools")) assert.ok(actions.includes("dashkeep/arrived"));
  });
}

for (const name of ["immer(dashkeep)", "dashkeep(immer)", "immer(devtools(dashkeep))"]) {
  test(`a recipe of Immer edits what arrived: ${name}`, async (t) => {
    extension(t);
    const { browser, server, store } = await ordered(/** @type {any} */ (ORDERS[name]));
    store.setState((/** @type {any} */ draft) => {
      draft.chartCustomizations.c1.title = "mine";
      draft.filters = [{ id: "f" }];
    });
    await browser.advance(LATER);
    assert.deepEqual(server.config, { chartCustomizations: { c1: { title: "mine" } }, filters: [{ id: "f" }] });
    store.setState((/** @type {any} */ draft) => {
      draft.filters[0].from = 1;
      delete draft.chartCustomizations.c1;
    });
    await browser.advance(LATER);
    assert.deepEqual(server.config, { chartCustomizations: {}, filters: [{ id: "f", from: 1 }] });
  });
}

for (const name of ["subscribeWithSelector(dashkeep)", "dashkeep(subscribeWithSelector)"]) {
  test(`a selector hears of what arrives, and of nothing else: ${name}`, async () => {
    const made = await ordered(/** @type {any} */ (ORDERS[name]));
    /** @type {unknown[]} */
    const seen = [];
    made.store.subscribe((/** @type {any} */ state) => state.theme.id, (/** @type {unknown} */ id) => seen.push(id));
    await elsewhere(made, charts("c1", "c2"));
    await elsewhere(made, { ...charts("c1"), theme: { id: "dark" } });
    assert.deepEqual(seen, ["dark"]);
  });
}

test("the time travel of devtools is an edit, as any other change of the store", async (t) => {
  const { dispatch } = extension(t);
  const { browser, server } = await ordered(/** @type {any} */ (ORDERS["devtools(dashkeep)"]));
  dispatch({ type: "DISPATCH", payload: { type: "JUMP_TO_STATE" }, state: JSON.stringify({ theme: { id: "dark" } }) });
  await browser.advance(LATER);
  assert.deepEqual(server.config, { ...charts("c1"), theme: { id: "dark" } });
});

test("`persist` keeps what is not the dashboard's, inside and outside of this middleware", async () => {
  for (const isInside of [true, false]) {
    const memory = new MemoryStorage();
    memory.setItem("menu", JSON.stringify({ state: { isMenuOpen: true }, version: 0 }));
    const kept = /** @type {any} */ ({ name: "menu", storage: { getItem: (/** @type {string} */ name) => JSON.parse(memory.getItem(name)), setItem: (/** @type {string} */ name, /** @type {any} */ value) => memory.setItem(name, JSON.stringify(value)), removeItem() {} }, partialize: (/** @type {any} */ { isMenuOpen }) => ({ isMenuOpen }) });
    const { server, browser, store, doc } = await (isInside
      ? stored({ saved: charts("c1"), state: persist(initializer, kept) })
      : stored({ saved: charts("c1"), wrap: (/** @type {any} */ creator) => persist(creator, kept) }));
    assert.deepEqual([store.getState().isMenuOpen, doc.state.status, Object.keys(store.getState().chartCustomizations)], [true, "clean", ["c1"]]);
    store.getState().toggleMenu();
    store.getState().setTheme("dark");
    await browser.advance(LATER);
    assert.deepEqual(server.config, { ...charts("c1"), theme: { id: "dark" } });
    assert.deepEqual(JSON.parse(memory.getItem("menu")).state, { isMenuOpen: false });
  }
});

test("`combine` makes the state", async () => {
  const { server, browser, store } = await stored({
    saved: charts("c1"),
    state: combine({ chartCustomizations: {}, theme: { id: "light" } }, (set) => ({ setTheme: (/** @type {string} */ id) => set({ theme: { id } }) })),
  });
  store.getState().setTheme("dark");
  await browser.advance(LATER);
  assert.deepEqual(server.config, { ...charts("c1"), theme: { id: "dark" } });
});
