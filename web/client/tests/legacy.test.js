/** What an older version of the application left in this browser moves to the server. */

import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { opened, title } from "./opened.js";
import { Browser, CONFIG, conflict, problem, Server, settled, titled, token } from "./support.js";

/** @param {Record<string, unknown>} kept */
function browserWith(kept) {
  const browser = new Browser();
  for (const [name, value] of Object.entries(kept)) browser.localStorage.setItem(name, JSON.stringify(value));
  return browser;
}

function oldBrowser() {
  const browser = new Browser();
  browser.localStorage.setItem("currentTheme", "dark");
  browser.localStorage.setItem("dashboardFilters", '[{"id":"f1"}]');
  browser.localStorage.setItem("chartCustomizations", JSON.stringify(CONFIG.chartCustomizations));
  return browser;
}

const OLD = { ...CONFIG, theme: "dark", filters: [{ id: "f1" }] };
const configs = (/** @type {Server} */ server) => server.versions.map(({ config }) => config);

test("an older application's copy is moved once and stays in place", async () => {
  const browser = oldBrowser();
  const { server, document } = await opened({ server: new Server(), browser });
  const [{ url, headers } = assert.fail()] = server.made("PUT");
  assert.deepEqual([url.searchParams.get("source"), headers.get("If-None-Match")], ["localStorage", "*"]);
  assert.deepEqual([configs(server), document.state.version, document.state.status], [[null, OLD], 1, "clean"]);
  assert.equal(browser.localStorage.getItem("currentTheme"), "dark");
  server.save(null);
  await opened({ server, browser });
  assert.equal(server.made("PUT").length, 1);
});

test("a moved copy is not moved again, even if nothing is saved any more", async () => {
  const browser = oldBrowser();
  await opened({ server: new Server(), browser });
  const { server, document } = await opened({ server: new Server(), browser });
  assert.deepEqual([server.version, document.state.config], [0, null]);
});

test("a second device's old copy does not overwrite the first one's", async () => {
  const { server } = await opened({ server: new Server(), browser: oldBrowser() });
  const browser = oldBrowser();
  browser.localStorage.setItem("currentTheme", "light");
  const { document } = await opened({ server, browser });
  assert.deepEqual([configs(server), document.state.config], [[null, OLD], OLD]);

  const late = new Server();
  late.instead = [, () => (late.save(titled("first")), conflict(1, titled("first"), [""]))];
  const lost = await opened({ server: late, browser: oldBrowser() });
  assert.deepEqual([title(lost.document), lost.document.state.status], ["first", "clean"]);
});

test("a copy whose move fails stays in place and is tried again", async () => {
  const [server, browser] = [new Server(), oldBrowser()];
  server.instead = [, () => problem(503, "storage-unavailable")];
  await assert.rejects(opened({ server, browser }), { code: "storage-unavailable" });
  assert.deepEqual([server.version, browser.localStorage.getItem("currentTheme")], [0, "dark"]);
  const { document } = await opened({ server, browser });
  assert.deepEqual([document.state.status, document.state.config], ["clean", OLD]);
});

test("a copy of which the server accepts nothing is named in the state", async () => {
  const [server, browser] = [new Server(), oldBrowser()];
  server.instead = [, () => problem(413, "config-too-large")];
  const { document } = await opened({ server, browser });
  assert.deepEqual([document.state.status, server.version, document.state.notMoved], ["clean", 0, [{ pointer: "", message: "It is config-too-large." }]]);
});

test("a reader that throws leaves the state failed, the copy in place, and is called again at the next load", async () => {
  let fails = true;
  const legacyKeys = () => {
    if (fails) throw new TypeError("theme is undefined");
    return { theme: "dark" };
  };
  const { server, document } = await opened({ server: new Server(), browser: oldBrowser(), legacyKeys });
  assert.deepEqual([document.state.status, document.state.error?.code, server.version], ["failed", "store", 0]);
  fails = false;
  await document.load();
  assert.deepEqual([document.state.status, document.state.config], ["clean", { chartCustomizations: {}, theme: "dark" }]);
});

test("without a storage, where nothing can be remembered, an old copy moves only to the project that says it is its own", async () => {
  const { server, document } = await opened({ server: new Server(), browser: oldBrowser(), storage: null });
  assert.deepEqual([document.state.status, server.version], ["clean", 0]);
  document.edit(titled("mine"));
  await document.save();
  assert.deepEqual([configs(server), document.state.status], [[null, titled("mine")], "clean"]);
  const own = await opened({ server: new Server(), browser: oldBrowser(), storage: null, ownsLegacy: true });
  assert.deepEqual([own.document.state.status, own.server.version], ["clean", 1]);
});

