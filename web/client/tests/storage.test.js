/** What a browser keeps: the newest versions that it has seen, unsaved edits by slot, and facts. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { IDBFactory, IDBObjectStore, IDBTransaction } from "fake-indexeddb";

import { browserStorage } from "../dist/storage.js";
import { hurried, titled } from "./support.js";

const KEY = ["https://api.example.com", "user-1", "address", ""];

/** @type {(number: number, more?: object) => any} */
const version = (number, more) => ({ config: titled(`title ${number}`), version: number, updatedAt: null, ...more });

/** @type {(savedAt?: number) => any} */
const edits = (savedAt = 0) => ({ sent: null, patch: [{ op: "add", path: "/theme", value: "dark" }], savedAt });

/** @param {any} found */
const withoutText = (found) => found && { config: found.config, version: found.version, updatedAt: found.updatedAt };

test("a copy is the newest version that was kept, whatever the order of keeping", async () => {
  const storage = browserStorage(new IDBFactory());
  assert.equal(await storage.copy(KEY), null);
  for (const number of [2, 1, 3, 2]) await storage.keepCopy(KEY, version(number));
  assert.deepEqual(withoutText(await storage.copy(KEY)), version(3));
});

test("a version that says that newer ones no longer exist replaces them", async () => {
  const storage = browserStorage(new IDBFactory());
  await storage.keepCopy(KEY, version(3));
  await storage.keepCopy(KEY, version(1), true);
  assert.deepEqual(withoutText(await storage.copy(KEY)), version(1));
});

test("of two tabs that keep versions at the same time, the newer one stays", async () => {
  const factory = new IDBFactory();
  const [one, two] = [browserStorage(factory), browserStorage(factory)];
  await Promise.all([one.keepCopy(KEY, version(2)), two.keepCopy(KEY, version(1)), one.keepCopy(KEY, version(1)), two.keepCopy(KEY, version(3))]);
  assert.equal((await two.copy(KEY))?.version, 3);
});

test("a version is kept as the text that it came in", async () => {
  const storage = browserStorage(new IDBFactory());
  const text = '{"config": {"id": 12345678901234567890}, "version": 4, "updatedAt": null}';
  await storage.keepCopy(KEY, { config: { id: 0 }, version: 4, updatedAt: null, text });
  assert.equal((await storage.copy(KEY))?.text, text);
});

test("forgetting a project's copies forgets those of its sessions, and no other project's and no edits", async () => {
  const storage = browserStorage(new IDBFactory());
  const project = KEY.slice(0, -1);
  const other = [...project.slice(0, -1), "address2", ""];
  for (const key of [KEY, [...project, "session"], other]) await storage.keepCopy(key, version(1));
  await storage.keepEdits(KEY, "slot", edits(), version(1));
  await storage.dropCopies(project);
  assert.deepEqual(await Promise.all([KEY, [...project, "session"], other].map(async (key) => (await storage.copy(key)) !== null)), [false, false, true]);
  assert.notEqual(await storage.edits(KEY, "slot"), null);
});

test("edits come back with their base, and are gone when they are dropped", async () => {
  const storage = browserStorage(new IDBFactory());
  const sent = /** @type {any} */ ({ key: "k-1", base: 1, patch: [{ op: "remove", path: "/theme" }], config: null, source: "user" });
  await storage.keepEdits(KEY, "slot", { ...edits(), sent }, version(1));
  const found = await storage.edits(KEY, "slot");
  assert.deepEqual([found?.edits, withoutText(found?.base)], [{ ...edits(), sent }, version(1)]);
  await storage.dropEdits(KEY, "slot");
  assert.deepEqual([await storage.edits(KEY, "slot"), await storage.slots(KEY)], [null, []]);
});

test("a base that the slot has is not written again", async (t) => {
  const storage = browserStorage(new IDBFactory());
  const base = version(1);
  await storage.keepEdits(KEY, "slot", edits(), base);
  const { mock } = t.mock.method(IDBObjectStore.prototype, "put");
  await storage.keepEdits(KEY, "slot", edits(1), base);
  assert.equal(mock.callCount(), 1);
  assert.deepEqual((await storage.edits(KEY, "slot"))?.edits, edits(1));
});

test("slots are those of one document, or of all whose keys begin alike", async () => {
  const storage = browserStorage(new IDBFactory());
  const session = [...KEY.slice(0, -1), "session"];
  for (const [slot, savedAt] of /** @type {const} */ ([["a", 2], ["b", 3]])) await storage.keepEdits(KEY, slot, edits(savedAt), version(1));
  await storage.keepEdits(session, "c", edits(1), version(1));
  const [a, b, c] = [{ key: [...KEY, "a"], savedAt: 2 }, { key: [...KEY, "b"], savedAt: 3 }, { key: [...session, "c"], savedAt: 1 }];
  assert.deepEqual(await storage.slots(KEY), [a, b]);
  assert.deepEqual(await storage.slots(KEY.slice(0, -1)), [a, b, c]);
});

