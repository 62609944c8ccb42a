/** An open document: when it saves, what it shows, how conflicts are settled, and what it moves of an old copy. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createDashboardClient } from "../dist/index.js";
import { charted, held, history, opened, setting, title } from "./opened.js";
import { CONFIG, conflict, MOMENT, problem, settled, titled, token, world } from "./support.js";

// --- saving ---

test("nothing counts as saved before the server has responded", async () => {
  const { server, document } = await opened();
  const { gone, go } = held();
  server.instead = [() => gone];
  document.edit(titled("mine"));
  assert.equal(document.state.status, "dirty");
  const saving = document.save();
  await settled();
  assert.deepEqual([document.state.status, document.state.isDirty, document.state.lastSavedAt], ["saving", true, null]);
  go();
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
  assert.deepEqual(history(server), [CONFIG, titled("two")]);
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
  assert.deepEqual(history(server), [CONFIG, titled("one"), titled("three")]);
  assert.deepEqual(server.made("PATCH").map(({ headers }) => headers.get("If-Match")), ['"1"', '"2"']);
});

test("a save names the version, a key of its own, and only what was edited", async () => {
  const { server, document } = await opened();
  document.edit(titled("mine"));
  await document.save();
  const [{ url, headers, body } = assert.fail()] = server.made("PATCH");
  assert.equal(url.href, "https://api.example.com/api/projects/p/config?source=user&onConflict=merge");
  assert.deepEqual([headers.get("Content-Type"), headers.get("If-Match")], ["application/json-patch+json", '"1"']);
  assert.match(headers.get("Idempotency-Key") ?? "", /^[\w-]{8,64}$/);
  assert.deepEqual(body, [{ op: "replace", path: "/chartCustomizations/c1/title", value: "mine" }]);
});

test("a repeated save is the same request, and later edits go with the next one", async () => {
  const { server, browser, document } = await opened();
  server.instead = [new TypeError("fetch failed")];
  document.edit(titled("one"));
  await assert.rejects(document.save(), { code: "network" });
  document.edit(titled("two"));
  await browser.advance(60_000);
  const [first, second] = server.made("PATCH").map(({ headers, body }) => [headers.get("Idempotency-Key"), headers.get("If-Match"), body]);
  assert.deepEqual(first, second);
  assert.equal(server.config.chartCustomizations.c1.title, "one");
  assert.equal(title(document), "two");
});

test("an edit taken back before it was sent is no edit", async () => {
  const { server, document } = await opened();
  document.edit(titled("mine"));
  document.edit(CONFIG);
  assert.equal(document.state.status, "clean");
  await document.save();
  assert.equal(server.version, 1);
});

test("a note is stored only with the save that it belongs to", async () => {
  const { server, document } = await opened();
  document.edit(titled("one"));
  await document.save({ message: "for the board" });
  document.edit(titled("two"));
  await document.save();
  assert.deepEqual(server.made("PATCH").map(({ url }) => url.searchParams.get("message")), ["for the board", null]);
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
  [403, "quota-exceeded", "failed"],
  [0, "network", "offline"],
])) {
  test(`a save that fails with ${code} reports the error and keeps the edits`, async () => {
    const { server, document } = await opened();
    server.instead = [status ? () => problem(status, code) : new TypeError("fetch failed")];
    document.edit(titled("mine"));
    await assert.rejects(document.save(), { status, code });
    await settled();
    const { isDirty, isKept, error, lastSavedAt } = document.state;
    assert.deepEqual([document.state.status, isDirty, isKept, title(document)], [shown, true, true, "mine"]);
    assert.deepEqual([error?.code, lastSavedAt], [code, null]);
  });
}

test("after a temporary failure the edits are saved automatically, at the latest when the network is back", async () => {
  const { server, browser, tab, document } = await opened();
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
  await tab.happens("online");
  assert.equal(server.version, 3);
});

test("a refused save is not repeated by itself, and the next edit is tried", async () => {
  const { server, browser, document } = await opened({ autosave: true });
  server.instead = [() => problem(413, "config-too-large")];
  document.edit(titled("too long"));
  await settled();
  await browser.advance(1_500);
  await browser.advance(600_000);
  assert.equal(server.made("PATCH").length, 1);
  document.edit(titled("short"));
  await browser.advance(1_500);
  assert.deepEqual([history(server), document.state.status], [[CONFIG, titled("short")], "clean"]);
});

// --- showing what others save ---

test("edits survive a reload and are saved against the version that they were based on", async () => {
  const first = await opened();
  first.document.edit(titled("mine"));
  first.document.close();
  await settled();
  first.server.save({ ...CONFIG, theme: { id: "dark" } });
  const { server, document } = await opened({ server: first.server, browser: first.browser });
  assert.deepEqual([title(document), document.state.isDirty, document.state.version], ["mine", true, 1]);
  await document.save();
  assert.equal(server.made("PATCH")[0]?.headers.get("If-Match"), '"1"');
  assert.deepEqual(server.config, { ...titled("mine"), theme: { id: "dark" } });
});

test("two tabs keep their edits separate, and the edits of a closed tab are taken up", async () => {
  const one = await opened();
  const open = () => opened({ server: one.server, browser: one.browser });
  const two = await open();
  one.document.edit(titled("one"));
  two.document.edit(titled("two"));
  await settled();
  assert.equal((await open()).document.state.isDirty, false);
  await settled();
  two.document.close();
  await settled();
  assert.equal(title((await open()).document), "two");
});

test("two clients in one tab keep their edits separate", async () => {
  const { browser, server, document } = await opened();
  const second = world({ browser, server }).client.open("p", { autosave: false });
  await second.load();
  document.edit(charted("one", {}));
  second.edit(charted("two", {}));
  await settled();
  assert.deepEqual([document, second].map(({ state }) => Object.keys(state.config?.chartCustomizations ?? {})), [["c1", "one"], ["c1", "two"]]);
  await document.save();
  await second.save();
  assert.deepEqual(Object.keys(server.config.chartCustomizations), ["c1", "one", "two"]);
});

test("other saves are not loaded while there are unsaved edits", async () => {
  const { server, tab, document } = await opened();
  document.edit(titled("mine"));
  await tab.happens("shown");
  assert.equal(server.requests.length, 1);
});

test("another tab's save is shown at once if nothing was edited", async () => {
  const one = await opened();
  const two = await opened({ server: one.server, browser: one.browser });
  one.document.edit(titled("mine"));
  await one.document.save();
  await settled();
  assert.deepEqual([title(two.document), two.document.state.version], ["mine", 2]);
});

test("another device's save is shown when the page is shown, and parts that did not change stay the same objects", async () => {
  const { server, tab, document } = await opened();
  const before = document.state.config?.chartCustomizations["c1"];
  server.save({ ...CONFIG, theme: { id: "dark" } });
  await tab.happens("shown");
  assert.deepEqual([document.state.config, document.state.version], [{ ...CONFIG, theme: { id: "dark" } }, 2]);
  assert.equal(document.state.config?.chartCustomizations["c1"], before);
  await tab.happens("shown");
  assert.equal(server.requests.at(-1)?.headers.get("If-None-Match"), '"2"');
});

test("a refresh always asks the server and keeps edits", async () => {
  const { server, document } = await opened();
  server.save(titled("theirs"));
  assert.equal((await document.refresh()).version, 2);
  assert.equal(title(document), "theirs");
  document.edit(titled("mine"));
  server.save(titled("newer"));
  await document.refresh();
  assert.equal(title(document), "mine");
});

test("an answer that was overtaken by a save is asked for again", async () => {
  const { server, document } = await opened();
  const { gone, go } = held();
  server.instead = [(request) => Promise.resolve(server.answer(request)).then((answer) => gone.then(() => answer))];
  const refreshing = document.refresh();
  await settled();
  document.edit(titled("mine"));
  await document.save();
  go();
  await refreshing;
  assert.deepEqual([title(document), document.state.version, document.state.status], ["mine", 2, "clean"]);
});

test("a server that has started again from nothing is believed", async () => {
  const { server, document } = await opened();
  server.save(titled("second"));
  await document.refresh();
  server.versions.length = 2;
  await document.refresh();
  assert.deepEqual([document.state.config, document.state.version, document.state.status], [CONFIG, 1, "clean"]);
});

test("a copy is shown only to its own user and of its own server", async () => {
  const { server, browser, tab } = await opened();
  server.instead = Array(2).fill(() => new Promise(() => {}));
  for (const [baseUrl, user] of [["https://api.example.com", "user-2"], ["https://other.example.com", "user-1"]]) {
    const client = createDashboardClient({ baseUrl: baseUrl ?? "", getToken: () => token(user ?? ""), fetch: server.fetch, environment: browser.tab().environment });
    const document = client.open("p");
    document.load().catch(() => {});
    await settled();
    assert.deepEqual([document.state.status, document.state.config], ["loading", null]);
  }
  assert.equal(tab.environment.storage("indexedDB"), browser.database);
});

// --- merges and conflicts ---

test("the merged config is shown", async () => {
  const { server, document } = await opened();
  server.save(charted("c2", { title: "theirs" })(CONFIG));
  document.edit(titled("mine"));
  await document.save();
  assert.deepEqual(document.state.config, charted("c2", { title: "theirs" })(titled("mine")));
  assert.deepEqual([document.state.config, document.state.version, document.state.status], [server.config, 3, "clean"]);
});

test("an edit made during a merged save is put onto the merged config", async () => {
  const { server, document } = await opened();
  server.save(charted("c2", { title: "theirs" })(CONFIG));
  server.instead = [() => document.edit(setting("theme", { id: "dark" }))];
  document.edit(titled("mine"));
  await document.save();
  const merged = { ...charted("c2", { title: "theirs" })(titled("mine")), theme: { id: "dark" } };
  assert.deepEqual([document.state.config, document.state.status], [merged, "dirty"]);
  await document.save();
  assert.deepEqual(server.config, merged);
});

test("a conflict is reported with both sides and the places", async () => {
  const { server, document } = await opened();
  server.save(titled("theirs"));
  document.edit(titled("mine"));
  await assert.rejects(document.save(), { status: 412, code: "version-conflict", currentVersion: 2 });
  assert.equal(document.state.status, "conflict");
  assert.deepEqual(document.state.conflict, { mine: titled("mine"), theirs: titled("theirs"), base: CONFIG, conflicts: ["/chartCustomizations/c1/title"], currentVersion: 2, updatedAt: MOMENT, updatedBy: null });
});

test("a base that the server's history no longer holds is taken from this browser", async () => {
  const { server, document } = await opened();
  const theirs = charted("c2", { title: "theirs" })(CONFIG);
  server.save(theirs);
  server.instead = [() => conflict(2, theirs, undefined)];
  document.edit(titled("mine"));
  await document.save();
  assert.deepEqual([server.config, document.state.status], [charted("c2", { title: "theirs" })(titled("mine")), "clean"]);
});

for (const choice of /** @type {const} */ (["mine", "theirs"])) {
  test(`${choice} wins at disputed values, other changes stay, and both values are in history`, async () => {
    const { server, document } = await opened();
    const theirs = charted("c2", {})(titled("theirs"));
    server.save(theirs);
    document.edit({ ...titled("mine"), theme: { id: "dark" } });
    await assert.rejects(document.save());
    await document.resolve(choice);
    const [joined, mine] = [theirs, charted("c2", {})(titled("mine"))].map(setting("theme", { id: "dark" }));
    assert.deepEqual(history(server), [CONFIG, theirs, mine, ...(choice === "theirs" ? [joined] : [])]);
    assert.deepEqual([document.state.config, document.state.status, document.state.conflict], [server.config, "clean", null]);
  });
}

