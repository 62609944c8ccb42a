/** Undo and redo of one tab's edits. */

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { toJson } from "../dist/json.js";
import { openSteps } from "../dist/undo.js";
import { json } from "./arbitrary.js";
import { charted, history, opened, setting, title } from "./opened.js";
import { Browser, CONFIG, MemoryStorage, Server, settled, titled, world } from "./support.js";

/** @param {any} document */
const can = ({ state }) => [state.canUndo, state.canRedo];

/** An open document with one edit. @param {any} [options] */
async function edited(options) {
  const made = await opened(options);
  made.document.edit(titled("mine"));
  await settled();
  return made;
}

test("an edit can be undone, and redone", async () => {
  const { document } = await edited();
  assert.deepEqual(can(document), [true, false]);
  await document.undo();
  assert.deepEqual([title(document), ...can(document)], ["Revenue", false, true]);
  await document.redo();
  assert.deepEqual([title(document), ...can(document)], ["mine", true, false]);
});

test("an edit that is undone before it was saved leaves nothing to save", async () => {
  const { server, document } = await edited();
  await document.undo();
  assert.equal(document.state.status, "clean");
  await document.save();
  assert.deepEqual(history(server), [CONFIG]);
});

test("an undo after a save is a new edit, and makes a new version", async () => {
  const { server, document } = await edited();
  await document.save();
  await document.undo();
  assert.equal(document.state.status, "dirty");
  await document.save();
  assert.deepEqual(history(server), [CONFIG, titled("mine"), CONFIG]);
});

test("edits are undone from the last to the first, and redone in their order", async () => {
  const { document } = await edited();
  document.edit(setting("theme", "dark"));
  document.edit(charted("c2", {}));
  const states = [];
  for (const direction of /** @type {const} */ (["undo", "undo", "undo", "redo", "redo", "redo"])) {
    await document[direction]();
    states.push([title(document), document.state.config?.theme, "c2" in (document.state.config?.chartCustomizations ?? {})]);
  }
  const [one, two, three] = [["Revenue", undefined, false], ["mine", undefined, false], ["mine", "dark", false]];
  assert.deepEqual(states, [three, two, one, two, three, ["mine", "dark", true]]);
});

test("where there is nothing to undo or redo, nothing happens", async () => {
  const { document } = await opened();
  await document.undo();
  await document.redo();
  assert.deepEqual([document.state.status, ...can(document)], ["clean", false, false]);
});

test("an edit after an undo ends what can be redone", async () => {
  const { document } = await edited();
  await document.undo();
  document.edit(setting("theme", "dark"));
  assert.deepEqual(can(document), [true, false]);
});

test("an undo leaves what a colleague has saved since", async () => {
  const { server, tab, document } = await edited();
  await document.save();
  server.save({ ...titled("mine"), theme: "dark" });
  await tab.happens("shown");
  await document.undo();
  assert.deepEqual(document.state.config, { ...CONFIG, theme: "dark" });
});

test("a value that a colleague has changed since is not undone, and there is nothing left to undo", async () => {
  const { server, tab, document } = await edited();
  await document.save();
  server.save(titled("theirs"));
  await tab.happens("shown");
  assert.deepEqual(can(document), [false, false]);
  await document.undo();
  assert.deepEqual([title(document), document.state.status], ["theirs", "clean"]);
});

test("of an edit of two values, the one that a colleague has changed since stays", async () => {
  const { server, tab, document } = await opened();
  document.edit((/** @type {any} */ config) => setting("theme", "dark")(charted("c1", { title: "mine" })(config)));
  await document.save();
  server.save({ ...titled("theirs"), theme: "dark" });
  await tab.happens("shown");
  await document.undo();
  assert.deepEqual(document.state.config, titled("theirs"));
});

test("edits that were discarded cannot be undone, and earlier ones can", async () => {
  const { document } = await edited();
  await document.save();
  document.edit(setting("theme", "dark"));
  document.discard();
  await document.undo();
  assert.deepEqual([document.state.config, ...can(document)], [CONFIG, false, true]);
});

test("what a grid corrects after an edit is undone with the edit", async () => {
  const { document } = await opened();
  document.edit(setting("currentLayout", [{ i: "a", y: 4 }]));
  document.correct(setting("currentLayout", [{ i: "a", y: 2 }]));
  await settled();
  document.correct(setting("currentLayout", [{ i: "a", y: 0 }]));
  await document.undo();
  assert.deepEqual(document.state.config, CONFIG);
});

