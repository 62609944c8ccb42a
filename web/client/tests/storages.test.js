/** Storages that are missing, full, broken or cleared: everything works, and the state says what is not kept. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { IDBDatabase, IDBObjectStore } from "fake-indexeddb";

import { history, opened, setting, title } from "./opened.js";
import { Browser, CONFIG, hurried, settled, titled } from "./support.js";

/** @type {Record<string, (t: import("node:test").TestContext) => any>} */
const failures = {
  "no storage at all": () => ({ storage: null }),
  "a storage that cannot be opened"() {
    const browser = new Browser();
    browser.database = /** @type {any} */ ({ open: () => assert.fail(new DOMException("The operation is insecure.", "SecurityError")) });
    return { browser };
  },
  "a storage without transactions"(t) {
    const { transaction } = IDBDatabase.prototype;
    t.mock.method(IDBDatabase.prototype, "transaction", /** @this {any} @param {[any, any]} given */ function (...given) {
      if (given[1] !== "versionchange") throw new DOMException("It is closing.", "InvalidStateError");
      return transaction.apply(this, given);
    });
  },
  "a storage that is full"(t) {
    t.mock.method(IDBObjectStore.prototype, "put", full);
  },
  "a storage that never answers"(t) {
    hurried(t);
    const { transaction } = IDBDatabase.prototype;
    t.mock.method(IDBDatabase.prototype, "transaction", /** @this {any} @param {[any, any]} given */ function (...given) {
      return given[1] === "versionchange" ? transaction.apply(this, given) : { objectStore: () => new Proxy({}, { get: () => () => ({}) }) };
    });
  },
  "a storage whose transactions abort"(t) {
    const { put } = IDBObjectStore.prototype;
    t.mock.method(IDBObjectStore.prototype, "put", /** @this {any} @param {[any, any]} given */ function (...given) {
      const request = put.apply(this, given);
      this.transaction.abort();
      return request;
    });
  },
};

function full() {
  throw new DOMException("It is full.", "QuotaExceededError");
}

for (const [what, prepare] of Object.entries(failures)) {
  test(`with ${what}, everything works in memory, and the state says that edits are not kept`, async (t) => {
    const { server, document } = await opened(prepare(t));
    document.edit(titled("mine"));
    await settled();
    assert.deepEqual([document.state.status, document.state.isKept], ["dirty", false]);
    await document.save();
    await settled();
    assert.deepEqual([server.config, document.state.status, document.state.isKept], [titled("mine"), "clean", true]);
  });
}

test("when the storage fills after an edit was kept, the older copy does not outlive the newer edit", async (t) => {
  const { server, browser, tab, document } = await opened();
  document.edit(titled("older"));
  await settled();
  assert.equal(document.state.isKept, true);
  const { mock } = t.mock.method(IDBObjectStore.prototype, "put", full);
  document.edit(titled("newer"));
  assert.equal(document.state.isKept, false);
  await settled();
  assert.equal(document.state.isKept, false);
  tab.kill();
  mock.restore();
  const next = await opened({ server, browser, autosave: true });
  await browser.advance(60_000);
  assert.deepEqual([history(server), next.document.state.isDirty], [[CONFIG], false]);
});

test("when there is room again, the next edit keeps all of them", async (t) => {
  const { server, browser, tab, document } = await opened();
  const { mock } = t.mock.method(IDBObjectStore.prototype, "put", full);
  document.edit(titled("one"));
  await settled();
  mock.restore();
  document.edit(setting("theme", { id: "dark" }));
  await settled();
  assert.equal(document.state.isKept, true);
  tab.kill();
  const next = await opened({ server, browser });
  assert.deepEqual(next.document.state.config, { ...titled("one"), theme: { id: "dark" } });
});

test("an edit is kept only once its transaction has completed", async () => {
  const { document } = await opened();
  document.edit(titled("mine"));
  assert.equal(document.state.isKept, false);
  await settled();
  assert.equal(document.state.isKept, true);
});

test("edits are kept completely after the user has cleared the storage", async () => {
  const { server, browser, tab, document } = await opened();
  document.edit(titled("lost"));
  await settled();
  const request = /** @type {IDBFactory} */ (browser.database).deleteDatabase("dashkeep");
  await new Promise((resolve) => (request.onsuccess = resolve));
  document.edit(titled("mine"));
  await settled();
  assert.equal(document.state.isKept, true);
  tab.kill();
  const next = await opened({ server, browser });
  assert.equal(title(next.document), "mine");
});
