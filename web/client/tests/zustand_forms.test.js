import assert from "node:assert/strict";
import { test } from "node:test";

import { Browser, Server, settled } from "./support.js";
import { charts, elsewhere, history, stored } from "./stores.js";

const LATER = 5_000;

/** A state of another form than a config's: a list of charts, and settings of the application's own. @type {any} */
const state = (/** @type {any} */ set) => ({
  widgets: [],
  settings: { grid: 12 },
  isMenuOpen: false,
  setWidget: (/** @type {any} */ widget) => set((/** @type {any} */ { widgets }) => ({ widgets: [...widgets.filter((/** @type {any} */ { id }) => id !== widget.id), widget] })),
});

const partialize = (/** @type {any} */ { widgets, settings }) => ({
  chartCustomizations: Object.fromEntries(widgets.map((/** @type {any} */ { id, title }) => [id, { title }])),
  extensions: { app: settings },
});

const merge = (/** @type {any} */ { chartCustomizations, extensions }, /** @type {any} */ current) => ({
  ...current,
  widgets: Object.entries(chartCustomizations).map(([id, { title }]) => ({ id, title })),
  settings: extensions?.app ?? { grid: 12 },
});

const shaped = (/** @type {any} */ options) => stored({ state, partialize, merge, ...options });

/** Store something under a name, as `persist` does. @param {Browser} browser @param {any} kept @param {number} [version] */
const persist = (browser, kept, version = 0) => browser.localStorage.setItem("dashboard", JSON.stringify({ state: kept, version }));

test("a state of another form is mapped both ways", async () => {
  const { server, browser, store, doc } = await shaped({ saved: charts("c1") });
  assert.deepEqual(store.getState().widgets, [{ id: "c1", title: "c1" }]);
  assert.equal(doc.state.status, "clean");
  store.getState().setWidget({ id: "c2", title: "c2" });
  await browser.advance(LATER);
  assert.deepEqual(server.config, charts("c1", "c2"));
  store.setState({ settings: { grid: 24 } });
  await browser.advance(LATER);
  assert.deepEqual(server.config, { ...charts("c1", "c2"), extensions: { app: { grid: 24 } } });
});

test("what a mapped state leaves out of a config survives, at every level, and is no correction", async () => {
  const saved = { chartCustomizations: { c1: { title: "c1", axis: { log: true } } }, filters: [{ id: "f" }], extensions: { other: [1], app: { grid: 6 } } };
  const { server, browser, store, doc } = await shaped({ saved });
  assert.equal(doc.state.status, "clean");
  store.getState().setWidget({ id: "c1", title: "mine" });
  await browser.advance(LATER);
  assert.deepEqual(server.config, { ...saved, chartCustomizations: { c1: { title: "mine", axis: { log: true } } } });
});

test("elements that `merge` leaves out of an array survive", async () => {
  const saved = { ...charts("c1"), filters: [{ id: "a", kind: "range", unit: "m" }, { id: "b", kind: "map" }] };
  const { server, browser, store, doc } = await stored({
    saved,
    state: () => ({ ranges: [] }),
    partialize: (/** @type {any} */ { ranges }) => ({ filters: ranges }),
    merge: (/** @type {any} */ { filters = [] }, /** @type {any} */ current) => ({ ...current, ranges: filters.flatMap((/** @type {any} */ { id, kind }) => (kind === "range" ? [{ id, kind }] : [])) }),
  });
  assert.equal(doc.state.status, "clean");
  store.setState({ ranges: [{ id: "a", kind: "range", from: 1 }] });
  await browser.advance(LATER);
  assert.deepEqual(server.config.filters, [{ id: "a", kind: "range", unit: "m", from: 1 }, { id: "b", kind: "map" }]);
});

