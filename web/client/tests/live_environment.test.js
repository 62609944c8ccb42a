/** What `live` takes from the browser: WebSockets, and whether the page is hidden, left, or back. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { browserLiveEnvironment } from "../dist/live_environment.js";

/** Replace a global for one test. @type {(t: import("node:test").TestContext, name: string, value: unknown) => void} */
function replace(t, name, value) {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { configurable: true, value });
  t.after(() => (before ? Object.defineProperty(globalThis, name, before) : Reflect.deleteProperty(globalThis, name)));
}

/** Events that are recorded. */
function recorded() {
  const heard = /** @type {string[]} */ ([]);
  return { heard, events: { opened: () => heard.push("opened"), heard: (/** @type {string} */ text) => heard.push(text), closed: () => heard.push("closed") } };
}

test("a WebSocket reports that it is open, its messages, and its end", (t) => {
  const sockets = /** @type {any[]} */ ([]);
  class WebSocket {
    sent = /** @type {string[]} */ ([]);
    constructor(/** @type {string} */ url) {
      Object.assign(this, { url });
      sockets.push(this);
    }
    send(/** @type {string} */ text) {
      this.sent.push(text);
    }
    close() {
      this.sent.push("close");
    }
  }
  replace(t, "WebSocket", WebSocket);
  const { heard, events } = recorded();
  const socket = browserLiveEnvironment().connect("wss://live.example.com/", events);
  const [made] = sockets;
  made.onopen({});
  made.onmessage({ data: "text" });
  made.onclose({});
  socket.send("sent");
  socket.close();
  assert.deepEqual([made.url, heard, made.sent], ["wss://live.example.com/", ["opened", "text", "closed"], ["sent", "close"]]);
});

test("a browser that lacks or forbids WebSockets is like one whose handshakes fail", async (t) => {
  const forbidden = class {
    constructor() {
      throw new DOMException("The operation is insecure.", "SecurityError");
    }
  };
  for (const value of [undefined, forbidden]) {
    replace(t, "WebSocket", value);
    const { heard, events } = recorded();
    const socket = browserLiveEnvironment().connect("wss://live.example.com/", events);
    assert.deepEqual(heard, []);
    await Promise.resolve();
    assert.deepEqual(heard, ["closed"]);
    socket.send("text");
    socket.close();
  }
});

test("a page is hidden or not; it is left, and back only if the browser has kept it", (t) => {
  const [window, page] = [new EventTarget(), { visibilityState: "hidden" }];
  replace(t, "document", page);
  for (const name of /** @type {const} */ (["addEventListener", "removeEventListener"])) replace(t, name, window[name].bind(window));
  const environment = browserLiveEnvironment();
  assert.equal(environment.isHidden(), true);
  page.visibilityState = "visible";
  assert.equal(environment.isHidden(), false);
  const heard = /** @type {string[]} */ ([]);
  const stops = (/** @type {const} */ (["left", "back"])).map((kind) => environment.listen(kind, () => heard.push(kind)));
  const happens = (/** @type {string} */ type, persisted = false) => window.dispatchEvent(Object.assign(new Event(type), { persisted }));
  happens("pageshow");
  happens("pagehide", true);
  happens("pageshow", true);
  happens("pagehide");
  for (const stop of stops) stop();
  happens("pagehide");
  assert.deepEqual(heard, ["left", "back", "left"]);
});
