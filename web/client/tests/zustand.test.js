import assert from "node:assert/strict";
import { test } from "node:test";

import { Browser, Server, settled, token } from "./support.js";
import { charts, elsewhere, history, initializer, shown, stored } from "./stores.js";

const LATER = 5_000;

test("a store shows the server's config, and keeps its own state and actions", async () => {
  const { store, doc } = await stored({ saved: { ...charts("c1"), theme: { id: "dark" } } });
  assert.deepEqual(shown(store), { ...charts("c1"), theme: { id: "dark" } });
  assert.equal(store.getState().isMenuOpen, false);
  assert.equal(typeof store.getState().setTheme, "function");
  assert.equal(doc.state.status, "clean");
});

test("a change of a config's member is saved by itself", async () => {
  const { server, browser, store, doc } = await stored({ saved: charts("c1") });
  store.getState().setChart("c2", { title: "c2" });
  assert.equal(doc.state.status, "dirty");
  await browser.advance(LATER);
  assert.deepEqual(server.config, charts("c1", "c2"));
  assert.equal(doc.state.status, "clean");
});

test("a change of anything else is not an edit, in a project without a config neither", async () => {
  for (const saved of [charts("c1"), undefined]) {
    const { server, browser, store, doc } = await stored({ saved });
    store.getState().toggleMenu();
    assert.equal(doc.state.status, "clean");
    await browser.advance(LATER);
    assert.equal(server.requests.length, 1);
  }
});

test("a change of anything else before the load ends is not an edit", async () => {
  const { server, browser, store, doc } = await stored({ state: (/** @type {any} */ set, /** @type {any} */ get) => {
    queueMicrotask(() => get().toggleMenu());
    return initializer(set, get);
  } });
  await browser.advance(LATER);
  assert.equal(store.getState().isMenuOpen, true);
  assert.deepEqual([doc.state.status, history(server)], ["clean", []]);
});

test("a save changes no state and renders nothing", async () => {
  const { store, doc } = await stored({ saved: charts("c1") });
  store.getState().setTheme("dark");
  let changes = 0;
  store.subscribe(() => (changes += 1));
  await doc.save();
  assert.deepEqual([doc.state.status, changes], ["clean", 0]);
});

test("initial values that nobody touched are never saved", async () => {
  const { server, browser, store } = await stored({ saved: charts("c1") });
  await browser.advance(LATER);
  store.getState().setChart("c2", { title: "c2" });
  await browser.advance(LATER);
  assert.deepEqual(history(server), [charts("c1"), charts("c1", "c2")]);
  assert.deepEqual(store.getState().theme, { id: "light" });
});

test("the first edit in a project without a config saves the member that it touches, whole", async () => {
  const { server, browser, store } = await stored({ state: (/** @type {any} */ set, /** @type {any} */ get) => ({ ...initializer(set, get), ...charts("c1", "c2") }) });
  store.getState().setChart("c1", { title: "mine" });
  await browser.advance(LATER);
  assert.deepEqual(server.config, { chartCustomizations: { c1: { title: "mine" }, c2: { title: "c2" } } });
  assert.deepEqual(store.getState().chartCustomizations, server.config.chartCustomizations);
});

test("an initial chart that was deleted in a project without a config is gone after a reload", async () => {
  const state = (/** @type {any} */ set, /** @type {any} */ get) => ({ ...initializer(set, get), ...charts("c1", "c2") });
  const { server, browser, store } = await stored({ state });
  store.setState(charts("c1"));
  await browser.advance(LATER);
  const { store: reloaded } = await stored({ server, state });
  assert.deepEqual(reloaded.getState().chartCustomizations, charts("c1").chartCustomizations);
});

test("taking away the last initial chart is an edit, though nothing is left to save", async () => {
  const state = (/** @type {any} */ set, /** @type {any} */ get) => ({ ...initializer(set, get), ...charts("c1") });
  const { server, browser, store } = await stored({ state });
  store.setState({ chartCustomizations: {} });
  await browser.advance(LATER);
  assert.deepEqual([history(server), store.getState().chartCustomizations], [[{ chartCustomizations: {} }], {}]);
});

