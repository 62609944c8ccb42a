/**
 * Minimal fakes of a server, a browser's storage and its clock.
 */

import { createDashboardClient } from "../index.js";

export const CONFIG = { chartCustomizations: { c1: { title: "Revenue" } } };

/** @param {string} title */
export const titled = (title) => ({ chartCustomizations: { c1: { title } } });

/** A fake server for one project's config, with versions, preconditions and injected failures. */
export class Server {
  /** @type {any[]} */
  versions = [null];
  /** @type {{ method: string, url: URL, headers: Headers, body: any }[]} */
  requests = [];
  /** @type {(((request: any) => Response | Promise<Response> | undefined) | Error)[]} responses to return instead of the server's own */
  instead = [];

  get version() {
    return this.versions.length - 1;
  }

  /** The client's `fetch`. @type {(address: any, options?: any) => Promise<Response>} */
  fetch = async (address, { method = "GET", headers = {}, body } = {}) => {
    const request = { method, url: new URL(address), headers: new Headers(headers), body: body && JSON.parse(body) };
    this.requests.push(request);
    const instead = this.instead.shift();
    if (instead instanceof Error) throw instead;
    return (await instead?.(request)) ?? this.#answer(request);
  };

  /** @param {any} request */
  #answer({ method, headers, body }) {
    if (method === "GET") {
      if (headers.get("If-None-Match") === `"${this.version}"`) return new Response(null, { status: 304 });
      return Response.json(this.#shown());
    }
    const expected = headers.get("If-None-Match") === "*" ? 0 : Number(headers.get("If-Match")?.replaceAll('"', ""));
    if (JSON.stringify(body) === JSON.stringify(this.versions[this.version])) return this.#saved();
    if (expected !== this.version) return conflict(this.version, this.versions[this.version], ["/chartCustomizations/c1/title"]);
    this.versions.push(body);
    return this.#saved();
  }

  #shown() {
    return { config: this.versions[this.version], version: this.version, updatedAt: this.version ? MOMENT : null };
  }

  #saved() {
    return Response.json({ success: true, version: this.version, updatedAt: MOMENT });
  }
}

const MOMENT = "2026-11-24T10:00:00.000Z";

/** @type {(version: number, current: any, conflicts: string[]) => Response} */
export function conflict(version, current, conflicts) {
  return problem(412, "version-conflict", { currentVersion: version, current, conflicts });
}

/** @type {(status: number, code: string, more?: any, headers?: any) => Response} */
export function problem(status, code, more = {}, headers = {}) {
  return Response.json({ type: `urn:problem:${code}`, status, detail: `It is ${code}.`, ...more }, { status, headers });
}

/** An in-memory `Storage`. */
export class MemoryStorage {
  #items = new Map();
  get length() {
    return this.#items.size;
  }
  /** @param {number} index */
  key(index) {
    return [...this.#items.keys()][index] ?? null;
  }
  /** @param {string} name */
  getItem(name) {
    return this.#items.get(name) ?? null;
  }
  /** @param {string} name @param {string} value */
  setItem(name, value) {
    this.#items.set(name, String(value));
  }
  /** @param {string} name */
  removeItem(name) {
    this.#items.delete(name);
  }
  clear() {
    this.#items.clear();
  }
}

/** A browser's clock and tabs; time stands still until it is advanced. */
export class Browser {
  time = 0;
  /** @type {number[]} the waits requested, in order */
  waits = [];
  /** @type {{ at: number, go: () => void }[]} */
  #waiting = [];
  /** @type {any[]} */
  channels = [];
  /** @type {Record<string, Set<() => void>>} */
  #listeners = { online: new Set(), focus: new Set() };
  #held = new Set();

  /** @returns {import("../environment.js").Environment} the environment of one tab */
  tab() {
    return {
      now: () => this.time,
      random: () => 0.5,
      wait: (milliseconds, signal) => this.#wait(milliseconds, signal),
      openChannel: () => this.#channel(),
      listen: (kind, listener) => {
        this.#listeners[kind].add(listener);
        return () => this.#listeners[kind].delete(listener);
      },
      hold: async (name) => {
        if (this.#held.has(name)) return null;
        this.#held.add(name);
        return () => this.#held.delete(name);
      },
    };
  }

  /** @param {number} milliseconds */
  async advance(milliseconds) {
    this.time += milliseconds;
    const due = this.#waiting.filter(({ at }) => at <= this.time);
    this.#waiting = this.#waiting.filter(({ at }) => at > this.time);
    for (const { go } of due) go();
    await settled();
  }

  /** @param {"online" | "focus"} kind */
  async happens(kind) {
    for (const listener of this.#listeners[kind]) listener();
    await settled();
  }

  /** @type {(milliseconds: number, signal?: AbortSignal) => Promise<void>} */
  #wait(milliseconds, signal) {
    this.waits.push(milliseconds);
    return new Promise((go, stop) => {
      this.#waiting.push({ at: this.time + milliseconds, go });
      signal?.addEventListener("abort", () => {
        this.#waiting = this.#waiting.filter((each) => each.go !== go);
        stop(signal.reason);
      });
    });
  }

  #channel() {
    /** @type {any} */
    const channel = {
      onmessage: null,
      close: () => this.channels.splice(this.channels.indexOf(channel), 1),
      postMessage: (/** @type {any} */ data) => {
        for (const other of this.channels) if (other !== channel) other.onmessage?.({ data });
      },
    };
    this.channels.push(channel);
    return channel;
  }
}

/** Wait until all pending promise callbacks have run. */
export async function settled() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** @param {string} sub */
export function token(sub) {
  return ["{}", JSON.stringify({ sub }), ""].map((part) => Buffer.from(part).toString("base64url")).join(".");
}

/** Create a browser with one tab, connected to a server. */
export function world({ server = new Server(), browser = new Browser(), storage = new MemoryStorage(), user = "user-1" } = {}) {
  const client = createDashboardClient({
    baseUrl: "https://api.example.com/",
    getToken: () => token(user),
    storage,
    fetch: server.fetch,
    environment: browser.tab(),
  });
  return { server, browser, storage, client };
}