test("edits made before the config has loaded can be undone", async () => {
  const { server, client } = world();
  server.save(CONFIG);
  const document = client.open("p", { autosave: false });
  document.edit(setting("theme", "dark"));
  await document.load();
  await settled();
  assert.deepEqual([document.state.config, ...can(document)], [{ ...CONFIG, theme: "dark" }, true, false]);
  await document.undo();
  assert.deepEqual(document.state.config, CONFIG);
});

test("edits of the same value within a second are one step, as typing is", async () => {
  const { browser, document } = await opened();
  for (const text of ["R", "Re", "Rev"]) document.edit(titled(text));
  browser.time += 1_000;
  document.edit(titled("Revenues"));
  const titles = [];
  for (let step = 0; step < 3; step += 1) {
    await document.undo();
    titles.push(title(document));
  }
  assert.deepEqual(titles, ["Rev", "Revenue", "Revenue"]);
});

test("two charts that are removed within a second are two steps", async () => {
  const server = new Server();
  server.save({ chartCustomizations: { a: {}, b: {} }, filters: [{ id: 1 }, { id: 2 }, { id: 3 }] });
  const { document } = await opened({ server });
  document.edit((/** @type {any} */ config) => ({ ...config, filters: config.filters.slice(1) }));
  document.edit((/** @type {any} */ config) => ({ ...config, filters: config.filters.slice(1) }));
  await document.undo();
  assert.deepEqual(document.state.config?.filters, [{ id: 2 }, { id: 3 }]);
});

/** Reload the tab of a document. @param {any} made */
async function reloaded({ server, browser, tab }, options = {}) {
  await tab.happens("hidden");
  tab.kill();
  const next = world({ server, browser, tab: browser.tab(tab.environment.storage("sessionStorage")), ...options });
  const document = next.client.open("p", { autosave: false });
  await document.load();
  await settled();
  return { ...next, document };
}

test("undo and redo survive a reload, with saved and unsaved edits", async () => {
  const made = await edited();
  await made.document.save();
  made.document.edit(setting("theme", "dark"));
  made.document.edit(charted("c2", {}));
  await made.document.undo();
  const { document } = await reloaded(made);
  assert.deepEqual([document.state.config, ...can(document)], [{ ...titled("mine"), theme: "dark" }, true, true]);
  await document.redo();
  assert.ok(document.state.config && "c2" in document.state.config.chartCustomizations);
  for (let step = 0; step < 3; step += 1) await document.undo();
  assert.deepEqual([document.state.config, ...can(document)], [CONFIG, false, true]);
});

test("after a reload, an undo leaves what a colleague saved meanwhile", async () => {
  const made = await edited();
  await made.document.save();
  made.server.save({ ...titled("mine"), theme: "dark" });
  const { document } = await reloaded(made);
  await document.undo();
  assert.deepEqual(document.state.config, { ...CONFIG, theme: "dark" });
});

test("another tab and another user have nothing to undo", async () => {
  const made = await edited();
  await made.document.save();
  const other = await opened({ server: made.server, browser: made.browser });
  assert.deepEqual(can(other.document), [false, false]);
  const { document } = await reloaded(made, { user: "user-2" });
  assert.deepEqual(can(document), [false, false]);
});

test("a client without storage stores no steps", async () => {
  const made = await edited({ storage: null });
  await made.document.save();
  const { document, tab } = await reloaded(made, { storage: null });
  assert.deepEqual([tab.environment.storage("sessionStorage")?.length, ...can(document)], [0, false, false]);
});

test("a full storage ends undo with the page, and nothing else", async (t) => {
  const made = await edited();
  const session = /** @type {MemoryStorage} */ (made.tab.environment.storage("sessionStorage"));
  t.mock.method(session, "setItem", () => {
    throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
  });
  const { document } = await reloaded(made);
  assert.deepEqual([title(document), ...can(document)], ["mine", false, false]);
});

test("a hundred steps are kept, and the oldest are forgotten first", async () => {
  const { document } = await opened();
  for (let number = 0; number <= 100; number += 1) document.edit(setting(`m${number}`, number));
  await settled();
  for (let step = 0; step < 100; step += 1) await document.undo();
  assert.deepEqual([document.state.config, document.state.canUndo], [{ ...CONFIG, m0: 0 }, false]);
});