test("a conflict is decided place by place, other changes stay, and my values are in history too", async () => {
  const { server, document } = await opened();
  const [both, theirs] = [{ ...titled("mine"), theme: "dark" }, charted("c2", {})({ ...titled("theirs"), theme: "light" })];
  server.save(theirs);
  document.edit(charted("c3", {})(both));
  await assert.rejects(document.save());
  /** @type {string[]} */
  const asked = [];
  await document.resolve((/** @type {string} */ pointer) => (asked.push(pointer), pointer === "/theme" ? "mine" : "theirs"));
  assert.deepEqual(asked, ["/chartCustomizations/c1/title", "/theme"]);
  const [mine, decided] = [both, { ...titled("theirs"), theme: "dark" }].map((config) => charted("c3", {})(charted("c2", {})(config)));
  assert.deepEqual(history(server), [CONFIG, theirs, mine, decided]);
  assert.deepEqual([document.state.config, document.state.status], [decided, "clean"]);
});

test("a decision for mine at every place is one save, as for mine as a whole", async () => {
  const { server, document } = await opened();
  server.save(titled("theirs"));
  document.edit(titled("mine"));
  await assert.rejects(document.save());
  await document.resolve(() => "mine");
  assert.deepEqual([history(server), document.state.status], [[CONFIG, titled("theirs"), titled("mine")], "clean"]);
});

