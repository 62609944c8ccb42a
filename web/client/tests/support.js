/**
 * A server, a browser and its tabs, for tests of the client in Node. The storage is a real IndexedDB implementation.
 */

import { IDBFactory, IDBKeyRange } from "fake-indexeddb";

import "../dist/apply.js";
import "../dist/takeover.js";
import "../dist/undo.js";
import { createDashboardClient } from "../dist/index.js";
import { isEqual, toJson } from "../dist/json.js";
import { merge } from "../dist/merge.js";
import { apply } from "../dist/apply.js";

Object.assign(globalThis, { IDBKeyRange });

export const CONFIG = { chartCustomizations: { c1: { title: "Revenue" } } };
export const MOMENT = "2026-11-24T10:00:00.000Z";

/** @param {string} title */
export const titled = (title) => ({ chartCustomizations: { c1: { title } } });

/**
 * The config of one project, with versions, preconditions, merges and idempotency keys as the API has them.
 *
 * `instead` holds what happens to the next requests instead of the server's own answer: an Error is a lost connection, a
 * function may return a Response, a promise of one, or nothing for the server's own answer.
 */
export class Server {
  /** @type {{ config: any, key: string | null, by?: string | undefined, merged?: true }[]} */
  versions = [{ config: null, key: null }];
  /** What the user may do: viewers only load, and without access the project is not there. @type {"owner" | "viewer" | "none"} */
  access = "owner";
  /** @type {{ method: string, url: URL, headers: Headers, body: any, keepalive: boolean }[]} */
  requests = [];
  /** @type {(((request: any) => Response | Promise<Response> | undefined | void) | Error | undefined)[]} */
  instead = [];

  get version() {
    return this.versions.length - 1;
  }

  get config() {
    return this.versions[this.version]?.config;
  }

  /** The requests of one method. @param {string} method */
  made(method) {
    return this.requests.filter((request) => request.method === method);
  }

  /** Save as somebody else. @param {any} config @param {string} [by] their id */
  save(config, by) {
    this.versions.push({ config, key: null, by });
  }

  /** The client's `fetch`. @type {any} */
  fetch = async (/** @type {any} */ address, /** @type {any} */ { method = "GET", headers = {}, body, keepalive = false } = {}) => {
    const request = { method, url: new URL(address), headers: new Headers(headers), body: body && JSON.parse(body), keepalive };
    this.requests.push(request);
    const instead = this.instead.shift();
    if (instead instanceof Error) throw instead;
    return (await instead?.(request)) ?? this.answer(request);
  };

  /** Process a request, but lose its answer. */
  lose = (/** @type {any} */ request) => {
    this.answer(request);
    throw new TypeError("The connection was lost.");
  };

  /** @param {any} request @returns {Response} */
  answer({ method, url, headers, body }) {
    const base = headers.get("If-None-Match") === "*" ? 0 : Number(/\d+/.exec(headers.get("If-Match") ?? "")?.[0] ?? this.version);
    const key = headers.get("Idempotency-Key");
    if (this.access === "none") return problem(404, "not-found", { detail: "You have no such project." });
    if (this.access === "viewer" && method !== "GET") return problem(403, "forbidden", { detail: "You may view this project, but only its editors may do this." });
    if (method === "GET") return this.#loaded(headers, url);
    if (method === "DELETE") return this.#put(base, key, null, () => new Response(null, { status: 204, headers: { ETag: `"${this.version}"` } }));
    if (method === "POST" && url.pathname.endsWith("/undo")) return this.#undo(Number(/versions\/(\d+)/.exec(url.pathname)?.[1]), key);
    if (method === "POST") return this.#put(base, key, this.versions[Number(/versions\/(\d+)/.exec(url.pathname)?.[1])]?.config, () => this.#saved());
    if (method === "PUT") return this.#put(base, key, body, () => this.#saved(), headers.get("If-None-Match") === "*");
    return this.#patch(base, key, body);
  }

