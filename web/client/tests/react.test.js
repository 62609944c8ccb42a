import "./dom.js";

import assert from "node:assert/strict";
import { test } from "node:test";

import { act, Activity, createElement, StrictMode, useEffect } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";

import { useDashboard } from "../dist/react.js";
import { held, setting } from "./opened.js";
import { CONFIG, MOMENT, settled, titled, token, world } from "./support.js";

/** @typedef {{ client: any, address?: string | null, options?: any, each?: (dashboard: any) => void, mounted?: (dashboard: any) => void }} Properties */

/** A component that shows a chart's title; `each` receives what every render got. @param {Properties} properties */
function Title({ client, address = "p", options, each, mounted }) {
  /** @type {any} */
  const dashboard = useDashboard(client, address, options);
  each?.(dashboard);
  useEffect(() => mounted?.(dashboard), []);
  return createElement("p", null, `${address}: ${dashboard.config?.chartCustomizations.c1?.title ?? dashboard.status}`);
}

/** Do something, then wait until all its consequences are shown. @param {() => void} work */
async function acted(work) {
  await act(async () => work());
  await act(settled);
}

/** A server with a config, a client that counts its token requests, and a page to render into. @param {any} [t] */
function page(t) {
  let tokens = 0;
  const made = world({ getToken: () => ((tokens += 1), token("user-1")) });
  made.server.save(CONFIG);
  const element = document.createElement("div");
  const root = createRoot(element);
  t?.after(() => act(() => root.unmount()));
  /** @type {any[]} */
  const renders = [];
  const render = (/** @type {any} */ node) => acted(() => root.render(node));
  return {
    ...made,
    element,
    render,
    renders,
    /** Show the component, as the only one. @param {any} [properties] */
    show: (properties) => render(createElement(Title, { client: made.client, each: (dashboard) => renders.push(dashboard), ...properties })),
    unmount: () => acted(() => root.unmount()),
    /** @param {(dashboard: any) => void} work */
    use: (work) => acted(() => work(renders.at(-1))),
    get dashboard() {
      return renders.at(-1);
    },
    get tokens() {
      return tokens;
    },
  };
}

const isClosed = { code: "closed" };

test("strict mode mounts twice and opens once, and an edit is saved", async (t) => {
  const made = page(t);
  await made.render(createElement(StrictMode, null, createElement(Title, { client: made.client, each: (each) => made.renders.push(each), options: { autosave: false } })));
  assert.deepEqual([made.tokens, made.server.made("GET").length], [1, 1]);
  await made.use(({ edit }) => edit(titled("Profit")));
  assert.equal(made.element.textContent, "p: Profit");
  await made.use(({ save }) => save());
  assert.deepEqual([made.dashboard.status, made.server.config], ["clean", titled("Profit")]);
});

test("components with the same dashboard share one document, until the last is unmounted", async (t) => {
  const made = page(t);
  /** @type {any[]} */
  const other = [];
  const first = createElement(Title, { client: made.client, each: (each) => made.renders.push(each), options: { autosave: false } });
  await made.render(createElement("div", null, first, createElement(Title, { client: made.client, each: (each) => other.push(each) })));
  assert.deepEqual([made.tokens, made.server.made("GET").length], [1, 1]);
  await made.use(({ edit }) => edit(titled("Profit")));
  assert.equal(made.element.textContent, "p: Profitp: Profit");
  await made.render(createElement("div", null, first));
  assert.throws(() => other.at(-1).edit(titled("Loss")), isClosed);
  await made.use(({ save }) => save());
  assert.deepEqual(made.server.config, titled("Profit"));
});

test("a component that takes another's place keeps its dashboard open", async (t) => {
  const made = page(t);
  await made.render(createElement(Title, { key: 1, client: made.client }));
  await made.render(createElement(Title, { key: 2, client: made.client, each: (each) => made.renders.push(each) }));
  assert.deepEqual([made.tokens, made.server.made("GET").length], [1, 1]);
  assert.deepEqual(made.renders.map(({ status }) => status).slice(1), ["clean"]);
});