test("what `merge` completes is a correction: shown, and saved with the next edit only", async () => {
  const { server, browser, store, doc } = await stored({
    saved: charts("c1"),
    merge: (/** @type {any} */ config, /** @type {any} */ current) => ({ ...current, ...config, currentLayout: config.currentLayout ?? [{ i: "c1", x: 0 }] }),
  });
  assert.equal(doc.state.status, "corrected");
  assert.deepEqual(store.getState().currentLayout, [{ i: "c1", x: 0 }]);
  await browser.advance(LATER);
  assert.equal(server.version, 1);
  store.getState().setTheme("dark");
  await browser.advance(LATER);
  assert.deepEqual(server.config, { ...charts("c1"), currentLayout: [{ i: "c1", x: 0 }], theme: { id: "dark" } });
  assert.equal(doc.state.status, "clean");
});

test("a `merge` that returns something else each time comes to rest", async () => {
  let count = 0;
  const { server, browser, store, doc } = await stored({
    saved: charts("c1"),
    merge: (/** @type {any} */ config, /** @type {any} */ current) => ({ ...current, ...config, extensions: { opened: (count += 1) } }),
  });
  await browser.advance(LATER);
  assert.deepEqual([doc.state.status, server.version, count], ["corrected", 1, 1]);
  store.getState().setTheme("dark");
  await browser.advance(LATER);
  assert.deepEqual([doc.state.status, server.version], ["clean", 2]);
});

/** What may throw for a config that arrives. @type {Record<string, any>} */
const THROWING = {
  merge: (/** @type {() => boolean} */ isBroken) => ({
    merge(/** @type {any} */ config, /** @type {any} */ current) {
      if (isBroken()) throw new TypeError("merge is broken");
      return { ...current, ...config };
    },
  }),
  migrate: (/** @type {() => boolean} */ isBroken) => ({
    version: 1,
    migrate(/** @type {any} */ config) {
      if (isBroken()) throw new TypeError("migrate is broken");
      return config;
    },
  }),
  partialize: (/** @type {() => boolean} */ isBroken) => ({
    partialize(/** @type {any} */ { chartCustomizations, theme }) {
      if (isBroken() && chartCustomizations.c1) throw new TypeError("partialize is broken");
      return { chartCustomizations, theme };
    },
  }),
};

for (const [name, broken] of Object.entries(THROWING)) {
  test(`a \`${name}\` that throws for a config leaves the state failed with the error, and the store as it is, until the next load`, async () => {
    let isBroken = true;
    const { server, browser, store, doc } = await stored({ saved: charts("c1"), ...broken(() => isBroken) });
    const { status, error } = doc.state;
    assert.deepEqual([status, error.code, error.cause.message], ["failed", "store", `${name} is broken`]);
    assert.equal(error.message, "This page cannot read the dashboard. Saved data is unchanged.");
    assert.deepEqual(store.getState().chartCustomizations, {});
    await browser.advance(LATER);
    assert.equal(server.version, 1);
    isBroken = false;
    await doc.refresh();
    assert.equal(doc.state.status, "clean");
    assert.deepEqual(store.getState().chartCustomizations, charts("c1").chartCustomizations);
  });

  test(`edits of a store whose \`${name}\` threw are not sent, and go onto the next version that it can show`, async () => {
    let isBroken = true;
    const made = await stored({ saved: charts("c1"), ...broken(() => isBroken) });
    made.store.getState().toggleMenu();
    assert.equal(made.doc.state.isKept, true);
    made.store.getState().setTheme("dark");
    assert.deepEqual([made.doc.state.status, made.doc.state.isKept], ["failed", false]);
    await made.browser.advance(LATER);
    assert.equal(made.server.version, 1);
    isBroken = false;
    await elsewhere(made, charts("c1", "c2"));
    assert.deepEqual(made.store.getState().chartCustomizations, charts("c1", "c2").chartCustomizations);
    await made.browser.advance(LATER);
    assert.deepEqual({ ...made.server.config, extensions: undefined }, { ...charts("c1", "c2"), theme: { id: "dark" }, extensions: undefined });
    assert.equal(made.doc.state.status, "clean");
  });
}