test("a fact is what was set last, or first if the first one counts", async () => {
  const storage = browserStorage(new IDBFactory());
  assert.equal(await storage.fact(["user"]), null);
  assert.deepEqual([await storage.setFact(["user"], "a"), await storage.setFact(["user"], "b"), await storage.fact(["user"])], ["a", "b", "b"]);
  assert.deepEqual([await storage.setFact(["owner"], "a", true), await storage.setFact(["owner"], "b", true), await storage.fact(["owner"])], ["a", "a", "a"]);
});

test("edits are stored with their base, also if they were stored and deleted at the same time before", async () => {
  const storage = browserStorage(new IDBFactory());
  const base = version(1);
  await Promise.all([storage.keepEdits(KEY, "slot", edits(), base), storage.dropEdits(KEY, "slot")]);
  await storage.keepEdits(KEY, "slot", edits(), base);
  assert.equal((await storage.edits(KEY, "slot"))?.base.version, 1);
  await Promise.all([storage.keepEdits(KEY, "slot", edits(), base), storage.keepEdits(KEY, "slot", edits(), version(2))]);
  assert.equal((await storage.edits(KEY, "slot"))?.base.version, 2);
});

test("what one page keeps, another page of the origin finds", async () => {
  const factory = new IDBFactory();
  await browserStorage(factory).keepEdits(KEY, "slot", edits(), version(1));
  assert.deepEqual(await browserStorage(factory).slots(KEY), [{ key: [...KEY, "slot"], savedAt: edits().savedAt }]);
});

test("edits are committed at once: a page that is being closed does not see its requests succeed", async (t) => {
  const storage = browserStorage(new IDBFactory());
  await storage.slots(KEY);
  const order = /** @type {string[]} */ ([]);
  for (const [type, name] of /** @type {[any, string][]} */ ([[IDBObjectStore, "put"], [IDBTransaction, "commit"]])) {
    const method = type.prototype[name];
    t.mock.method(type.prototype, name, /** @this {any} @param {any[]} given */ function (...given) {
      order.push(name);
      const made = method.apply(this, given);
      made?.addEventListener("success", () => order.push("success"));
      return made;
    });
  }
  await storage.keepEdits(KEY, "slot", edits(), version(1));
  assert.deepEqual(order, ["put", "put", "commit", "success", "success"]);
});

test("keeping rejects if its transaction aborts, and nothing of it is kept", async (t) => {
  const storage = browserStorage(new IDBFactory());
  const { put } = IDBObjectStore.prototype;
  const { mock } = t.mock.method(IDBObjectStore.prototype, "put", /** @this {any} @param {[any, any]} given */ function (...given) {
    const request = put.apply(this, given);
    this.transaction.abort();
    return request;
  });
  await assert.rejects(storage.keepEdits(KEY, "slot", edits(), version(1)));
  mock.restore();
  assert.equal(await storage.edits(KEY, "slot"), null);
});

test("without a storage, or with one that cannot be opened, every method rejects", async () => {
  const broken = /** @type {any} */ ({ open: () => assert.fail(new DOMException("The operation is insecure.", "SecurityError")) });
  for (const storage of [browserStorage(null), browserStorage(broken)]) {
    await assert.rejects(storage.copy(KEY));
    await assert.rejects(storage.keepCopy(KEY, version(1)));
    await assert.rejects(storage.setFact(["user"], "a"));
  }
});

/** A request that never ends. */
const nothing = () => ({});

test("a storage that does not answer within its time limit fails, and is tried again", async (t) => {
  hurried(t);
  const factory = new IDBFactory();
  for (const [type, method] of /** @type {[any, string][]} */ ([[factory, "open"], [IDBObjectStore.prototype, "get"]])) {
    const { mock } = t.mock.method(type, method, nothing);
    const storage = browserStorage(factory);
    await assert.rejects(storage.copy(KEY), { name: "TimeoutError" });
    mock.restore();
    await storage.keepCopy(KEY, version(1));
    assert.equal((await storage.copy(KEY))?.version, 1);
  }
});

test("a storage that could not be opened once is tried again", async () => {
  const factory = new IDBFactory();
  let fails = true;
  const fickle = /** @type {any} */ ({ open: (/** @type {[string, number]} */ ...given) => (fails ? assert.fail("not now") : factory.open(...given)) });
  const storage = browserStorage(fickle);
  await assert.rejects(storage.copy(KEY));
  fails = false;
  await storage.keepCopy(KEY, version(1));
  assert.equal((await storage.copy(KEY))?.version, 1);
});

test("a newer client may upgrade the database while an older page is open", async () => {
  const factory = new IDBFactory();
  const storage = browserStorage(factory);
  await storage.keepCopy(KEY, version(1));
  const request = factory.open("dashkeep", 2);
  await new Promise((resolve, reject) => {
    request.onsuccess = resolve;
    request.onblocked = reject;
  });
  request.result.close();
  await assert.rejects(storage.copy(KEY), { name: "VersionError" });
});
