/** Requests: authorised, bounded in time, repeated where that is safe, and failing with the server's error. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createCalls } from "../dist/calls.js";
import { ConflictError, DashkeepError } from "../dist/errors.js";
import { browserStorage } from "../dist/storage.js";
import { openTabs } from "../dist/tabs.js";
import { createTransport, required, versionOf, waitBefore } from "../dist/transport.js";
import { Browser, hurried, problem, Server, settled, token } from "./support.js";

/** @param {{ getToken?: any, timeout?: number }} [options] */
function made({ getToken = () => token("user-1"), timeout = 30_000 } = {}) {
  const [server, browser] = [new Server(), new Browser()];
  const { environment } = browser.tab();
  const transport = createTransport({ baseUrl: "https://api.example.com//", getToken, fetch: server.fetch, timeout });
  const calls = createCalls({ environment, transport, storage: browserStorage(null), tabs: openTabs(environment), keyOf: () => [] });
  return { server, browser, transport, calls };
}

/** Advance the clock until a request has had all its attempts. @type {(browser: Browser, asked: Promise<any>) => Promise<any>} */
async function patiently(browser, asked) {
  asked.catch(() => {});
  for (let attempt = 0; attempt < 5; attempt += 1) await settled().then(() => browser.advance(60_000));
  return asked;
}

test("a request goes to the API below the base URL, with the user's token and only the parameters that are given", async () => {
  const { server, transport } = made();
  server.instead = [() => Response.json({})];
  await transport.send("POST", "/projects", { query: { limit: 2, cursor: undefined }, headers: { "If-Match": undefined }, body: { a: 1 } });
  const [{ url, headers, body } = assert.fail()] = server.requests;
  assert.deepEqual([url.href, body], ["https://api.example.com/api/projects?limit=2", { a: 1 }]);
  assert.deepEqual([...headers], [["authorization", `Bearer ${token("user-1")}`], ["content-type", "application/json"]]);
});

test("no answer of the API comes from the browser's cache, where it may be another user's at the same address and version", async () => {
  /** @type {RequestInit[]} */
  const asked = [];
  const fetch = async (/** @type {any} */ _, /** @type {RequestInit} */ request = {}) => (asked.push(request), new Response("{}"));
  await createTransport({ baseUrl: "https://example.test", getToken: () => token("user-1"), fetch }).send("GET", "/projects");
  assert.deepEqual(asked.map(({ cache }) => cache), ["no-store"]);
});

test("temporary failures are retried with exponential back-off and never before Retry-After", async () => {
  const { server, browser, calls } = made();
  server.instead = [() => problem(503, "storage-unavailable", {}, { "Retry-After": "2" }), () => problem(429, "rate-limited"), new TypeError("fetch failed")];
  const { version } = await patiently(browser, calls.config().load("p"));
  assert.deepEqual([version, browser.waits], [0, [2_250, 500, 1_000]]);
});

test("the wait doubles up to half a minute, and is random so that clients do not retry together", () => {
  assert.deepEqual([0, 1, 2, 10].map((attempt) => waitBefore(attempt, undefined, () => 1)), [500, 1_000, 2_000, 30_000]);
  assert.deepEqual([waitBefore(3, 5, () => 0), waitBefore(3, 5, () => 1)], [5_000, 9_000]);
});

test("after four attempts the failure is final", async () => {
  const { server, browser, calls } = made();
  server.instead = Array(4).fill(new TypeError("fetch failed"));
  await assert.rejects(patiently(browser, calls.limits()), { code: "network", status: 0 });
  assert.equal(server.requests.length, 4);
});

for (const [status, code] of /** @type {const} */ ([[413, "config-too-large"], [422, "invalid-config"], [404, "not-found"], [500, "internal-error"]])) {
  test(`a request that is answered ${status} is not repeated and carries the server's error`, async () => {
    const { server, transport } = made();
    server.instead = [() => problem(status, code, { limitBytes: 10 })];
    await assert.rejects(transport.send("GET", "/limits"), (error) => {
      assert.ok(error instanceof DashkeepError);
      assert.deepEqual([error.status, error.code, error.problem?.["limitBytes"], error.message], [status, code, 10, `It is ${code}.`]);
      return true;
    });
    assert.equal(server.requests.length, 1);
  });
}

test("a conflict carries the newest config, its version and the places", async () => {
  const { server, transport } = made();
  server.instead = [() => problem(412, "version-conflict", { currentVersion: 7, current: { a: 1 }, conflicts: ["/a"], updatedAt: "now" })];
  await assert.rejects(transport.send("PUT", "/projects/p/config"), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.deepEqual([error.currentVersion, error.current, error.conflicts, error.updatedAt], [7, { a: 1 }, ["/a"], "now"]);
    return true;
  });
});

