/** Tabs that are left, killed and opened again. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { IDBDatabase } from "fake-indexeddb";

import { charted, history, killedUnanswered, opened, title } from "./opened.js";
import { Browser, CONFIG, Server, settled, titled, token, world } from "./support.js";

/** Edit a title in a tab, and kill the tab. @type {(server: Server, browser: Browser, name: string, options?: any) => Promise<void>} */
async function killedWith(server, browser, name, options) {
  const { tab, document } = await opened({ server, browser, ...options });
  document.edit(charted(name, { title: name }));
  await settled();
  assert.equal(document.state.isKept, true);
  tab.kill();
}

/** Open tabs beside each other, and add a chart in each. @param {string[]} names */
async function edited(...names) {
  const server = new Server();
  server.save(CONFIG);
  const browser = new Browser();
  const tabs = [];
  for (const _ of names) tabs.push(await opened({ server, browser }));
  for (const [index, name] of names.entries()) tabs[index]?.document.edit(charted(name, {}));
  await settled();
  return { server, browser, tabs };
}

/** Process a request, but never answer it. @param {Server} server */
const unanswered = (server) => (/** @type {any} */ request) => (server.answer(request), new Promise(() => {}));

// --- leaving a page ---

test("a page that is left sends its edits with keepalive and the last token", async () => {
  let count = 0;
  const { server, tab, document } = await opened({ autosave: true, getToken: () => ((count += 1), token("user-1")) });
  document.edit(titled("mine"));
  await tab.happens("hidden");
  assert.deepEqual([server.config, server.made("PATCH").map(({ keepalive }) => keepalive), count], [titled("mine"), [true], 1]);
});

test("a page that is left before it sees a write succeed has stored the key of the save that it sends: the next tab repeats it", async (t) => {
  const { server, browser, tab, document } = await opened({ autosave: true });
  const { transaction } = IDBDatabase.prototype;
  const { mock } = t.mock.method(IDBDatabase.prototype, "transaction", /** @this {any} @param {[any, any]} given */ function (...given) {
    // The transaction completes, but the page hears nothing of it.
    return Object.defineProperty(transaction.apply(this, given), "oncomplete", { set() {} });
  });
  document.edit(titled("mine"));
  server.instead = [unanswered(server)];
  await tab.happens("hidden");
  mock.restore();
  tab.kill();
  server.save(CONFIG);
  const next = await opened({ server, browser });
  await next.document.save();
  const keys = server.made("PATCH").map(({ headers }) => headers.get("Idempotency-Key"));
  assert.deepEqual([keys.length, new Set(keys).size], [2, 1]);
  assert.deepEqual(history(server), [CONFIG, titled("mine"), CONFIG]);
});

test("a page without autosave sends nothing when it is left, and keeps the edits", async () => {
  const { server, browser, tab, document } = await opened();
  document.edit(titled("mine"));
  await tab.happens("hidden");
  document.close();
  await settled();
  assert.deepEqual(history(server), [CONFIG]);
  const { document: next } = await opened({ server, browser });
  assert.deepEqual([title(next), next.state.isDirty], ["mine", true]);
});

test("edits over 64 KB are sent without keepalive, and the next tab takes them up if they do not arrive", async () => {
  const { server, browser, tab, document } = await opened({ autosave: true });
  const large = titled("ü".repeat(32_000));
  document.edit(large);
  server.instead = [new TypeError("The page is gone.")];
  await tab.happens("hidden");
  assert.deepEqual(server.made("PATCH").map(({ keepalive }) => keepalive), [false]);
  tab.kill();
  const next = await opened({ server, browser });
  await next.document.save();
  assert.deepEqual(history(server), [CONFIG, large]);
});

test("a keepalive request whose token is rejected is repeated with a new one if the page comes back", async () => {
  const { server, browser, tab, document } = await opened({ autosave: true });
  document.edit(titled("mine"));
  server.instead = [() => new Response(null, { status: 401 })];
  await tab.happens("hidden");
  assert.equal(document.state.error?.code, "unauthorized");
  await browser.advance(60_000);
  assert.deepEqual([server.config, document.state.status], [titled("mine"), "clean"]);
});