test("what is shown after the first edit is what was saved: initial charts go when the edit is elsewhere", async () => {
  const { server, browser, store, doc } = await stored({ state: (/** @type {any} */ set, /** @type {any} */ get) => ({ ...initializer(set, get), ...charts("c1") }) });
  store.getState().setTheme("dark");
  await browser.advance(LATER);
  assert.equal(doc.state.status, "clean");
  assert.deepEqual(server.config, { chartCustomizations: {}, theme: { id: "dark" } });
  assert.deepEqual(shown(store), server.config);
});

for (const [what, saved] of /** @type {[string, any][]} */ ([["a config", { ...charts("c1"), theme: { id: "blue" }, filters: [{ id: "f" }] }], ["no config", undefined]])) {
  test(`early edits are put onto what loads: ${what}`, async () => {
    const { server, browser, store, doc } = await stored({ saved, state: (/** @type {any} */ set, /** @type {any} */ get) => {
      queueMicrotask(() => get().setChart("early", { title: "early" }));
      return initializer(set, get);
    } });
    await browser.advance(LATER);
    const merged = { ...saved, chartCustomizations: { ...saved?.chartCustomizations, early: { title: "early" } } };
    assert.deepEqual(server.config, merged);
    assert.deepEqual(shown(store), { theme: { id: "light" }, ...merged });
    assert.equal(doc.state.status, "clean");
  });
}

test("an early edit in a project without a config saves the member that it touches, whole", async () => {
  const { server, browser, store, doc } = await stored({ state: (/** @type {any} */ set, /** @type {any} */ get) => {
    queueMicrotask(() => set(charts("c2")));
    return { ...initializer(set, get), ...charts("c1", "c2") };
  } });
  await browser.advance(LATER);
  assert.deepEqual([doc.state.status, server.config], ["clean", charts("c2")]);
  assert.deepEqual(shown(store), { ...charts("c2"), theme: { id: "light" } });
  store.getState().setChart("c2", { title: "mine" });
  await browser.advance(LATER);
  assert.deepEqual(server.config, { chartCustomizations: { c2: { title: "mine" } } });
});

test("an early edit that was taken back is not an edit", async () => {
  const { server, browser, doc } = await stored({ state: (/** @type {any} */ set, /** @type {any} */ get) => {
    queueMicrotask(() => {
      get().setTheme("dark");
      get().setTheme("light");
    });
    return initializer(set, get);
  } });
  await browser.advance(LATER);
  assert.deepEqual([doc.state.status, history(server)], ["clean", []]);
});

test("edits made while the server is out of reach are put onto what loads later", async () => {
  const server = new Server();
  server.save({ ...charts("c1"), theme: { id: "blue" } });
  server.instead = [new TypeError("offline")];
  const { browser, store, doc } = await stored({ server });
  store.getState().setChart("c2", { title: "c2" });
  assert.equal(doc.state.status, "offline");
  await browser.advance(60_000);
  await browser.advance(60_000);
  assert.deepEqual(server.config, { ...charts("c1", "c2"), theme: { id: "blue" } });
  assert.deepEqual(shown(store), server.config);
});

/** Each way by which a member goes from the config. @type {Record<string, (made: any) => Promise<unknown>>} */
const GOING = {
  "another device removes it": (made) => elsewhere(made, charts("c1")),
  "a version without it is restored": (made) => made.doc.restore(1),
  "the edit that made it is discarded": async ({ store, doc, server }) => {
    await doc.restore(1);
    store.setState({ filters: [{ id: "mine" }] });
    doc.discard();
    assert.equal(server.config.filters, undefined);
  },
  "the config is deleted": (made) => elsewhere(made, null),
};

for (const [way, go] of Object.entries(GOING)) {
  test(`a member that went is gone, and the next edit does not write it back: ${way}`, async () => {
    const server = new Server();
    server.save(charts("c1"));
    server.save({ ...charts("c1"), filters: [{ id: "f" }], theme: { id: "dark" } });
    const made = await stored({ server });
    assert.ok(made.store.getState().filters);
    await go(made);
    assert.equal("filters" in made.store.getState(), false);
    assert.deepEqual(made.store.getState().theme, { id: "light" }, "a member with an initial value shows that");
    made.store.getState().setChart("c9", { title: "c9" });
    await made.browser.advance(LATER);
    assert.deepEqual(Object.keys(server.config), ["chartCustomizations"]);
  });
}