test("an error of something between client and server has its status as code", async () => {
  const { server, transport } = made();
  server.instead = [() => new Response("<h1>Forbidden</h1>", { status: 403 })];
  await assert.rejects(transport.send("GET", "/limits"), { status: 403, code: "http-403", message: "The server responded with status 403." });
});

test("a rejected token is renewed once", async () => {
  /** @type {boolean[]} */
  const asked = [];
  const { server, transport } = made({ getToken: ({ refresh = false } = {}) => (asked.push(refresh), token("user-1")) });
  server.instead = [() => problem(401, "unauthorized")];
  assert.equal((await transport.send("GET", "/projects/p/config")).status, 200);
  server.instead = [() => problem(401, "unauthorized"), () => problem(401, "unauthorized")];
  await assert.rejects(transport.send("GET", "/limits"), { status: 401, code: "unauthorized" });
  assert.deepEqual(asked, [false, true, false, true]);
});

/** @type {[string, any, string][]} */
const TOKENS = [
  ["that throws", () => { throw new Error("no"); }, "token"],
  ["that rejects", () => Promise.reject(new Error("no")), "token"],
  ["that gives null", () => null, "signed-out"],
  ["that gives nothing", () => undefined, "signed-out"],
  ["that gives an empty text", async () => "", "signed-out"],
];
for (const [what, getToken, code] of TOKENS) {
  test(`a getToken ${what} is a failure of its own, without a request`, async () => {
    const { server, transport } = made({ getToken });
    await assert.rejects(transport.token(), { code });
    assert.equal(server.requests.length, 0);
  });
}

test("a getToken that never answers is given up after the time limit", async (t) => {
  const alive = setInterval(() => {}, 1_000);
  t.after(() => clearInterval(alive));
  const { transport } = made({ getToken: () => new Promise(() => {}), timeout: 10 });
  await assert.rejects(transport.token(), { code: "token" });
});

test("a token tells its user apart, in any alphabet, and a text that is not a JSON Web Token belongs to nobody", async () => {
  for (const user of ["user-1", "zoë~ü", "日本"]) assert.equal((await made({ getToken: () => token(user) }).transport.token()).user, user);
  assert.equal((await made({ getToken: () => "opaque" }).transport.token()).user, "");
});

test("a request for one user is never sent with another user's token", async () => {
  const { server, transport } = made({ getToken: () => token("bob") });
  await assert.rejects(transport.send("GET", "/limits", { user: "alice" }), { code: "user-changed" });
  assert.equal(server.requests.length, 0);
});

test("a request that is not answered ends after the time limit, and a body that does not end too", async (t) => {
  const alive = setInterval(() => {}, 1_000);
  t.after(() => clearInterval(alive));
  const { server, transport } = made({ timeout: 10 });
  server.instead = [() => new Promise(() => {}), () => new Response(new ReadableStream())];
  for (let turn = 0; turn < 2; turn += 1) await assert.rejects(transport.send("GET", "/limits"), { code: "timeout" });
});

test("a caller's signal ends the request and the wait before the next attempt, with its own reason", async () => {
  const { server, calls } = made();
  server.instead = [() => new Promise(() => {}), new TypeError("fetch failed")];
  for (let turn = 0; turn < 2; turn += 1) {
    const controller = new AbortController();
    const asked = calls.config().load("p", { signal: controller.signal });
    asked.catch(() => {});
    await settled();
    controller.abort(new RangeError("enough"));
    await assert.rejects(asked, RangeError);
  }
  await assert.rejects(calls.config().load("p", { signal: AbortSignal.abort(new RangeError("enough")) }), RangeError);
  assert.equal(server.requests.length, 2);
});

test("an answer that is not JSON, or breaks off, is unreadable", async () => {
  for (const text of ["<!doctype html>", '{"a":', "\u0000"]) {
    const { server, transport } = made();
    server.instead = [() => new Response(text)];
    await assert.rejects(transport.send("GET", "/limits"), { code: "unreadable" });
  }
});

test("a version is that of the body where there is one, or else that of the tag, which proxies may have altered", () => {
  /** @type {(body: any, tag?: string) => any} */
  const answer = (body, tag) => ({ status: 200, text: "", body, headers: new Headers(tag ? { ETag: tag } : {}) });
  for (const tag of ['"7"', 'W/"7"', '"7-gzip"', '"7--gzip"', '"7;br"']) assert.equal(versionOf(answer(null, tag)), 7);
  assert.equal(versionOf(answer({ version: 8 }, '"7"')), 8);
  assert.equal(versionOf(answer({ version: 0 })), 0);
  for (const tag of [undefined, '"abc"', "7"]) assert.throws(() => versionOf(answer({}, tag)), { code: "unreadable" });
});

test("a module that neither loads nor fails within the time limit counts as unreachable", async (t) => {
  hurried(t);
  // Like a connection under way, this keeps the process alive; the time limit does not.
  const connection = setTimeout(() => {}, 10_000);
  await assert.rejects(required(new Promise(() => {})), { code: "network" });
  clearTimeout(connection);
});