  /** @param {Headers} headers @param {URL} url */
  #loaded(headers, url) {
    if (!url.pathname.endsWith("/config")) return problem(404, "not-found");
    if (headers.get("If-None-Match") === `"${this.version}"`) return new Response(null, { status: 304, headers: { ETag: `"${this.version}"` } });
    const { by } = this.versions[this.version] ?? {};
    return Response.json(this.#shown(this.version), { headers: { ETag: `"${this.version}"`, ...(by && { "Updated-By": by }) } });
  }

  /** @type {(base: number, key: string | null, config: any, answer: () => Response, isFirst?: boolean) => Response} */
  #put(base, key, config, answer, isFirst = false) {
    if (isEqual(toJson(config), toJson(this.config))) return answer();
    if (base !== this.version || (isFirst && this.version > 0)) return this.#replayed(base, key) ? answer() : conflict(this.version, this.config, [""]);
    this.versions.push({ config, key });
    return answer();
  }

  /** @type {(base: number, key: string | null, operations: any) => Response} */
  #patch(base, key, operations) {
    const before = this.versions[base];
    if (!before) return conflict(this.version, this.config, undefined);
    const mine = apply(toJson(before.config), operations);
    const replayed = base === this.version ? undefined : this.#replayed(base, key);
    if (replayed !== undefined) return Response.json({ ...this.#shown(replayed), replayed: true, currentVersion: this.version });
    const { document, conflicts } = merge(toJson(before.config ?? { chartCustomizations: {} }), toJson(this.config), mine);
    if (base !== this.version && conflicts.length) return conflict(this.version, this.config, conflicts, this.versions[this.version]?.by);
    const config = base === this.version ? mine : document;
    if (!isEqual(config, toJson(this.config))) this.versions.push({ config, key, ...(base === this.version ? {} : { merged: true }) });
    return Response.json({ ...this.#shown(this.version), ...(base + 1 < this.version ? { merged: true } : {}) });
  }

  /** @type {(version: number, key: string | null) => Response} */
  #undo(version, key) {
    const [before, undone] = [this.versions[version - 1], this.versions[version]];
    if (!before || !undone) return problem(404, "not-found");
    const replayed = this.#replayed(version, key);
    if (replayed !== undefined) return Response.json({ success: true, merged: true, ...this.#shown(replayed), replayed: true, currentVersion: this.version });
    const { document, conflicts } = merge(toJson(undone.config), toJson(this.config), toJson(before.config));
    if (conflicts.length) return conflict(this.version, this.config, conflicts);
    if (!isEqual(document, toJson(this.config))) this.versions.push({ config: document, key, merged: true });
    return Response.json({ success: true, merged: true, ...this.#shown(this.version) });
  }

  /** @type {(base: number, key: string | null) => number | undefined} */
  #replayed(base, key) {
    const found = this.versions.findIndex((each, version) => version > base && version <= base + 25 && key !== null && each.key === key);
    return found < 0 ? undefined : found;
  }

  /** @param {number} version */
  #shown(version) {
    return { config: this.versions[version]?.config, version, updatedAt: version ? MOMENT : null };
  }

  #saved() {
    return Response.json({ success: true, version: this.version, updatedAt: MOMENT });
  }
}

/** @type {(version: number, current: any, conflicts: readonly string[] | undefined, by?: string) => Response} */
export function conflict(version, current, conflicts, by) {
  return problem(412, "version-conflict", { currentVersion: version, current, conflicts, updatedAt: MOMENT, ...(by && { updatedBy: { id: by } }) });
}

/** @type {(status: number, code: string, more?: any, headers?: any) => Response} */
export function problem(status, code, more = {}, headers = {}) {
  return Response.json({ type: `urn:problem:${code}`, status, detail: `It is ${code}.`, ...more }, { status, headers });
}

/** A `Storage` in memory. */
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

/** A browser: its clock, which stands still until it is advanced, its storages, its tabs and what they tell each other. */
export class Browser {
  time = 0;
  /** @type {number[]} the waits asked for, in order */
  waits = [];
  /** @type {IDBFactory | null} */
  database = new IDBFactory();
  localStorage = new MemoryStorage();
  /** @type {{ at: number, go: () => void }[]} */
  #waiting = [];
  /** @type {Set<{ tell: (message: unknown) => void, heard: (message: unknown) => void }>} */
  #channels = new Set();
  /** @type {Map<string, object>} which tab holds a name */
  #held = new Map();
  /** Counted for all browsers: two devices never share an id. */
  static #ids = 0;

  /** Open a tab: an environment that also can be closed, and told what happens to it. */
  tab(sessionStorage = new MemoryStorage()) {
    /** @type {Record<string, Set<() => void>>} */
    const listeners = { online: new Set(), shown: new Set(), hidden: new Set() };
    const tab = { isClosed: false, sessionStorage };
    /** @type {import("../dist/environment.js").Environment} */
    const environment = {
      now: () => this.time,
      random: () => 0.5,
      id: () => `id-${(Browser.#ids += 1)}-${"x".repeat(8)}`,
      after: (milliseconds, then) => {
        this.waits.push(milliseconds);
        const waiting = { at: this.time + milliseconds, go: () => tab.isClosed || then() };
        this.#waiting.push(waiting);
        return () => void (this.#waiting = this.#waiting.filter((each) => each !== waiting));
      },
      openChannel: (_name, heard) => {
        const channel = {
          heard: (/** @type {unknown} */ message) => tab.isClosed || heard(message),
          tell: (/** @type {unknown} */ message) => {
            for (const each of this.#channels) if (each !== channel) each.heard(structuredClone(message));
          },
          close: () => void this.#channels.delete(channel),
        };
        this.#channels.add(channel);
        return channel;
      },
      listen: (kind, listener) => {
        listeners[kind]?.add(listener);
        return () => listeners[kind]?.delete(listener);
      },
      hold: async (name) => {
        if (this.#held.has(name)) return null;
        this.#held.set(name, tab);
        return () => this.#held.get(name) === tab && this.#held.delete(name);
      },
      storage: (name) => /** @type {any} */ ({ indexedDB: this.database, localStorage: this.localStorage, sessionStorage: tab.sessionStorage })[name],
      isPage: () => true,
    };
    return {
      environment,
      /** @param {"online" | "shown" | "hidden"} kind */
      happens: async (kind) => {
        for (const listener of listeners[kind] ?? []) listener();
        await settled();
      },
      /** End the tab without a word to it, as a crash does. */
      kill: () => {
        tab.isClosed = true;
        for (const [name, holder] of this.#held) if (holder === tab) this.#held.delete(name);
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
}

/** Wait until all pending callbacks, those of the storage included, have run. */
export async function settled() {
  for (let turn = 0; turn < 40; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A JSON Web Token of a user, as far as the client reads it. @param {string} sub @param {Record<string, string>} [claims] */
export function token(sub, claims = {}) {
  return ["{}", JSON.stringify({ sub, ...claims }), ""].map((part) => Buffer.from(part).toString("base64url")).join(".");
}

/**
 * A client in a tab of its own.
 *
 * @param {{ server?: Server, browser?: Browser, user?: string, userClaim?: string, getToken?: any, timeout?: number, storage?: any, tab?: ReturnType<Browser["tab"]> }} [options]
 */
export function world({ server = new Server(), browser = new Browser(), user = "user-1", getToken = () => token(user), tab = browser.tab(), ...options } = {}) {
  const client = createDashboardClient({ baseUrl: "https://api.example.com/", getToken, fetch: server.fetch, environment: tab.environment, ...options });
  return { server, browser, tab, client };
}

/** Let time limits end a hundred times as soon. @param {import("node:test").TestContext} t */
export function hurried(t) {
  t.mock.method(AbortSignal, "timeout", (/** @type {number} */ milliseconds) => {
    const ended = new AbortController();
    setTimeout(() => ended.abort(new DOMException("The time limit is over.", "TimeoutError")), milliseconds / 100);
    return ended.signal;
  });
}
