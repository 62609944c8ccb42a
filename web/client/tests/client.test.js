import assert from "node:assert/strict";
import { test } from "node:test";

import { ConflictError, DashkeepError } from "../index.js";
import { CONFIG, problem, settled, titled, token, world } from "./support.js";

test("a fresh copy needs no request, and an older one is revalidated", async () => {
  const { server, browser, client } = world();
  server.versions.push(CONFIG);
  assert.deepEqual(await client.load("p"), { config: CONFIG, version: 1, updatedAt: "2026-11-24T10:00:00.000Z", origin: "network" });
  assert.equal((await client.load("p")).origin, "cache");
  assert.equal(server.requests.length, 1);
  await browser.advance(5 * 60_000);
  assert.deepEqual(await client.load("p"), { config: CONFIG, version: 1, updatedAt: "2026-11-24T10:00:00.000Z", origin: "network" });
  assert.equal(server.requests[1].headers.get("If-None-Match"), '"1"');
});

test("without a network the copy is shown with origin offline", async () => {
  const { server, browser, client } = world();
  server.versions.push(CONFIG);
  await client.load("p");
  await browser.advance(5 * 60_000);
  server.instead = Array(4).fill(new TypeError("fetch failed"));
  const loading = client.load("p");
  for (let attempt = 0; attempt < 3; attempt += 1) await settled().then(() => browser.advance(60_000));
  assert.equal((await loading).origin, "offline");
});

test("a copy is used only for its own user and server", async () => {
  const first = world();
  first.server.versions.push(CONFIG);
  await first.client.load("p");
  const { client, server } = world({ storage: first.storage, user: "user-2" });
  assert.equal((await client.load("p")).config, null);
  assert.equal(server.requests.length, 1);
});

test("temporary failures are retried with exponential back-off and never before Retry-After", async () => {
  const { server, browser, client } = world();
  server.versions.push(CONFIG);
  server.instead = [
    () => problem(503, "storage-unavailable", {}, { "Retry-After": "2" }),
    () => problem(429, "rate-limited"),
    new TypeError("fetch failed"),
  ];
  const loading = client.load("p");
  for (let attempt = 0; attempt < 3; attempt += 1) await settled().then(() => browser.advance(60_000));
  assert.equal((await loading).version, 1);
  assert.deepEqual(browser.waits, [2_250, 500, 1_000]);
});

test("an invalid request is not retried and carries the server's error", async () => {
  const { server, client } = world();
  server.instead = [() => problem(413, "config-too-large", { limitBytes: 10 })];
  await assert.rejects(client.save("p", CONFIG, { ifMatch: 0 }), (error) => {
    assert.ok(error instanceof DashkeepError);
    assert.deepEqual([error.status, error.code, error.problem.limitBytes], [413, "config-too-large", 10]);
    return error.message === "It is config-too-large.";
  });
  assert.equal(server.requests.length, 1);
});

test("a 500 is not retried at once", async () => {
  const { server, client } = world();
  server.instead = [() => problem(500, "internal-error")];
  await assert.rejects(client.load("p"), { status: 500 });
  assert.equal(server.requests.length, 1);
});

test("a rejected token is renewed once", async () => {
  const { server } = world();
  /** @type {boolean[]} */
  const asked = [];
  const getToken = ({ refresh } = { refresh: false }) => (asked.push(refresh), token("user-1"));
  const { createDashboardClient } = await import("../index.js");
  const client = createDashboardClient({ baseUrl: "https://a.example", getToken, storage: null, fetch: server.fetch });
  server.instead = [() => problem(401, "unauthorized")];
  assert.equal((await client.load("p")).version, 0);
  server.instead = [() => problem(401, "unauthorized"), () => problem(401, "unauthorized")];
  await assert.rejects(client.load("p"), { status: 401 });
  assert.equal(asked.filter(Boolean).length, 2);
});

test("a save names the version that it replaces, and a conflict carries the current config", async () => {
  const { server, client } = world();
  await client.save("p", CONFIG, { create: true, source: "import", message: "first" });
  const { url, headers } = server.requests[0];
  assert.equal(url.href, "https://api.example.com/api/projects/p/config?source=import&message=first");
  assert.equal(headers.get("If-None-Match"), "*");
  await assert.rejects(client.save("p", titled("mine"), { ifMatch: 0 }), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.deepEqual([error.currentVersion, error.current], [1, CONFIG]);
    return true;
  });
});

test("a full storage does not prevent a save", async (t) => {
  const warn = t.mock.method(console, "warn", () => {});
  const { storage, client } = world();
  t.mock.method(storage, "setItem", () => {
    throw new DOMException("full", "QuotaExceededError");
  });
  assert.equal((await client.save("p", CONFIG, { ifMatch: 0 })).version, 1);
  assert.equal(warn.mock.callCount(), 1);
});

test("rows at a separate URL are fetched without the token", async () => {
  const { server, client } = world();
  server.instead = [
    () => Response.json({ rawData: null, rawDataUrl: "https://bucket.example/rows", version: 1 }),
    () => Response.json([{ a: 1 }]),
  ];
  assert.deepEqual(await client.data.load("p"), { rawData: [{ a: 1 }], version: 1 });
  assert.equal(server.requests[1].headers.get("Authorization"), null);
});