test("what is saved between a decision place by place and its save is merged, or is a new conflict", async () => {
  const both = (/** @type {string} */ by) => ({ ...titled(by), theme: by });
  for (const [later, isMerged] of /** @type {[any, boolean][]} */ ([[setting("filters", [])(both("theirs")), true], [{ ...both("theirs"), theme: "other" }, false], [{ ...titled("other"), theme: "theirs" }, true]])) {
    const { server, document } = await opened();
    server.save(both("theirs"));
    document.edit(both("mine"));
    await assert.rejects(document.save());
    server.instead = [() => server.save(later)];
    const decided = document.resolve((/** @type {string} */ pointer) => (pointer === "/theme" ? "mine" : "theirs"));
    if (isMerged) {
      await decided;
      assert.deepEqual([server.config, document.state.status], [{ ...later, theme: "mine" }, "clean"]);
    } else {
      await assert.rejects(decided, { code: "version-conflict" });
      assert.deepEqual(document.state.conflict?.conflicts, ["/theme"]);
      assert.deepEqual(document.state.conflict?.theirs, later);
    }
  }
});

test("a conflict names all places, of which the server lists a hundred, and a decision asks for each", async () => {
  const many = (/** @type {string} */ by) => ({ chartCustomizations: Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`c${index}`, { title: by }])) });
  const { server, document } = await opened();
  server.save(many("before"));
  await document.refresh();
  server.save(many("theirs"));
  document.edit(many("mine"));
  const pointers = Array.from({ length: 250 }, (_, index) => `/chartCustomizations/c${index}/title`);
  server.instead = [() => conflict(3, many("theirs"), pointers.slice(0, 100))];
  await assert.rejects(document.save(), { code: "version-conflict" });
  assert.deepEqual(document.state.conflict?.conflicts, pointers);
  /** @type {string[]} */
  const asked = [];
  await document.resolve((/** @type {string} */ pointer) => (asked.push(pointer) % 2 ? "mine" : "theirs"));
  assert.deepEqual(asked.sort(), pointers.sort());
  assert.equal(Object.values(server.config.chartCustomizations).filter(({ title }) => title === "mine").length, 125);
});

