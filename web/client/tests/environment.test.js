/** What the client takes from the browser: it works where the browser lacks it or forbids it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { browserEnvironment } from "../dist/environment.js";

/** Replace a global for one test. @type {(t: import("node:test").TestContext, name: string, descriptor: PropertyDescriptor) => void} */
function replace(t, name, descriptor) {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { configurable: true, ...descriptor });
  t.after(() => (before ? Object.defineProperty(globalThis, name, before) : Reflect.deleteProperty(globalThis, name)));
}

const forbidden = {
  get() {
    throw new DOMException("The operation is insecure.", "SecurityError");
  },
};

for (const name of /** @type {const} */ (["localStorage", "sessionStorage", "indexedDB"])) {
  test(`a browser that lacks or forbids ${name} is like one without it`, (t) => {
    replace(t, name, { value: undefined });
    assert.equal(browserEnvironment().storage(name), null);
    replace(t, name, forbidden);
    assert.equal(browserEnvironment().storage(name), null);
  });
}

test("where tabs cannot talk to each other, there is no channel", (t) => {
  replace(t, "BroadcastChannel", forbidden);
  assert.equal(browserEnvironment().openChannel("name", () => {}), null);
});

test("ids differ, and are made without crypto.randomUUID, which plain http lacks", (t) => {
  replace(t, "crypto", { value: { getRandomValues: crypto.getRandomValues.bind(crypto) } });
  const { id } = browserEnvironment();
  const ids = new Set(Array.from({ length: 1_000 }, id));
  assert.equal(ids.size, 1_000);
  for (const each of ids) assert.match(each, /^[\w-]{8,61}$/);
});

test("a lock is held until it is released, and another tab cannot have it meanwhile", async (t) => {
  const held = new Set();
  const request = async (/** @type {string} */ name, /** @type {unknown} */ _options, /** @type {(lock: object | null) => unknown} */ use) => {
    if (held.has(name)) return use(null);
    held.add(name);
    await use({});
    held.delete(name);
  };
  replace(t, "navigator", { value: { locks: { request } } });
  const { hold } = browserEnvironment();
  const release = await hold("name");
  assert.ok(release);
  assert.equal(await hold("name"), null);
  release();
  await new Promise(setImmediate);
  assert.ok(await hold("name"));
});

test("where a browser has or allows no locks, names can be held without them", async (t) => {
  for (const value of [{}, { locks: { request: () => Promise.reject(new DOMException("It is not allowed.", "SecurityError")) } }]) {
    replace(t, "navigator", { value });
    const release = await browserEnvironment().hold("name");
    assert.equal(typeof release, "function");
    release?.();
  }
});

test("a page is hidden when it is left or covered, and shown when it has the focus or is uncovered", (t) => {
  const page = { visibilityState: "visible" };
  const window = new EventTarget();
  replace(t, "document", { value: page });
  for (const name of ["addEventListener", "removeEventListener"]) replace(t, name, { value: /** @type {any} */ (window)[name].bind(window) });
  /** @type {string[]} */
  const heard = [];
  const environment = browserEnvironment();
  const stops = (/** @type {const} */ (["shown", "hidden", "online"])).map((kind) => environment.listen(kind, () => heard.push(kind)));
  const covered = (/** @type {string} */ state) => (Object.assign(page, { visibilityState: state }), window.dispatchEvent(new Event("visibilitychange")));
  covered("hidden");
  covered("visible");
  for (const type of ["pagehide", "focus", "online"]) window.dispatchEvent(new Event(type));
  for (const stop of stops) stop();
  covered("hidden");
  assert.deepEqual(heard, ["hidden", "shown", "hidden", "shown", "online"]);
});

test("outside of a browser there is nothing to listen to, and no harm in it", () => {
  browserEnvironment().listen("hidden", () => {})();
});