/** A tab that nobody else disturbs, so that its steps need no merge. @param {Storage} storage @param {import("../dist/json.js").Json} shown */
function tabOf(storage, shown) {
  return {
    storage,
    name: "s",
    merging: () => null,
    loadMerge: () => Promise.reject(new Error("The merge is not needed.")),
    shown: () => shown,
    show: (/** @type {import("../dist/json.js").Json} */ config) => void (shown = config),
    changed: () => {},
  };
}

test("stored steps are at most a million characters, and the oldest are forgotten first", async () => {
  const storage = new MemoryStorage();
  const [first, ...rest] = Array.from({ length: 9 }, (_, number) => toJson({ chartCustomizations: {}, text: String(number).repeat(100_000) }));
  const edits = rest.map((after, index) => ({ name: /** @type {const} */ ("edited"), before: rest[index - 1] ?? first ?? null, after, at: index * 1e6 }));
  const shown = rest.at(-1) ?? null;
  const steps = openSteps(tabOf(storage, shown), edits);
  steps.record({ name: "hidden", before: shown, after: shown, at: 0 });
  assert.ok((storage.getItem("s") ?? "").length < 1_000_000);
  const tab = tabOf(storage, shown);
  await openSteps(tab, []).revert("undo");
  assert.deepEqual(tab.shown(), rest.at(-2));
});

test("any steps come back from the storage as they were", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(json.map((value) => ({ value })), { minLength: 2, maxLength: 6 }), fc.nat(4), async (given, undone) => {
      const storage = new MemoryStorage();
      const made = given.map((each) => toJson(each));
      const edits = made.slice(1).map((after, index) => ({ name: /** @type {const} */ ("edited"), before: made[index] ?? null, after, at: index * 1e6 }));
      const tab = tabOf(storage, made.at(-1) ?? null);
      const steps = openSteps(tab, edits);
      for (let step = 0; step < undone; step += 1) await steps.revert("undo");
      steps.record({ name: "hidden", before: tab.shown(), after: tab.shown(), at: 0 });
      const other = tabOf(storage, tab.shown());
      const again = openSteps(other, []);
      for (const direction of /** @type {const} */ (["undo", "undo", "redo", "redo", "redo"])) {
        await Promise.all([steps.revert(direction), again.revert(direction)]);
        assert.deepEqual(other.shown(), tab.shown());
      }
    }),
  );
});

test("an undo while a save is unanswered is saved after it", async () => {
  const { server, document } = await edited();
  const saving = document.save();
  await document.undo();
  await saving;
  await document.save();
  assert.deepEqual(history(server), [CONFIG, titled("mine"), CONFIG]);
});

test("an undo on a closed document is refused", async () => {
  const { document } = await edited();
  document.close();
  await assert.rejects(document.undo(), { code: "closed" });
});

test("two tabs of one browser undo their own edits only", async () => {
  const browser = new Browser();
  const one = await opened({ browser });
  const two = await opened({ browser, server: one.server });
  one.document.edit(setting("theme", "dark"));
  await one.document.save();
  await settled();
  two.document.edit(titled("two"));
  await two.document.save();
  await settled();
  await one.document.undo();
  await one.document.save();
  assert.deepEqual(one.server.config, titled("two"));
});

test("steps that another version of the client has stored are ignored", async () => {
  const made = await edited();
  await made.document.save();
  const session = /** @type {MemoryStorage} */ (made.tab.environment.storage("sessionStorage"));
  await made.tab.happens("hidden");
  const [name = ""] = [session.key(0)];
  for (const text of ["{", "{}", '{"first": 1, "patches": [[{"op": "remove", "path": "/a"}]], "undo": 1}']) {
    session.setItem(String(name), text);
    const next = world({ server: made.server, browser: made.browser, tab: made.browser.tab(session) });
    const document = next.client.open("p", { autosave: false });
    await document.load();
    await settled();
    document.edit(titled(text));
    await document.undo();
    assert.deepEqual([title(document), ...can(document)], ["mine", false, true]);
    next.tab.kill();
  }
});

test("as long as the user is unknown, no step is stored", async () => {
  const { client, tab } = world({ getToken: () => Promise.reject(new Error("No network.")) });
  const document = client.open("p");
  document.load().catch(() => {});
  await settled();
  document.edit(titled("mine"));
  await settled();
  await tab.happens("hidden");
  assert.deepEqual([document.state.canUndo, tab.environment.storage("sessionStorage")?.length], [true, 0]);
});
