/** Several openings of one document, what an application has loaded already, and servers that render a page. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { history, killedUnanswered, opened, title } from "./opened.js";
import { CONFIG, MOMENT, Server, settled, titled, token, world } from "./support.js";

const run = promisify(execFile);

test("openings of the same project share one document: one token, one request, one state", async () => {
  const asked = /** @type {string[]} */ ([]);
  const { server, client } = world({ getToken: () => (asked.push("token"), token("user-1")) });
  server.save(CONFIG);
  const [one, two] = [client.open("p", { autosave: false }), client.open("p")];
  await Promise.all([one.load(), two.load()]);
  assert.deepEqual([server.requests.length, asked.length], [1, 1]);
  one.edit(titled("mine"));
  assert.equal(two.state, one.state);
  assert.equal(two.state.autosave, false);
});

test("another project, another session and another client's opening are documents of their own", async () => {
  const { client } = world();
  const states = [client.open("p"), client.open("q"), client.open("p", { sessionId: "s" }), world().client.open("p")].map(({ state }) => state);
  assert.equal(new Set(states).size, 4);
});

test("a component that is mounted, unmounted and mounted again, as in React's strict mode, can load, edit and save", async () => {
  const { server, client } = world();
  server.save(CONFIG);
  const first = client.open("p", { autosave: false });
  first.load().catch(() => {});
  first.close();
  const second = client.open("p", { autosave: false });
  await second.load();
  second.edit(titled("mine"));
  await second.save();
  assert.deepEqual([second.state.status, history(server)], ["clean", [CONFIG, titled("mine")]]);
});

test("close is final for its caller: what it does then throws, and nothing of it is saved", async () => {
  const { server, browser, document } = await opened({ autosave: true });
  document.close();
  for (const name of /** @type {const} */ (["edit", "correct"])) assert.throws(() => document[name](titled("mine")), { code: "closed" });
  assert.throws(() => document.discard(), { code: "closed" });
  assert.throws(() => document.setAutosave(false), { code: "closed" });
  for (const name of /** @type {const} */ (["load", "refresh", "save", "undo", "redo"])) await assert.rejects(document[name](), { code: "closed" });
  await assert.rejects(document.resolve("mine"), { code: "closed" });
  await assert.rejects(document.restore(1), { code: "closed" });
  await assert.rejects(document.undoVersion(1), { code: "closed" });
  await browser.advance(60_000);
  assert.deepEqual([document.state.status, history(server)], ["clean", [CONFIG]]);
});

test("close leaves the document's other openings alone", async () => {
  const { client, browser, server, document } = await opened({ autosave: true });
  const other = client.open("p");
  const heard = /** @type {string[]} */ ([]);
  document.subscribe(({ status }) => heard.push(status));
  document.close();
  document.close();
  other.edit(titled("mine"));
  await browser.advance(60_000);
  assert.deepEqual([other.state.status, history(server)], ["clean", [CONFIG, titled("mine")]]);
  assert.deepEqual(heard, []);
});

test("a listener that two openings share is called for each, until that one stops", async () => {
  const { client, document } = await opened();
  const other = client.open("p");
  let calls = 0;
  const listener = () => (calls += 1);
  const stop = document.subscribe(listener);
  other.subscribe(listener);
  document.edit(titled("one"));
  assert.equal(calls, 2);
  stop();
  document.edit(titled("two"));
  assert.equal(calls, 3);
});

test("the last close saves what was edited, and a later opening is a new document", async () => {
  const { client, server, document } = await opened({ autosave: true });
  const other = client.open("p");
  document.edit(titled("mine"));
  document.close();
  await settled();
  assert.equal(server.made("PATCH").length, 0);
  other.close();
  await settled();
  assert.deepEqual(history(server), [CONFIG, titled("mine")]);
  const next = client.open("p");
  await next.load();
  assert.equal(title(next), "mine");
});

const LOADED = { config: CONFIG, version: 1, updatedAt: MOMENT };

test("what the application has loaded is shown at once as a copy, and revalidated", async () => {
  const { server, client } = world();
  server.save(CONFIG);
  server.save(titled("newer"));
  const document = client.open("p", { loaded: LOADED });
  const { config, version, updatedAt, origin, status } = document.state;
  assert.deepEqual({ config, version, updatedAt, origin, status }, { ...LOADED, origin: "cache", status: "loading" });
  await document.load();
  assert.deepEqual([title(document), document.state.origin], ["newer", "network"]);
});

test("what the application has loaded is not downloaded again if it is the newest", async () => {
  const { server, client } = world();
  server.save(CONFIG);
  const document = client.open("p", { loaded: LOADED });
  await document.load();
  assert.equal(server.requests[0]?.headers.get("If-None-Match"), '"1"');
  assert.deepEqual([document.state.status, document.state.config, document.state.origin], ["clean", CONFIG, "network"]);
});

test("a project without a config that the application has loaded as such shows none", async () => {
  const { client } = world();
  const document = client.open("p", { loaded: { config: null, version: 0, updatedAt: null } });
  assert.deepEqual([document.state.config, document.state.version, document.state.origin], [null, 0, "cache"]);
  await document.load();
  assert.deepEqual([document.state.config, document.state.status], [null, "clean"]);
});

