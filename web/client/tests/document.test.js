import assert from "node:assert/strict";
import { test } from "node:test";

import { Browser, CONFIG, conflict, MemoryStorage, problem, Server, settled, titled, world } from "./support.js";

/** Open a document and load it at version 1. @param {any} [options] */
async function opened({ autosave = false, ...given } = {}) {
  const made = world(given);
  if (!given.server) made.server.versions.push(CONFIG);
  const document = made.client.open("p", { autosave });
  await document.load();
  return { ...made, document };
}

const title = (/** @type {any} */ document) => document.state.config.chartCustomizations.c1.title;

test("nothing counts as saved before the server has responded", async () => {
  const { server, document } = await opened();
  /** @type {(answer?: Response) => void} */
  let answer = () => {};
  server.instead = [() => new Promise((resolve) => (answer = /** @type {any} */ (resolve)))];
  document.edit(titled("mine"));
  assert.equal(document.state.status, "dirty");
  const saving = document.save();
  await settled();
  assert.deepEqual([document.state.status, document.state.isDirty, document.state.lastSavedAt], ["saving", true, null]);
  answer();
  await saving;
  assert.deepEqual([document.state.status, document.state.version, document.state.isDirty], ["clean", 2, false]);
});

test("edits are saved together after a delay from the last one", async () => {
  const { server, browser, document } = await opened({ autosave: true });
  document.edit(titled("one"));
  await browser.advance(1_000);
  document.edit(titled("two"));
  await browser.advance(1_000);
  assert.equal(server.version, 1);
  await browser.advance(500);
  assert.deepEqual(server.versions.slice(2), [titled("two")]);
  assert.equal(server.requests.at(-1)?.url.searchParams.get("source"), "autosave");
});

test("only one save is in flight, and the latest edit goes with the next", async () => {
  const { server, document } = await opened();
  document.edit(titled("one"));
  const first = document.save();
  document.edit(titled("two"));
  document.edit(titled("three"));
  const second = document.save();
  await Promise.all([first, second]);
  assert.deepEqual(server.versions.slice(2), [titled("one"), titled("three")]);
  assert.deepEqual(server.requests.slice(1).map(({ headers }) => headers.get("If-Match")), ['"1"', '"2"']);
});

test("a note is stored only with the save that it belongs to", async () => {
  const { server, document } = await opened();
  document.edit(titled("one"));
  await document.save({ message: "for the board" });
  document.edit(titled("two"));
  await document.save();
  const notes = server.requests.slice(1).map(({ url }) => url.searchParams.get("message"));
  assert.deepEqual(notes, ["for the board", null]);
});

test("without autosave nothing is saved automatically", async () => {
  const { server, browser, document } = await opened();
  document.edit(titled("mine"));
  await browser.advance(60_000);
  assert.equal(server.version, 1);
  document.setAutosave(true);
  await browser.advance(2_000);
  assert.equal(server.version, 2);
});

for (const [status, code, shown] of /** @type {const} */ ([
  [500, "internal-error", "failed"],
  [503, "storage-unavailable", "failed"],
  [429, "rate-limited", "failed"],
  [413, "config-too-large", "failed"],
  [0, "network", "offline"],
])) {
  test(`a save that fails with ${code} reports the error and keeps the edits`, async () => {
    const { server, document } = await opened();
    server.instead = [status ? () => problem(status, code) : new TypeError("fetch failed")];
    document.edit(titled("mine"));
    await assert.rejects(document.save(), { status, code });
    assert.deepEqual([document.state.status, document.state.isDirty, title(document)], [shown, true, "mine"]);
    assert.equal(document.state.error?.code, code);
    assert.equal(document.state.lastSavedAt, null);
  });
}

test("after a temporary failure the edits are saved automatically, at the latest when the network is back", async () => {
  const { server, browser, document } = await opened();
  server.instead = [() => problem(503, "storage-unavailable", {}, { "Retry-After": "7" })];
  document.edit(titled("mine"));
  await assert.rejects(document.save());
  await browser.advance(7_000);
  assert.equal(server.version, 1);
  await browser.advance(250);
  assert.deepEqual([server.version, document.state.status, document.state.error], [2, "clean", null]);

  server.instead = [new TypeError("fetch failed")];
  document.edit(titled("again"));
  await assert.rejects(document.save());
  await browser.happens("online");
  assert.equal(server.version, 3);
});

test("edits survive a reload and are saved against the version that they were based on", async () => {
  const first = await opened();
  first.document.edit(titled("mine"));
  first.document.close();
  first.server.versions.push(titled("theirs"));
  const { server, document } = await opened({ ...first, browser: new Browser(), autosave: true });
  assert.deepEqual([title(document), document.state.isDirty], ["mine", true]);
  const put = () => server.requests.filter(({ method }) => method === "PUT");
  assert.equal(put().length, 0);
  await document.save().catch(() => {});
  assert.equal(put()[0].headers.get("If-Match"), '"1"');
  assert.equal(put()[0].url.searchParams.get("onConflict"), "merge");
});