test("discard gives up the edits of a store that could not show its config", async () => {
  let isBroken = true;
  const { server, browser, store, doc } = await stored({ saved: charts("c1"), ...THROWING.merge(() => isBroken) });
  store.getState().setTheme("dark");
  isBroken = false;
  doc.discard();
  assert.deepEqual([store.getState().theme, Object.keys(store.getState().chartCustomizations)], [{ id: "light" }, ["c1"]]);
  await browser.advance(LATER);
  assert.deepEqual([doc.state.status, server.version], ["clean", 1]);
});

test("a `partialize` that throws for an edit is in the state, and the next edit saves all", async () => {
  let isBroken = false;
  const { server, browser, store, doc } = await stored({
    saved: charts("c1"),
    partialize(/** @type {any} */ { chartCustomizations, theme }) {
      if (isBroken) throw new TypeError("partialize is broken");
      return { chartCustomizations, theme };
    },
  });
  isBroken = true;
  store.getState().setTheme("dark");
  assert.deepEqual([doc.state.status, doc.state.isKept, doc.state.error.cause.message], ["failed", false, "partialize is broken"]);
  isBroken = false;
  store.getState().setChart("c2", { title: "c2" });
  await browser.advance(LATER);
  assert.deepEqual(server.config, { ...charts("c1", "c2"), theme: { id: "dark" } });
});

test("a `merge` that throws when the project changes is in the state of the next project", async () => {
  let isBroken = false;
  const { store, doc } = await stored({ saved: charts("c1"), ...THROWING.merge(() => isBroken) });
  isBroken = true;
  doc.open("other");
  assert.deepEqual([doc.state.status, doc.state.error.cause.message], ["failed", "merge is broken"]);
  store.getState().setTheme("dark");
  assert.equal(doc.state.isKept, false);
  await settled();
});

test("a config says by which version of the store it was saved", async () => {
  const { server, browser, store } = await stored({ version: 2 });
  store.getState().setTheme("dark");
  await browser.advance(LATER);
  assert.deepEqual(server.config, { chartCustomizations: {}, theme: { id: "dark" }, extensions: { storeVersion: 2 } });
});

test("the store's version stays when the application replaces the extensions", async () => {
  const { server, browser, store } = await stored({ version: 2, saved: { ...charts("c1"), extensions: { storeVersion: 2, old: 1 } } });
  store.setState({ extensions: { mine: 1 } });
  await browser.advance(LATER);
  assert.deepEqual(server.config.extensions, { mine: 1, storeVersion: 2 });
});

/** The first version had the theme as a text, in an extension. */
const migrating = {
  version: 1,
  migrate(/** @type {any} */ saved, /** @type {number} */ version) {
    if (version > 1) throw new Error("This page is too old.");
    saved.theme = { id: saved.extensions.look };
    delete saved.extensions.look;
    return saved;
  },
};

test("`migrate` gets what another version saved, may change it, and its result is a correction", async () => {
  const { server, browser, store, doc } = await stored({ saved: { ...charts("c1"), extensions: { look: "dark", other: 1 } }, ...migrating });
  assert.deepEqual(store.getState().theme, { id: "dark" });
  assert.equal(doc.state.status, "corrected");
  await browser.advance(LATER);
  assert.equal(server.version, 1);
  store.getState().setChart("c2", { title: "c2" });
  await browser.advance(LATER);
  assert.deepEqual(server.config, { ...charts("c1", "c2"), theme: { id: "dark" }, extensions: { other: 1, storeVersion: 1 } });
  assert.equal(doc.state.status, "clean");
});

test("`migrate` is not called for what its own version saved", async () => {
  const { doc } = await stored({ saved: { ...charts("c1"), extensions: { storeVersion: 1 } }, ...migrating });
  assert.equal(doc.state.status, "clean");
});