test("an edit before the component is mounted, or after it is unmounted, throws", async () => {
  const made = page();
  /** @type {any[]} */
  const thrown = [];
  const attempt = (/** @type {any} */ dashboard) => {
    try {
      dashboard.edit(titled("Profit"));
    } catch (error) {
      thrown.push(error);
    }
  };
  await made.render(createElement(Title, { client: made.client, each: (each) => made.renders.push(each) === 1 && attempt(each) }));
  assert.equal(thrown[0].code, "closed");
  await made.unmount();
  assert.throws(() => made.dashboard.edit(titled("Profit")), isClosed);
  for (const method of ["save", "refresh", "undo", "redo", "restore", "undoVersion", "resolve"]) await assert.rejects(made.dashboard[method](1), isClosed);
  assert.equal(made.server.version, 1);
});

test("an effect of the component may edit at once", async (t) => {
  const made = page(t);
  await made.show({ mounted: (/** @type {any} */ { edit }) => edit(setting("theme", { id: "dark" })), options: { autosave: false } });
  await made.use(({ save }) => save());
  assert.deepEqual(made.server.config, { ...CONFIG, theme: { id: "dark" } });
});

test("unmounting while a save is in flight stops neither that save nor the edits after it", async () => {
  const made = page();
  await made.show({ options: { autosave: false } });
  const { gone, go } = held();
  made.server.instead = [() => gone];
  await made.use(({ edit, save }) => (edit(titled("Profit")), void save().catch(() => {})));
  await made.use(({ edit }) => edit(titled("Loss")));
  await made.unmount();
  await acted(go);
  const again = page();
  const { client, server } = { ...again, ...world({ server: made.server, browser: made.browser }) };
  const after = client.open("p", { autosave: false });
  await after.load();
  await after.save();
  assert.deepEqual(server.versions.map(({ config }) => config), [null, CONFIG, titled("Profit"), titled("Loss")]);
});

test("another address opens another dashboard, and never shows the config of the one before", async (t) => {
  const made = page(t);
  await made.show({ address: "p", options: { autosave: false } });
  const { edit } = made.dashboard;
  const { gone, go } = held();
  made.server.instead = [() => gone];
  await made.show({ address: "q" });
  assert.equal(made.element.textContent, "q: loading");
  assert.throws(() => edit(titled("Profit")), isClosed);
  await acted(go);
  assert.equal(made.element.textContent, "q: Revenue");
  assert.deepEqual(made.server.requests.map(({ url }) => url.pathname), ["/api/projects/p/config", "/api/projects/q/config"]);
});

test("another client opens its own document", async (t) => {
  const made = page(t);
  const other = page();
  other.server.save(titled("Turnover"));
  await made.show();
  await made.show({ client: other.client });
  assert.equal(made.element.textContent, "p: Turnover");
});

test("a hidden part of the page closes its dashboard, and opens it again when it is shown", async (t) => {
  const made = page(t);
  const node = createElement(Title, { client: made.client, each: (each) => made.renders.push(each) });
  await made.render(createElement(Activity, { mode: "visible", children: node }));
  await made.render(createElement(Activity, { mode: "hidden", children: node }));
  assert.throws(() => made.dashboard.edit(titled("Profit")), isClosed);
  made.server.save(titled("Turnover"));
  await made.render(createElement(Activity, { mode: "visible", children: node }));
  assert.equal(made.element.textContent, "p: Turnover");
});

test("another session opens its draft", async (t) => {
  const made = page(t);
  await made.show({ options: { sessionId: "one" } });
  await made.show({ options: { sessionId: "two" } });
  assert.deepEqual(made.server.requests.map(({ url }) => url.searchParams.get("sessionId")), ["one", "two"]);
});