test("two tabs keep their edits separate, and the edits of a closed tab are adopted", async () => {
  const one = await opened();
  const two = await opened({ server: one.server, browser: one.browser, storage: one.storage });
  one.document.edit(titled("one"));
  two.document.edit(titled("two"));
  const three = await opened({ server: one.server, browser: one.browser, storage: one.storage });
  assert.equal(three.document.state.isDirty, false);
  two.document.close();
  const four = await opened({ server: one.server, browser: one.browser, storage: one.storage });
  assert.equal(title(four.document), "two");
});

test("a document that is open twice in one tab keeps its edits separate", async () => {
  const { client, storage, document } = await opened();
  const second = client.open("p", { autosave: false });
  await second.load();
  document.edit(titled("one"));
  second.edit(titled("two"));
  const names = Array.from({ length: storage.length }, (_, index) => storage.key(index));
  assert.equal(names.filter((name) => name?.includes("|unsaved|")).length, 2);
});

test("other saves are not loaded while there are unsaved edits", async () => {
  const { server, browser, document } = await opened();
  document.edit(titled("mine"));
  await browser.advance(10_000);
  await browser.happens("focus");
  assert.equal(server.requests.length, 1);
});

test("another tab's save is shown at once if nothing was edited", async () => {
  const one = await opened();
  const two = await opened({ server: one.server, browser: one.browser, storage: one.storage });
  one.document.edit(titled("mine"));
  await one.document.save();
  await settled();
  assert.deepEqual([title(two.document), two.document.state.version], ["mine", 2]);
});

test("another device's save is shown when the page gets focus", async () => {
  const { server, browser, document } = await opened();
  server.versions.push(titled("theirs"));
  await browser.happens("focus");
  assert.equal(title(document), "Revenue");
  await browser.advance(5_000);
  await browser.happens("focus");
  assert.deepEqual([title(document), document.state.version], ["theirs", 2]);
  await browser.advance(5_000);
  await browser.happens("focus");
  assert.equal(server.requests.at(-1)?.headers.get("If-None-Match"), '"2"');
});

test("a refresh always asks the server and keeps edits", async () => {
  const { server, document } = await opened();
  server.versions.push(titled("theirs"));
  assert.equal((await document.refresh()).version, 2);
  assert.equal(title(document), "theirs");
  document.edit(titled("mine"));
  server.versions.push(titled("newer"));
  await document.refresh();
  assert.equal(title(document), "mine");
});

test("the merged config is shown", async () => {
  const { server, document } = await opened();
  const merged = { chartCustomizations: { c1: { title: "mine" }, c2: { title: "theirs" } } };
  server.instead = [
    () => {
      server.versions.push(merged, merged);
      return Response.json({ success: true, merged: true, version: 3, updatedAt: null, config: merged });
    },
  ];
  document.edit(titled("mine"));
  await document.save();
  assert.deepEqual([document.state.config, document.state.version, document.state.status], [merged, 3, "clean"]);
});

test("an edit made during a merged save is applied to the merged config", async () => {
  const { server, document } = await opened();
  const merged = { chartCustomizations: { c1: { title: "mine" }, c2: { title: "theirs" } } };
  server.instead = [
    () => {
      document.edit((config) => ({ ...config, theme: { id: "dark" } }));
      server.versions.push(merged);
      return Response.json({ success: true, merged: true, version: 2, updatedAt: null, config: merged });
    },
  ];
  document.edit(titled("mine"));
  await document.save();
  assert.deepEqual(document.state.config, { ...merged, theme: { id: "dark" } });
  await document.save();
  assert.deepEqual(server.versions.at(-1), { ...merged, theme: { id: "dark" } });
});

test("a conflict is reported with both sides and the places", async () => {
  const { server, document } = await opened();
  server.versions.push(titled("theirs"));
  document.edit(titled("mine"));
  await assert.rejects(document.save(), { status: 412 });
  assert.equal(document.state.status, "conflict");
  assert.deepEqual(document.state.conflict, {
    mine: titled("mine"),
    theirs: titled("theirs"),
    base: CONFIG,
    conflicts: ["/chartCustomizations/c1/title"],
    currentVersion: 2,
  });
});