// --- killed tabs ---

test("the edits of a killed tab are taken up by the next one, once", async () => {
  const { server, browser } = await opened();
  await killedWith(server, browser, "mine");
  const { document } = await opened({ server, browser, autosave: true });
  assert.deepEqual([document.state.isDirty, document.state.isKept], [true, true]);
  await browser.advance(1_500);
  await opened({ server, browser, autosave: true });
  await browser.advance(60_000);
  assert.deepEqual(history(server), [CONFIG, charted("mine", { title: "mine" })(CONFIG)]);
});

for (const outcome of /** @type {const} */ (["arrived", "was lost"])) {
  test(`a save that ${outcome} before its tab was killed, and later edits, are in history once each`, async () => {
    const { server, browser, tab, document } = await opened();
    server.instead = [outcome === "arrived" ? unanswered(server) : () => new Promise(() => {})];
    document.edit(titled("sent"));
    document.save().catch(() => {});
    await settled();
    document.edit(titled("later"));
    await settled();
    tab.kill();
    const next = await opened({ server, browser, autosave: true });
    assert.equal(title(next.document), "later");
    for (let turn = 0; turn < 3; turn += 1) await browser.advance(1_500);
    assert.deepEqual([history(server), next.document.state.status], [[CONFIG, titled("sent"), titled("later")], "clean"]);
  });
}

test("a save's key is durable in this browser before the server sees it", async () => {
  const { server, browser, document } = await opened();
  /** @type {any[]} */
  const kept = [];
  server.instead = [
    async ({ headers }) => {
      const request = /** @type {IDBFactory} */ (browser.database).open("dashkeep");
      await new Promise((resolve) => (request.onsuccess = resolve));
      const all = request.result.transaction("kept").objectStore("kept").getAll();
      await new Promise((resolve) => (all.onsuccess = resolve));
      request.result.close();
      kept.push(headers.get("Idempotency-Key"), ...all.result.flatMap((value) => value.sent?.key ?? []));
      return server.answer(server.requests.at(-1));
    },
  ];
  document.edit(titled("mine"));
  await document.save();
  assert.equal(kept.length, 2);
  assert.equal(kept[0], kept[1]);
});

test("a killed tab's save that a colleague has reverted since is not repeated", async () => {
  const { server, browser, tab, document } = await opened();
  server.instead = [unanswered(server)];
  document.edit(titled("sent"));
  document.save().catch(() => {});
  await settled();
  tab.kill();
  server.save(CONFIG);
  const next = await opened({ server, browser, autosave: true });
  for (let turn = 0; turn < 3; turn += 1) await browser.advance(1_500);
  assert.deepEqual([history(server), next.document.state.version, next.document.state.config], [[CONFIG, titled("sent"), CONFIG], 3, CONFIG]);
});

test("the edits of two killed tabs are both saved", async () => {
  const { server, browser, tabs } = await edited("one", "two");
  for (const { tab } of tabs) tab.kill();
  const next = await opened({ server, browser, autosave: true });
  for (let turn = 0; turn < 6; turn += 1) await browser.advance(1_500);
  assert.deepEqual(server.config, charted("two", {})(charted("one", {})(CONFIG)));
  assert.deepEqual([next.document.state.status, history(server).length], ["clean", 3]);
});

test("of the edits of several killed tabs, the next one shows the latest", async () => {
  const { server, browser, tabs } = await edited("one", "two", "three");
  browser.time = 1;
  tabs[1]?.document.edit(charted("latest", {}));
  await settled();
  for (const { tab } of tabs) tab.kill();
  const { document } = await opened({ server, browser });
  assert.deepEqual(Object.keys(document.state.config?.chartCustomizations ?? {}), ["c1", "two", "latest"]);
});