test("an edit of what the application has loaded is saved alone, and merged with what is newer", async () => {
  const { server, client } = world();
  server.save(CONFIG);
  server.save({ ...CONFIG, theme: "dark" });
  const document = client.open("p", { loaded: LOADED, autosave: false });
  document.edit(titled("mine"));
  await document.load();
  await document.save();
  assert.deepEqual(document.state.config, { ...titled("mine"), theme: "dark" });
  assert.deepEqual(server.made("PATCH")[0]?.body, [{ op: "replace", path: "/chartCustomizations/c1/title", value: "mine" }]);
});

test("this browser's copy is shown instead if it is newer than what the application has loaded", async () => {
  const { server, browser, document } = await opened();
  server.save(titled("newer"));
  await document.refresh();
  document.close();
  await settled();
  const { client } = world({ server, browser });
  server.instead = [new TypeError("The network is down.")];
  const next = client.open("p", { loaded: LOADED, autosave: false });
  await next.load().catch(() => {});
  assert.deepEqual([title(next), next.state.status], ["newer", "offline"]);
});

test("the edits of a closed tab are shown over what the application has loaded", async () => {
  const { server, browser, tab, document } = await opened();
  document.edit(titled("mine"));
  await settled();
  tab.kill();
  const next = world({ server, browser }).client.open("p", { loaded: LOADED, autosave: false });
  await next.load();
  assert.deepEqual([title(next), next.state.status], ["mine", "dirty"]);
});

test("a save of a killed tab that was not answered is repeated, though the application has loaded a newer version", async () => {
  const { server, browser } = await killedUnanswered();
  const loaded = { config: server.config, version: 3, updatedAt: MOMENT };
  const next = world({ server, browser }).client.open("p", { loaded, autosave: true });
  await next.load();
  await settled();
  await browser.advance(60_000);
  assert.deepEqual([next.state.status, next.state.version, next.state.config], ["clean", 3, loaded.config]);
  assert.equal(server.versions.length, 4);
});

/** Run a module in Node.js, which ends by itself or is killed; returns what it has printed. @param {string} code */
async function printed(code) {
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", code], { cwd: fileURLToPath(new URL("../", import.meta.url)), timeout: 30_000 });
  return stdout;
}

const STORE = `
  import { createDashboardClient } from "./dist/index.js";
  import { dashkeep } from "./dist/zustand.js";
  import { createStore } from "zustand/vanilla";
  let asked = 0;
  const nothing = () => { asked += 1; return new Promise(() => {}); };
  const client = createDashboardClient({ baseUrl: "http://127.0.0.1:9", getToken: nothing, fetch: nothing });
  const store = createStore(dashkeep(() => ({ chartCustomizations: {} }), { client, projectId: "p" }));
`;

test("a server that imports a module with a store asks for no token, sends nothing, and can end", async () => {
  const out = await printed(`${STORE}
    store.setState({ chartCustomizations: { c1: {} } });
    await new Promise((resolve) => setTimeout(resolve, 50));
    console.log(asked, store.dashkeep.state.status, Object.keys(store.getState().chartCustomizations));
  `);
  assert.equal(out, "0 loading [ 'c1' ]\n");
});

test("in a page, the same store loads at once", async () => {
  const out = await printed(`globalThis.document = { visibilityState: "visible" };${STORE}
    await new Promise((resolve) => setTimeout(resolve, 50));
    console.log(asked);
    process.exit();
  `);
  assert.equal(out, "1\n");
});

test("a script that opens a document and loads it can end without closing it", async () => {
  const out = await printed(`
    import { createDashboardClient } from "./dist/index.js";
    const answer = () => Response.json({ config: { chartCustomizations: {} }, version: 1, updatedAt: null }, { headers: { ETag: '"1"' } });
    const client = createDashboardClient({ baseUrl: "http://127.0.0.1:9", getToken: () => "a.e30.", fetch: async () => answer() });
    const document = client.open("p");
    console.log((await document.load()).status);
  `);
  assert.equal(out, "clean\n");
});

for (const [name, call] of /** @type {[string, (client: any, options: any) => Promise<unknown>][]} */ ([
  ["projects.create", (client, options) => client.projects.create({ name: "P" }, options)],
  ["projects.get", (client, options) => client.projects.get("p", options)],
  ["projects.update", (client, options) => client.projects.update("p", {}, { ifMatch: 1, ...options })],
  ["projects.remove", (client, options) => client.projects.remove("p", options)],
  ["projects.restore", (client, options) => client.projects.restore("p", options)],
  ["data.versions", (client, options) => client.data.versions("p", options)],
  ["data.version", (client, options) => client.data.version("p", 1, options)],
  ["data.saveAnalysis", (client, options) => client.data.saveAnalysis("p", {}, { ifMatch: 1, ...options })],
  ["limits", (client, options) => client.limits(options)],
  ["flags", (client, options) => client.flags(options)],
])) {
  test(`${name} ends with its signal's reason`, async () => {
    const server = new Server();
    server.instead = [() => new Promise(() => {})];
    const { client } = world({ server });
    const ended = new AbortController();
    const asked = call(client, { signal: ended.signal });
    asked.catch(() => {});
    await settled();
    ended.abort(new Error("The user has left."));
    await assert.rejects(asked, { message: "The user has left." });
  });
}