test("a member that went in a conflict settled for the other side is gone", async () => {
  const server = new Server();
  server.save({ ...charts("c1"), filters: [{ id: "f", from: 1 }] });
  const { browser, store, doc } = await stored({ server });
  store.setState({ filters: [{ id: "f", from: 2 }] });
  server.save(charts("c1"));
  await browser.advance(LATER);
  assert.equal(doc.state.status, "conflict");
  assert.deepEqual(store.getState().filters, [{ id: "f", from: 2 }]);
  await doc.resolve("theirs");
  assert.equal("filters" in store.getState(), false);
  store.getState().setTheme("dark");
  await browser.advance(LATER);
  assert.deepEqual(server.config, { ...charts("c1"), theme: { id: "dark" } });
  assert.deepEqual(shown(store), server.config);
});

test("a conflict settled for this side keeps the store's values", async () => {
  const { server, browser, store, doc } = await stored({ saved: charts("c1") });
  store.getState().setChart("c1", { title: "mine" });
  server.save({ chartCustomizations: { c1: { title: "theirs" } }, theme: { id: "dark" } });
  await browser.advance(LATER);
  await doc.resolve("mine");
  assert.deepEqual(server.config, { chartCustomizations: { c1: { title: "mine" } }, theme: { id: "dark" } });
  assert.deepEqual(shown(store), server.config);
});

test("members that the store does not know survive every edit, at every level", async () => {
  const { server, browser, store, doc } = await stored({ saved: { chartCustomizations: { c1: { title: "c1", axis: { log: true } } }, annotations: [1] } });
  assert.equal(doc.state.status, "clean");
  assert.equal("annotations" in store.getState(), false);
  store.getState().setTheme("dark");
  store.getState().setChart("c1", { ...store.getState().chartCustomizations.c1, title: "mine" });
  await browser.advance(LATER);
  assert.deepEqual(server.config, { chartCustomizations: { c1: { title: "mine", axis: { log: true } } }, annotations: [1], theme: { id: "dark" } });
});

test("a version of another device is shown, and not saved back", async () => {
  const made = await stored({ saved: charts("c1") });
  made.store.getState().toggleMenu();
  await elsewhere(made, charts("c1", "c2"));
  await made.browser.advance(LATER);
  assert.deepEqual(shown(made.store), { ...charts("c1", "c2"), theme: { id: "light" } });
  assert.equal(made.store.getState().isMenuOpen, true);
  assert.equal(made.server.version, 2);
});

test("parts that a new version leaves alone keep their place, so that only what changed renders", async () => {
  const made = await stored({ saved: charts("c1", "c2") });
  const { c1 } = made.store.getState().chartCustomizations;
  await elsewhere(made, { ...charts("c1", "c2", "c3") });
  assert.equal(made.store.getState().chartCustomizations.c1, c1);
});

test("dates are compared as the JSON that is saved", async () => {
  const { server, browser, store, doc } = await stored({ saved: charts("c1") });
  store.setState({ filters: [{ id: "f", from: new Date(0) }] });
  await browser.advance(LATER);
  assert.deepEqual(server.config.filters, [{ id: "f", from: "1970-01-01T00:00:00.000Z" }]);
  store.setState({ filters: [{ id: "f", from: new Date(0) }] });
  assert.equal(doc.state.status, "clean");
  store.setState({ filters: [{ id: "f", from: new Date(1) }] });
  await browser.advance(LATER);
  assert.deepEqual(server.config.filters, [{ id: "f", from: "1970-01-01T00:00:00.001Z" }]);
});

test("a value that JSON cannot hold is named in the state, and the next state without it saves all edits since", async () => {
  const { server, browser, store, doc } = await stored({ saved: charts("c1") });
  store.getState().setChart("c2", { title: "c2", series: new Map() });
  store.getState().setTheme("dark");
  const { status, isKept, error } = doc.state;
  assert.deepEqual([status, isKept, error.code], ["failed", false, "not-json"]);
  assert.equal(error.message, "The change cannot be saved. chart “c2”, series: A Map cannot be saved as JSON.");
  await browser.advance(LATER);
  assert.equal(server.version, 1);
  store.getState().setChart("c2", { title: "c2" });
  await browser.advance(LATER);
  assert.deepEqual(server.config, { ...charts("c1", "c2"), theme: { id: "dark" } });
  assert.deepEqual([doc.state.status, doc.state.isKept], ["clean", true]);
});