test("a page that is older than the config may refuse it in `migrate`, and saves nothing over it", async () => {
  const saved = { ...charts("c1"), extensions: { storeVersion: 2 } };
  const { server, browser, store, doc } = await stored({ saved, ...migrating });
  store.getState().setTheme("dark");
  assert.deepEqual([doc.state.status, doc.state.error.cause.message], ["failed", "This page is too old."]);
  await browser.advance(LATER);
  assert.deepEqual(server.config, saved);
});

test("a page that is older than the config never lowers its version", async () => {
  for (const options of [{ version: 1 }, { version: 1, migrate: (/** @type {any} */ saved) => saved }]) {
    const { server, browser, store, doc } = await stored({ saved: { ...charts("c1"), extensions: { storeVersion: 2 } }, ...options });
    assert.equal(doc.state.status, "clean");
    store.getState().setTheme("dark");
    await browser.advance(LATER);
    assert.equal(server.config.extensions.storeVersion, 2);
  }
});

test("a `migrate` that converts what a newer version saved saves it as its own", async () => {
  const { server, browser, store } = await stored({
    saved: { ...charts("c1"), extensions: { storeVersion: 2, look: "dark" } },
    version: 1,
    migrate: (/** @type {any} */ { extensions: { look }, ...saved }) => ({ ...saved, theme: { id: look }, extensions: { storeVersion: 2 } }),
  });
  store.getState().setChart("c2", { title: "c2" });
  await browser.advance(LATER);
  assert.deepEqual(server.config, { ...charts("c1", "c2"), theme: { id: "dark" }, extensions: { storeVersion: 1 } });
});

test("a `migrate` that returns a promise is refused in words", async () => {
  const { doc } = await stored({ saved: charts("c1"), version: 1, migrate: async (/** @type {any} */ saved) => saved });
  assert.equal(doc.state.error.message, "The change cannot be saved. A Promise cannot be saved as JSON.");
});

test("`name` moves what `persist` stored, and leaves it in place", async () => {
  const browser = new Browser();
  persist(browser, { chartCustomizations: charts("c1").chartCustomizations, theme: { id: "dark" }, isMenuOpen: true });
  const kept = browser.localStorage.getItem("dashboard");
  const { server, store, doc } = await stored({ browser, name: "dashboard" });
  assert.deepEqual(history(server), [{ ...charts("c1"), theme: { id: "dark" } }]);
  assert.deepEqual([store.getState().theme, store.getState().isMenuOpen, doc.state.status], [{ id: "dark" }, false, "clean"]);
  assert.equal(browser.localStorage.getItem("dashboard"), kept);
});

test("a state that `persist` stored with the initial values alone is not moved", async () => {
  const browser = new Browser();
  persist(browser, { chartCustomizations: {}, theme: { id: "light" }, isMenuOpen: true });
  const { server, doc } = await stored({ browser, name: "dashboard" });
  assert.deepEqual([history(server), doc.state.status], [[], "clean"]);
});

test("what `persist` stored of a state of another form is mapped, with initial values where it lacks members", async () => {
  const browser = new Browser();
  persist(browser, { settings: { grid: 6 } });
  const { server, store } = await shaped({ browser, name: "dashboard" });
  assert.deepEqual(history(server), [{ chartCustomizations: {}, extensions: { app: { grid: 6 } } }]);
  assert.deepEqual(store.getState().settings, { grid: 6 });
});

test("what `persist` stored in another version is migrated before it moves", async () => {
  const browser = new Browser();
  persist(browser, { ...charts("c1"), extensions: { look: "dark" }, isMenuOpen: true });
  const { server, doc } = await stored({
    browser,
    name: "dashboard",
    version: 1,
    migrate: (/** @type {any} */ { chartCustomizations, extensions }) => ({ chartCustomizations, theme: { id: extensions.look } }),
  });
  assert.deepEqual(history(server), [{ ...charts("c1"), theme: { id: "dark" }, extensions: { storeVersion: 1 } }]);
  assert.equal(doc.state.status, "clean");
});