for (const choice of /** @type {const} */ (["mine", "theirs"])) {
  test(`${choice} wins at disputed values, other changes stay, and both values are in history`, async () => {
    const { server, document } = await opened();
    const theirs = { chartCustomizations: { c1: { title: "theirs" }, c2: {} } };
    server.versions.push(theirs);
    document.edit({ ...titled("mine"), theme: { id: "dark" } });
    await assert.rejects(document.save());
    const joined = { ...theirs, theme: { id: "dark" } };
    server.instead = [
      // The server's merge: nothing is disputed any more, and their additions are included.
      ({ body, headers }) => {
        assert.deepEqual(body, { ...titled("theirs"), theme: { id: "dark" } });
        assert.equal(headers.get("If-Match"), '"1"');
        server.versions.push(joined);
        return Response.json({ success: true, merged: true, version: 3, updatedAt: null, config: joined });
      },
    ];
    await document.resolve(choice);
    const mine = { ...joined, chartCustomizations: { c1: { title: "mine" }, c2: {} } };
    assert.deepEqual(document.state.config, choice === "mine" ? mine : joined);
    assert.deepEqual(server.versions.at(-1), document.state.config);
    assert.deepEqual(server.versions.slice(2, 5), [theirs, joined, mine]);
    assert.deepEqual([document.state.status, document.state.conflict], ["clean", null]);
  });
}

test("a failed resolution leaves the conflict open", async () => {
  const { server, document } = await opened();
  server.versions.push(titled("theirs"));
  document.edit(titled("mine"));
  await assert.rejects(document.save());
  server.instead = [new TypeError("fetch failed")];
  await assert.rejects(document.resolve("mine"));
  assert.deepEqual([document.state.status, title(document)], ["conflict", "mine"]);
  assert.deepEqual(document.state.conflict?.theirs, titled("theirs"));
});

test("discarded edits stay gone after a reload", async () => {
  const first = await opened();
  first.document.edit(titled("mine"));
  first.document.discard();
  assert.deepEqual([title(first.document), first.document.state.status], ["Revenue", "clean"]);
  first.document.close();
  const { document } = await opened({ ...first, browser: new Browser() });
  assert.equal(document.state.isDirty, false);
});

/** @param {any} [given] */
function oldBrowser({ server = new Server(), ...given } = {}) {
  const storage = new MemoryStorage();
  storage.setItem("currentTheme", "dark");
  storage.setItem("dashboardFilters", '[{"id":"f1"}]');
  storage.setItem("chartCustomizations", JSON.stringify(CONFIG.chartCustomizations));
  return { storage, server, ...given };
}

/** Remove the client's cached configs, as if five minutes had passed. @param {MemoryStorage} storage */
function cleared(storage) {
  const names = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
  for (const name of names) if (name.includes("|known|")) storage.removeItem(name);
  return storage;
}

const OLD = { ...CONFIG, theme: "dark", filters: [{ id: "f1" }] };

test("an older application's copy is moved once and stays in place", async () => {
  const { server, storage, document } = await opened(oldBrowser());
  const { url, headers } = server.requests[1];
  assert.deepEqual([url.searchParams.get("source"), headers.get("If-None-Match")], ["localStorage", "*"]);
  assert.deepEqual([server.versions, document.state.version], [[null, OLD], 1]);
  assert.equal(storage.getItem("currentTheme"), "dark");
  server.versions.push(null);
  await opened({ server, storage, browser: new Browser() });
  assert.equal(server.requests.filter(({ method }) => method === "PUT").length, 1);
});

test("a moved copy is not moved again, even if nothing is saved any more", async () => {
  const old = oldBrowser();
  await opened(old);
  const { server, document } = await opened({ ...old, server: new Server(), browser: new Browser(), storage: cleared(old.storage) });
  assert.deepEqual([server.version, document.state.config], [0, null]);
});

test("a second device's old copy does not overwrite the first one's", async () => {
  const { server } = await opened(oldBrowser());
  const other = oldBrowser({ server });
  other.storage.setItem("currentTheme", "light");
  const { document } = await opened(other);
  assert.deepEqual([server.versions, document.state.config], [[null, OLD], OLD]);

  const late = new Server();
  late.instead = [() => undefined, () => (late.versions.push(titled("first")), conflict(1, titled("first"), [""]))];
  const lost = await opened(oldBrowser({ server: late }));
  assert.deepEqual([title(lost.document), lost.document.state.status], ["first", "clean"]);
});

test("a failed move is reported, keeps the old copy, and is retried", async () => {
  const old = oldBrowser();
  old.server.instead = [() => undefined, () => problem(413, "config-too-large")];
  const { server, document } = await opened(old);
  assert.deepEqual([document.state.status, document.state.error?.code, server.version], ["failed", "config-too-large", 0]);
  assert.equal(old.storage.getItem("currentTheme"), "dark");
  document.close();
  const again = await opened({ ...old, browser: new Browser() });
  assert.deepEqual([again.document.state.status, server.version], ["clean", 1]);
});

test("a closed document no longer notifies its listeners", async () => {
  const { server, browser, document } = await opened();
  let notified = 0;
  document.subscribe(() => (notified += 1));
  document.close();
  server.versions.push(titled("theirs"));
  await browser.advance(10_000);
  await browser.happens("focus");
  assert.equal(notified, 0);
});