test("taking a value back that JSON cannot hold clears the failure, and saves nothing", async () => {
  for (const saved of [charts("c1"), undefined]) {
    const { server, browser, store, doc } = await stored({ saved });
    const before = store.getState().chartCustomizations;
    store.getState().setChart("c2", { run: () => 0 });
    store.setState({ chartCustomizations: before });
    assert.deepEqual([doc.state.status, doc.state.error], ["clean", null]);
    await browser.advance(LATER);
    assert.equal(server.version, saved ? 1 : 0);
  }
});

test("edits that were refused stay in the store when another device saves, and go onto that version", async () => {
  const made = await stored({ saved: charts("c1") });
  made.store.getState().setTheme("dark");
  made.store.getState().setChart("c2", { title: "c2", big: 1n });
  await made.browser.advance(LATER);
  await elsewhere(made, { ...charts("c1", "c3"), theme: { id: "dark" } });
  assert.deepEqual(Object.keys(made.store.getState().chartCustomizations), ["c1", "c2"]);
  assert.deepEqual([made.doc.state.status, made.doc.state.isKept], ["failed", false]);
  made.store.getState().setChart("c2", { title: "c2" });
  await made.browser.advance(LATER);
  assert.deepEqual(Object.keys(made.server.config.chartCustomizations).sort(), ["c1", "c2", "c3"]);
  assert.deepEqual(shown(made.store), made.server.config);
});

test("discard takes edits out of the store that were refused", async () => {
  const { store, doc } = await stored({ saved: charts("c1") });
  store.getState().setChart("c2", { run: () => 0 });
  doc.discard();
  assert.deepEqual(shown(store), { ...charts("c1"), theme: { id: "light" } });
  assert.deepEqual([doc.state.status, doc.state.error], ["clean", null]);
});

test("a subscriber that corrects what arrives causes no save, and the correction goes with the next edit", async () => {
  const made = await stored({ saved: { ...charts("c1"), currentLayout: [{ i: "c1", y: 3 }] }, state: (/** @type {any} */ set, /** @type {any} */ get, /** @type {any} */ api) => {
    api.subscribe((/** @type {any} */ { currentLayout }) => currentLayout?.[0].y > 0 && set({ currentLayout: [{ i: "c1", y: 0 }] }));
    return initializer(set, get);
  } });
  assert.equal(made.doc.state.status, "corrected");
  assert.deepEqual(made.doc.state.config.currentLayout, [{ i: "c1", y: 0 }]);
  await made.browser.advance(LATER);
  assert.equal(made.server.version, 1);
  made.store.getState().setTheme("dark");
  await made.browser.advance(LATER);
  assert.deepEqual(made.server.config, { ...charts("c1"), currentLayout: [{ i: "c1", y: 0 }], theme: { id: "dark" } });
  assert.equal(made.doc.state.status, "clean");
});

test("two pages that correct each other's versions come to rest", async () => {
  const browser = new Browser();
  const server = new Server();
  const correcting = (/** @type {number} */ y) => (/** @type {any} */ set, /** @type {any} */ get, /** @type {any} */ api) => {
    api.subscribe((/** @type {any} */ { currentLayout }) => currentLayout && currentLayout[0].y !== y && set({ currentLayout: [{ i: "c1", y }] }));
    return initializer(set, get);
  };
  const one = await stored({ server, browser, saved: { ...charts("c1"), currentLayout: [{ i: "c1", y: 5 }] }, state: correcting(0) });
  const other = await stored({ server, browser, state: correcting(1) });
  one.store.getState().setTheme("dark");
  for (let turn = 0; turn < 10; turn += 1) await browser.advance(LATER);
  assert.equal(server.version, 2);
  assert.deepEqual([one.doc.state.status, other.doc.state.status], ["clean", "corrected"]);
});