for (const broken of ["partialize", "migrate"]) {
  test(`an old copy whose \`${broken}\` throws stays, the state says so, and the next load moves it`, async () => {
    const browser = new Browser();
    persist(browser, charts("c1"));
    const kept = browser.localStorage.getItem("dashboard");
    let isBroken = true;
    const { server, doc } = await stored({ browser, name: "dashboard", ...THROWING[broken](() => isBroken) });
    assert.deepEqual([doc.state.status, doc.state.error.code, doc.state.error.cause.message], ["failed", "store", `${broken} is broken`]);
    assert.deepEqual(history(server), []);
    assert.equal(browser.localStorage.getItem("dashboard"), kept);
    isBroken = false;
    await doc.refresh();
    assert.deepEqual(server.config.chartCustomizations, charts("c1").chartCustomizations);
    assert.equal(doc.state.status, "clean");
  });
}

test("what `persist` stored moves once, to the first project, or to the one that owns it", async () => {
  for (const [ownsLegacy, owner] of /** @type {const} */ ([[[undefined, undefined], 0], [[false, true], 1]])) {
    const browser = new Browser();
    persist(browser, charts("c1"));
    const servers = [new Server(), new Server()];
    for (const [index, server] of servers.entries()) {
      const owns = ownsLegacy[index] === undefined ? {} : { ownsLegacy: ownsLegacy[index] };
      await stored({ browser, server, name: "dashboard", projectId: `p${index}`, ...owns });
    }
    assert.deepEqual(servers.map(history), owner === 0 ? [[charts("c1")], []] : [[], [charts("c1")]]);
  }
});

test("a store that opens a second project does not move the old copy again", async () => {
  const browser = new Browser();
  persist(browser, charts("c1"));
  const { server, doc } = await stored({ browser, name: "dashboard" });
  assert.equal(server.version, 1);
  server.versions = [{ config: null, key: null }];
  doc.open("other");
  await settled();
  assert.deepEqual([history(server), doc.state.config], [[], null]);
});

test("each name moves once: two stores of one browser have their own", async () => {
  const browser = new Browser();
  persist(browser, charts("c1"));
  browser.localStorage.setItem("other", JSON.stringify({ state: charts("c2"), version: 0 }));
  const servers = [];
  for (const name of ["dashboard", "other"]) {
    const { server } = await stored({ browser, name, projectId: name });
    servers.push(server);
  }
  assert.deepEqual(servers.map(history), [[charts("c1")], [charts("c2")]]);
});

test("anything else under the name is left alone", async () => {
  for (const text of ["", "null", "7", '"text"', "{", "[]", "{}", '{"state":null}']) {
    const browser = new Browser();
    browser.localStorage.setItem("dashboard", text);
    const { server, doc } = await stored({ browser, name: "dashboard" });
    assert.deepEqual([text, doc.state.status, history(server)], [text, "clean", []]);
  }
});

test("without a name, a store moves the copies that older dashboards left, as a document does", async () => {
  const browser = new Browser();
  browser.localStorage.setItem("currentTheme", "dark");
  const { server } = await stored({ browser, legacyKeys: { theme: "currentTheme" } });
  assert.deepEqual(history(server), [{ chartCustomizations: {}, theme: "dark" }]);
});

test("a `merge` as `persist` has it, over the present state, shows no member that went", async () => {
  const merge = (/** @type {any} */ config, /** @type {any} */ current) => ({ ...current, ...config });
  const made = await stored({ saved: { ...charts("c1"), filters: [{ id: "f" }], theme: { id: "dark" } }, merge });
  made.store.getState().toggleMenu();
  await elsewhere(made, charts("c1"));
  assert.equal("filters" in made.store.getState(), false);
  assert.deepEqual([made.store.getState().theme, made.store.getState().isMenuOpen], [{ id: "light" }, true]);
});