test("a decision that throws decides nothing, and can be made again", async () => {
  const { server, document } = await opened();
  server.save(titled("theirs"));
  document.edit(titled("mine"));
  await assert.rejects(document.save());
  await assert.rejects(document.resolve(() => {
    throw new Error("not decided");
  }), { message: "not decided" });
  assert.equal(document.state.status, "conflict");
  await document.resolve(() => "theirs");
  assert.deepEqual([server.config, document.state.status], [titled("theirs"), "clean"]);
});

test("a conflict is settled with a config of the user's own", async () => {
  const { server, document } = await opened();
  server.save(titled("theirs"));
  document.edit(titled("mine"));
  await assert.rejects(document.save());
  await document.resolve(titled("ours"));
  assert.deepEqual(history(server), [CONFIG, titled("theirs"), titled("ours")]);
});

test("edits during a conflict are kept, and a discard takes theirs", async () => {
  const { server, document } = await opened();
  server.save(titled("theirs"));
  document.edit(titled("mine"));
  await assert.rejects(document.save());
  document.edit(setting("theme", { id: "dark" }));
  await settled();
  assert.deepEqual([document.state.status, document.state.isKept, document.state.conflict?.mine], ["conflict", true, { ...titled("mine"), theme: { id: "dark" } }]);
  document.discard();
  assert.deepEqual([document.state.config, document.state.status, document.state.isDirty], [titled("theirs"), "clean", false]);
});