test("a change within `correcting` is shown, and saved with the next edit only", async () => {
  const { server, browser, store, doc } = await stored({ saved: charts("c1") });
  doc.correcting(() => store.setState({ currentLayout: [{ i: "c1", x: 0 }] }));
  assert.equal(doc.state.status, "corrected");
  await browser.advance(LATER);
  assert.equal(server.version, 1);
  store.getState().setTheme("dark");
  await browser.advance(LATER);
  assert.deepEqual(server.config.currentLayout, [{ i: "c1", x: 0 }]);
});

test("a correction before the load ends causes no save, and what loads is shown", async () => {
  const { server, browser, store, doc } = await stored({ saved: { ...charts("c1"), currentLayout: [{ i: "c1", x: 4 }] }, state: (/** @type {any} */ set, /** @type {any} */ get, /** @type {any} */ api) => {
    queueMicrotask(() => api.dashkeep.correcting(() => set({ currentLayout: [] })));
    return initializer(set, get);
  } });
  await browser.advance(LATER);
  assert.deepEqual([doc.state.status, server.version], ["clean", 1]);
  assert.deepEqual(store.getState().currentLayout, [{ i: "c1", x: 4 }]);
});

test("what arrives within `correcting` does not end it", async () => {
  const { server, browser, store, doc } = await stored({ saved: charts("c1") });
  doc.correcting(() => {
    doc.correct((/** @type {any} */ config) => ({ ...config, filters: [] }));
    store.setState({ currentLayout: [] });
  });
  await browser.advance(LATER);
  assert.deepEqual([doc.state.status, server.version], ["corrected", 1]);
});

test("what `correcting` runs may throw, and later changes are edits again", async () => {
  const { server, browser, store, doc } = await stored({ saved: charts("c1") });
  assert.throws(() => doc.correcting(() => {
    throw new RangeError("no room");
  }), RangeError);
  store.getState().setTheme("dark");
  await browser.advance(LATER);
  assert.equal(server.version, 2);
});

test("the project may change: the next one starts from the initial state, and nothing of the last one is saved into it", async () => {
  const { server, browser, store, doc } = await stored({ saved: { ...charts("c1"), filters: [{ id: "f" }], theme: { id: "dark" } } });
  doc.setAutosave(false);
  store.getState().toggleMenu();
  server.instead = [() => Response.json({ config: null, version: 0, updatedAt: null })];
  /** @type {string[]} */
  const seen = [];
  doc.subscribe((/** @type {any} */ state) => seen.push(state.status));
  doc.open("other");
  assert.deepEqual(seen, ["loading"]);
  assert.deepEqual(shown(store), { chartCustomizations: {}, theme: { id: "light" } });
  assert.equal("filters" in store.getState(), false);
  assert.equal(store.getState().isMenuOpen, true);
  await settled();
  await browser.advance(LATER);
  assert.equal(server.version, 1);
  assert.equal(server.requests.at(-1)?.url.pathname, "/api/projects/other/config");
  assert.deepEqual([doc.state.config, doc.state.autosave], [null, false]);
});

test("the edits of the last project are kept for it when the project changes", async () => {
  const { server, browser, store, doc } = await stored({ saved: charts("c1") });
  store.getState().setTheme("dark");
  doc.open(null);
  await settled();
  assert.deepEqual(server.config, { ...charts("c1"), theme: { id: "dark" } });
  assert.deepEqual(store.getState().theme, { id: "light" });
  doc.open("p");
  await settled();
  await browser.advance(LATER);
  assert.deepEqual(store.getState().theme, { id: "dark" });
  assert.equal(server.version, 2);
});

test("a store without a project asks nothing of the server, and says that its edits are not kept", async () => {
  const { server, browser, store, doc } = await stored({ projectId: null });
  assert.deepEqual([doc.state.status, doc.state.isDirty], ["loading", false]);
  store.getState().setTheme("dark");
  await browser.advance(LATER);
  assert.deepEqual([doc.state.isDirty, doc.state.isKept, server.requests.length], [true, false, 0]);
  for (const ask of [() => doc.load(), () => doc.refresh(), () => doc.save(), () => doc.restore(1), () => doc.resolve("mine")]) {
    await assert.rejects(ask, { code: "closed" });
  }
  assert.equal(server.requests.length, 0);
});