test("nothing is read where an application names no keys, or other keys", async () => {
  for (const legacyKeys of [null, { theme: "other" }, () => null]) {
    const { server, document } = await opened({ server: new Server(), browser: oldBrowser(), legacyKeys });
    assert.deepEqual([server.version, document.state.config, document.state.status], [0, null, "clean"]);
  }
});

test("an old copy moves to another user's project only if that says it is its own, and stays for later where the user may only look", async () => {
  const browser = oldBrowser();
  const project = `${Buffer.from("user-2").toString("base64url")}~p`;
  const shared = await opened({ server: new Server(), browser, project });
  assert.deepEqual([shared.server.version, shared.document.state.status], [0, "clean"]);
  const server = new Server();
  server.access = "viewer";
  const { document } = await opened({ server, browser, project, ownsLegacy: true });
  assert.deepEqual([server.version, document.state.status, document.state.notMoved], [0, "clean", []]);
  server.access = "owner";
  await document.load();
  assert.deepEqual([configs(server), document.state.status], [[null, OLD], "clean"]);
});

test("edits made before an old copy has moved are put onto it", async () => {
  const server = new Server();
  server.instead = [() => document.edit((config) => ({ ...config, extensions: { a: 1 } }))];
  const browser = oldBrowser();
  const { createDashboardClient } = await import("../dist/index.js");
  const client = createDashboardClient({ baseUrl: "https://api.example.com", getToken: () => token("user-1"), fetch: server.fetch, environment: browser.tab().environment });
  const document = client.open("p", { autosave: false });
  await document.load();
  await document.save();
  assert.deepEqual(configs(server), [null, OLD, { ...OLD, extensions: { a: 1 } }]);
});

test("a module of the client that cannot be fetched is a failure that is tried again", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "dashkeep-"));
  t.after(() => rm(folder, { recursive: true }));
  await cp(new URL("../dist/", import.meta.url), folder, { recursive: true });
  await rm(join(folder, "legacy.js"));
  await cp(new URL("../package.json", import.meta.url), join(folder, "package.json"));
  const { createDashboardClient } = await import(pathToFileURL(join(folder, "index.js")).href);
  const client = createDashboardClient({ baseUrl: "https://api.example.com", getToken: () => token("user-1"), fetch: new Server().fetch, environment: oldBrowser().tab().environment });
  const document = client.open("p");
  await assert.rejects(document.load(), { code: "network" });
  await settled();
  assert.equal(document.state.status, "offline");
});

test("of an old copy, what is valid moves, each part by itself, and the state names the rest", async () => {
  const browser = browserWith({ chartCustomizations: { c1: { title: "Revenue" }, bad: { title: 1 } }, currentLayout: [{ i: "c1", x: 0 }], currentTheme: null, dashboardFilters: "none" });
  const server = new Server();
  const errors = [{ pointer: "/chartCustomizations/bad/title", message: "This must be a string." }, { pointer: "/filters", message: "This must be an array." }];
  server.instead = [, () => problem(422, "invalid-config", { errors })];
  const { document } = await opened({ server, browser });
  assert.deepEqual([configs(server).slice(1), document.state.config], [[{ ...CONFIG, currentLayout: [{ i: "c1", x: 0 }] }], server.config]);
  assert.deepEqual([document.state.notMoved, document.state.status], [errors, "clean"]);
  assert.equal(browser.localStorage.getItem("dashboardFilters"), '"none"');
});

test("an old copy moves once, to the project that it belongs to, or else to the first", async () => {
  const kept = { chartCustomizations: CONFIG.chartCustomizations };
  for (const [options, moved] of /** @type {const} */ ([[[{}, {}], [true, false]], [[{ ownsLegacy: false }, { ownsLegacy: true }], [false, true]]])) {
    const browser = browserWith(kept);
    for (const [index, option] of options.entries()) {
      const server = new Server();
      const { document } = await opened({ server, browser, project: `p${index}`, ...option });
      assert.deepEqual([document.state.config, document.state.version], moved[index] ? [CONFIG, 1] : [null, 0]);
    }
  }
});