test("when the edits of two killed tabs differ at the same place, the user decides", async () => {
  const { server, browser, tabs } = await edited("one", "one");
  tabs[1]?.document.edit(charted("one", { title: "other" }));
  await settled();
  for (const { tab } of tabs) tab.kill();
  const { document } = await opened({ server, browser });
  await document.save();
  await settled();
  assert.deepEqual([document.state.status, document.state.conflict?.conflicts, document.state.isKept], ["conflict", ["/chartCustomizations/one"], true]);
  await document.resolve("mine");
  assert.deepEqual(history(server).slice(1), [charted("one", {})(CONFIG), charted("one", { title: "other" })(CONFIG)]);
});

test("the version of a tab never falls, not even when it takes up edits of a tab that died earlier", async () => {
  const { server, browser, tabs } = await edited("one", "two");
  for (const { tab } of tabs) tab.kill();
  const { client } = world({ server, browser });
  const document = client.open("p");
  const versions = [0];
  document.subscribe(({ version }) => versions.push(version));
  await document.load();
  for (let turn = 0; turn < 6; turn += 1) await browser.advance(1_500);
  assert.deepEqual(versions, [...versions].sort((one, other) => one - other));
  assert.deepEqual(Object.keys(server.config.chartCustomizations).sort(), ["c1", "one", "two"]);
});

test("a conflict outlives its tab", async () => {
  const { server, browser, tab, document } = await opened();
  server.save(titled("theirs"));
  document.edit(titled("mine"));
  await assert.rejects(document.save());
  await settled();
  assert.deepEqual([document.state.status, document.state.isKept], ["conflict", true]);
  tab.kill();
  const next = await opened({ server, browser });
  await assert.rejects(next.document.save());
  assert.deepEqual(next.document.state.conflict?.conflicts, ["/chartCustomizations/c1/title"]);
  await next.document.resolve("mine");
  assert.deepEqual(history(server), [CONFIG, titled("theirs"), titled("mine")]);
});

test("a discard outlives its tab", async () => {
  const { server, browser, tab, document } = await opened();
  document.edit(titled("mine"));
  await settled();
  document.discard();
  await settled();
  tab.kill();
  const next = await opened({ server, browser, autosave: true });
  assert.deepEqual([next.document.state.isDirty, title(next.document)], [false, "Revenue"]);
});

test("a tab that opens shows no older version than this browser had acknowledged", async () => {
  const { server, browser, document } = await opened();
  document.edit(titled("mine"));
  await document.save();
  await settled();
  server.instead = [new TypeError("fetch failed")];
  const { client } = world({ server, browser });
  const next = client.open("p");
  await assert.rejects(next.load(), { code: "network" });
  assert.deepEqual([next.state.status, next.state.version, title(next)], ["offline", 2, "mine"]);
});

test("an edit made offline is shown after a reload offline, and is saved when the network is back", async () => {
  const { server, browser, tab, document } = await opened({ autosave: true });
  document.edit(titled("mine"));
  await settled();
  tab.kill();
  server.instead = Array(3).fill(new TypeError("fetch failed"));
  const next = world({ server, browser });
  const reloaded = next.client.open("p");
  await assert.rejects(reloaded.load(), { code: "network" });
  assert.deepEqual([reloaded.state.status, title(reloaded), reloaded.state.isKept], ["offline", "mine", true]);
  server.instead = [];
  await next.tab.happens("online");
  await browser.advance(1_500);
  assert.deepEqual([server.config, reloaded.state.status], [titled("mine"), "clean"]);
});

test("a repeated save that is answered with an older version is a copy until the newest version has arrived", async () => {
  const { server, browser } = await killedUnanswered();
  const { client } = world({ server, browser });
  const next = client.open("p", { autosave: true });
  const shown = /** @type {any[]} */ ([]);
  next.subscribe(({ status, version, origin }) => shown.push([status, version, origin]));
  await next.load();
  await browser.advance(60_000);
  assert.deepEqual(shown.filter(([status]) => status === "clean"), [["clean", 2, "cache"], ["clean", 3, "network"]]);
});