test("after `close`, an edit is shown, and the state says that it is not kept", async () => {
  const { server, browser, store, doc } = await stored({ saved: charts("c1") });
  doc.close();
  store.getState().toggleMenu();
  assert.equal(doc.state.status, "clean");
  /** @type {any[]} */
  const states = [];
  doc.subscribe((/** @type {any} */ state) => states.push(state));
  store.getState().setTheme("dark");
  assert.deepEqual([doc.state.status, doc.state.isKept, doc.state.error.code], ["failed", false, "closed"]);
  assert.equal(states.at(-1), doc.state);
  await browser.advance(LATER);
  assert.equal(server.version, 1);
});

test("closing a store saves its edits, and opening its project again shows them", async () => {
  const { server, store, doc } = await stored({ saved: charts("c1") });
  store.getState().setTheme("dark");
  doc.close();
  doc.open("p");
  await settled();
  assert.deepEqual(server.config.theme, { id: "dark" });
  assert.deepEqual([store.getState().theme, doc.state.status], [{ id: "dark" }, "clean"]);
});

test("state that replaces the whole state saves the members that it has, and removes the others", async () => {
  const { server, browser, store } = await stored({ saved: { ...charts("c1"), filters: [{ id: "f" }] } });
  store.setState({ ...store.getInitialState(), ...charts("c2") }, true);
  await browser.advance(LATER);
  assert.deepEqual(server.config, charts("c2"));
});

test("a reset to the initial state is an edit: what was there is taken out of the config", async () => {
  const { server, browser, store, doc } = await stored({ saved: { ...charts("c1"), theme: { id: "dark" } } });
  store.setState(store.getInitialState(), true);
  await browser.advance(LATER);
  assert.deepEqual(server.config, { chartCustomizations: {}, theme: { id: "light" } });
  assert.equal(doc.state.status, "clean");
});

test("the initial state is that of the initializer, whatever has loaded", async () => {
  const { store } = await stored({ saved: { ...charts("c1"), theme: { id: "dark" } } });
  assert.deepEqual(shown({ getState: store.getInitialState }), { chartCustomizations: {}, theme: { id: "light" } });
});

test("a member set to undefined is removed from the config", async () => {
  const { server, browser, store } = await stored({ saved: { ...charts("c1"), filters: [{ id: "f" }] } });
  store.setState({ filters: undefined });
  await browser.advance(LATER);
  assert.deepEqual(server.config, charts("c1"));
});

test("a store may lack the charts: it saves its own members, and those of others stay", async () => {
  const { server, browser, store } = await stored({ saved: charts("c1"), state: () => ({ theme: { id: "light" } }) });
  store.setState({ theme: { id: "dark" } });
  await browser.advance(LATER);
  assert.deepEqual(server.config, { ...charts("c1"), theme: { id: "dark" } });
});

test("a change in a loop of renders is one save", async () => {
  const { server, browser, store } = await stored({ saved: charts("c1") });
  for (let turn = 0; turn < 50; turn += 1) store.getState().setTheme(`theme ${turn}`);
  await browser.advance(LATER);
  assert.equal(server.version, 2);
  assert.deepEqual(server.config.theme, { id: "theme 49" });
});

test("a document's own methods change the store", async () => {
  const { server, store, doc } = await stored({ saved: charts("c1") });
  const { edit, save } = doc;
  edit((/** @type {any} */ config) => ({ ...config, theme: { id: "dark" } }));
  assert.deepEqual(store.getState().theme, { id: "dark" });
  await save();
  assert.deepEqual(server.config, { ...charts("c1"), theme: { id: "dark" } });
});

test("the store shows a config before the document's listeners hear of it", async () => {
  const made = await stored({ saved: charts("c1") });
  /** @type {any[]} */
  const seen = [];
  made.doc.subscribe((/** @type {any} */ { config }) => seen.push([config.theme, made.store.getState().theme]));
  await elsewhere(made, { ...charts("c1"), theme: { id: "dark" } });
  assert.ok(seen.length);
  assert.ok(seen.every(([config, state]) => config === state || config === undefined));
  assert.deepEqual(seen.at(-1), [{ id: "dark" }, { id: "dark" }]);
});