test("without an address nothing is opened", async (t) => {
  const made = page(t);
  await made.show({ address: null });
  assert.deepEqual([made.tokens, made.server.requests, made.dashboard.status], [0, [], "loading"]);
  assert.throws(() => made.dashboard.edit(titled("Profit")), isClosed);
  await made.show({ address: "p" });
  assert.equal(made.element.textContent, "p: Revenue");
});

test("options written inline open nothing again, and what did not change keeps its identity", async (t) => {
  const made = page(t);
  await made.show({ options: { autosave: false, legacyKeys: {} } });
  const before = made.dashboard;
  await made.show({ options: { autosave: false, legacyKeys: {} } });
  assert.equal(made.dashboard, before);
  assert.deepEqual([made.tokens, made.server.made("GET").length], [1, 1]);
  await made.use(({ edit }) => edit(titled("Profit")));
  assert.notEqual(made.dashboard, before);
  for (const method of ["edit", "save", "undo"]) assert.equal(made.dashboard[method], before[method]);
});

test("an edit can be undone and redone", async (t) => {
  const made = page(t);
  await made.show({ options: { autosave: false } });
  assert.deepEqual([made.dashboard.canUndo, made.dashboard.canRedo], [false, false]);
  await made.use(({ edit }) => edit(titled("Profit")));
  assert.equal(made.dashboard.canUndo, true);
  await made.use(({ undo }) => undo());
  assert.deepEqual([made.element.textContent, made.dashboard.canUndo, made.dashboard.canRedo], ["p: Revenue", false, true]);
  await made.use(({ redo }) => redo());
  assert.equal(made.element.textContent, "p: Profit");
});

test("a failure is in what the hook returns, and leaves no promise unhandled", async (t) => {
  const made = page(t);
  made.server.instead = [new TypeError("The network is down.")];
  await made.show();
  assert.deepEqual([made.dashboard.status, made.dashboard.error.code], ["offline", "network"]);
});

const loaded = { config: CONFIG, version: 1, updatedAt: MOMENT };

test("a server renders the config that it has loaded, and requests nothing", async () => {
  const made = page();
  assert.equal(renderToString(createElement(Title, { client: made.client, options: { loaded } })), "<p>p: Revenue</p>");
  assert.equal(renderToString(createElement(Title, { client: made.client })), "<p>p: loading</p>");
  await settled();
  assert.deepEqual([made.tokens, made.server.requests, made.browser.waits], [0, [], []]);
});

test("a page hydrates what a server has rendered, then shows the newest config and saves edits", async (t) => {
  const complaints = t.mock.method(console, "error", () => {});
  const made = page();
  const node = createElement(Title, { client: made.client, each: (each) => made.renders.push(each), options: { loaded, autosave: false } });
  const element = document.createElement("div");
  element.innerHTML = renderToString(node);
  made.renders.length = 0;
  made.server.save(titled("Turnover"));
  const { gone, go } = held();
  made.server.instead = [() => gone];
  /** @type {any} */
  let root;
  await acted(() => {
    root = hydrateRoot(element, createElement(StrictMode, null, node), { onRecoverableError: (error) => assert.fail(String(error)) });
  });
  t.after(() => act(() => root.unmount()));
  assert.equal(element.textContent, "p: Revenue");
  // The same object in every render, so that no chart is drawn again.
  assert.equal(new Set(made.renders.map(({ config }) => config)).size, 1);
  assert.ok(made.renders.every(({ version }) => version === 1));
  assert.deepEqual([made.dashboard.status, made.dashboard.origin], ["loading", "cache"]);
  await acted(go);
  assert.deepEqual([element.textContent, made.dashboard.status, made.dashboard.origin], ["p: Turnover", "clean", "network"]);
  await made.use(({ edit }) => edit(titled("Profit")));
  await made.use(({ save }) => save());
  assert.deepEqual([made.server.config, made.server.made("GET").length], [titled("Profit"), 1]);
  assert.deepEqual(complaints.mock.calls, []);
});
