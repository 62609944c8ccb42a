import assert from "node:assert/strict";
import { test } from "node:test";

import { IDBObjectStore } from "fake-indexeddb";

import { Browser, CONFIG, Server, settled, titled, world } from "./support.js";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("an edit while a tab is opening never drops the edits that a closed tab has left", async (context) => {
  /** @type {any[]} */
  const dropped = [];
  const { delete: drop } = IDBObjectStore.prototype;
  context.mock.method(IDBObjectStore.prototype, "delete", function (/** @type {any} */ key) {
    if (key[0] === "edits" && key.at(-1)) dropped.push(key);
    // @ts-ignore the store that it is called on
    return drop.call(this, key);
  });
  for (let turns = 0; turns < 40; turns += 1) {
    const { browser, server } = await withEditsLeft();
    dropped.length = 0;
    const { client } = world({ browser, server });
    const document = client.open("p", { autosave: false, initial: { chartCustomizations: {} } });
    const loaded = document.load();
    for (let each = 0; each < turns; each += 1) await turn();
    document.edit((config) => ({ ...config, theme: "dark" }));
    await loaded;
    await settled();
    assert.deepEqual(dropped, [], `an edit after ${turns} turns`);
    assert.deepEqual([document.state.config, document.state.isKept], [{ ...titled("left"), theme: "dark" }, true]);
  }
});

/** A browser where a tab has ended with an edit that was not saved. */
async function withEditsLeft() {
  const { browser, server, client, tab } = world({ browser: new Browser(), server: new Server() });
  server.save(CONFIG);
  const document = client.open("p", { autosave: false });
  await document.load();
  document.edit(titled("left"));
  await settled();
  tab.kill();
  return { browser, server };
}

test("an answer that arrives after a document was closed saves nothing, because another tab may have its edits", async () => {
  const { browser, server, client } = world({ browser: new Browser(), server: new Server() });
  server.save(CONFIG);
  const before = client.open("p");
  await before.load();
  before.close();
  /** @type {(answer?: Response) => void} */
  let answer = () => {};
  server.instead = [() => new Promise((resolve) => (answer = /** @type {any} */ (resolve)))];
  const closed = client.open("p", { autosave: false });
  closed.load().catch(() => {});
  await settled();
  closed.edit(titled("mine"));
  closed.save().catch(() => {});
  await settled();
  closed.close();
  const next = world({ browser, server }).client.open("p", { autosave: false });
  await next.load();
  next.discard();
  answer();
  await settled();
  assert.deepEqual([server.made("PATCH").length, server.version], [0, 1]);
});