test("the document's listeners hear of each state once", async () => {
  const { browser, store, doc } = await stored({ saved: charts("c1") });
  /** @type {any[]} */
  const seen = [];
  doc.subscribe((/** @type {any} */ state) => seen.push(state));
  store.getState().setChart("c2", { run: () => 0 });
  store.getState().setTheme("dark");
  doc.discard();
  store.getState().setTheme("dark");
  await browser.advance(LATER);
  assert.equal(new Set(seen).size, seen.length);
});

test("two stores of one project in one page show the same", async () => {
  const browser = new Browser();
  const one = await stored({ browser, saved: charts("c1") });
  const other = await stored({ browser, server: one.server });
  one.store.getState().setTheme("dark");
  await browser.advance(LATER);
  assert.deepEqual(shown(other.store), shown(one.store));
});

test("a copy in this browser is shown while the token is awaited, and edits go onto it", async () => {
  const browser = new Browser();
  const first = await stored({ browser, saved: charts("c1") });
  first.tab.kill();
  first.server.instead = [new TypeError("offline")];
  const { store, doc, server } = await stored({ browser, server: first.server, getToken: () => token("user-1") });
  assert.deepEqual([doc.state.status, doc.state.origin], ["offline", "cache"]);
  assert.deepEqual(shown(store), { ...charts("c1"), theme: { id: "light" } });
  store.getState().setTheme("dark");
  assert.equal(doc.state.isDirty, true);
  await settled();
  assert.equal(doc.state.isKept, true);
  await browser.advance(60_000);
  await browser.advance(LATER);
  assert.deepEqual(server.config, { ...charts("c1"), theme: { id: "dark" } });
});

test("a subscriber that throws stops neither the document nor later versions", async (t) => {
  const made = await stored({ saved: charts("c1") });
  /** @type {unknown[]} */
  const uncaught = [];
  t.mock.method(Promise, "reject", async (/** @type {unknown} */ error) => void uncaught.push(error));
  const stop = made.store.subscribe(() => {
    throw new RangeError("broken subscriber");
  });
  await elsewhere(made, charts("c1", "c2"));
  assert.equal(made.doc.state.version, 2);
  stop();
  await elsewhere(made, charts("c1", "c3"));
  assert.deepEqual(shown(made.store), { ...charts("c1", "c3"), theme: { id: "light" } });
  made.store.getState().setTheme("dark");
  await made.browser.advance(LATER);
  assert.equal(made.server.version, 4);
  assert.ok(uncaught.length > 0, "the error is not swallowed");
});

test("a store's edits can be undone and redone, and the rest of its state stays", async () => {
  const { server, store, doc } = await stored({ saved: { ...charts("c1"), theme: { id: "light" } } });
  store.getState().setTheme("dark");
  await doc.save();
  store.getState().setChart("c2", { title: "c2" });
  store.getState().toggleMenu();
  await doc.undo();
  assert.deepEqual([shown(store), store.getState().isMenuOpen], [{ ...charts("c1"), theme: { id: "dark" } }, true]);
  await doc.undo();
  assert.deepEqual([store.getState().theme, doc.state.canUndo, doc.state.canRedo], [{ id: "light" }, false, true]);
  await doc.save();
  assert.deepEqual(server.config, { ...charts("c1"), theme: { id: "light" } });
  await doc.redo();
  await doc.redo();
  assert.deepEqual(shown(store), { ...charts("c1", "c2"), theme: { id: "dark" } });
});

test("a store without a project has nothing to undo", async () => {
  const { store, doc } = await stored({ projectId: null });
  store.getState().setTheme("dark");
  await assert.rejects(doc.undo(), { code: "closed" });
  assert.deepEqual(store.getState().theme, { id: "dark" });
});

test("a store and an opening of the same project in one page show each other's edits once they are saved", async () => {
  const { client, store, doc } = await stored({ saved: charts("c1") });
  const opening = client.open("p");
  await opening.load();
  store.getState().setTheme("dark");
  await doc.save();
  await settled();
  assert.deepEqual(opening.state.config, { ...charts("c1"), theme: { id: "dark" } });
});