test("what was decided in a conflict stays decided while the server cannot be reached", async () => {
  const { server, browser, document } = await opened();
  server.save(titled("theirs"));
  document.edit(titled("mine"));
  await assert.rejects(document.save());
  server.instead = [new TypeError("fetch failed")];
  await assert.rejects(document.resolve("mine"), { code: "network" });
  assert.deepEqual([document.state.status, document.state.conflict, title(document)], ["offline", null, "mine"]);
  await browser.advance(60_000);
  assert.deepEqual([history(server), document.state.status], [[CONFIG, titled("theirs"), titled("mine")], "clean"]);
});

test("a config that was deleted meanwhile is a conflict, and either side can win", async () => {
  for (const choice of /** @type {const} */ (["mine", "theirs"])) {
    const { server, document } = await opened();
    server.save(null);
    document.edit(titled("mine"));
    await assert.rejects(document.save());
    assert.deepEqual([document.state.conflict?.theirs, document.state.conflict?.conflicts], [null, [""]]);
    await document.resolve(choice);
    assert.deepEqual([document.state.config, document.state.status], [choice === "mine" ? titled("mine") : null, "clean"]);
    assert.deepEqual(server.config, document.state.config);
  }
});

test("discarded edits stay gone after a reload", async () => {
  const { server, browser, document } = await opened();
  document.edit(titled("mine"));
  document.discard();
  assert.deepEqual([title(document), document.state.status], ["Revenue", "clean"]);
  document.close();
  await settled();
  const next = await opened({ server, browser });
  assert.equal(next.document.state.isDirty, false);
});

// --- closing ---

test("a closed document notifies nobody, sends nothing, and an edit of it throws", async () => {
  const { server, tab, document } = await opened();
  let notified = 0;
  document.subscribe(() => (notified += 1));
  document.close();
  server.save(titled("theirs"));
  await tab.happens("shown");
  assert.deepEqual([notified, server.requests.length], [0, 1]);
  assert.throws(() => document.edit(titled("late")), { code: "closed" });
  await assert.rejects(document.save(), { code: "closed" });
  await assert.rejects(document.load(), { code: "closed" });
});

test("callers that wait are answered when the document is closed", async () => {
  const { server, document } = await opened();
  server.instead = [() => new Promise(() => {})];
  document.edit(titled("mine"));
  const saving = document.save();
  document.close();
  await assert.rejects(saving, { code: "closed" });
});

test("a draft is a config of its own", async () => {
  const { server, document } = await opened({ sessionId: "s1" });
  document.edit(titled("draft"));
  await document.save();
  assert.deepEqual(server.requests.map(({ url }) => url.searchParams.get("sessionId")), ["s1", "s1"]);
});
