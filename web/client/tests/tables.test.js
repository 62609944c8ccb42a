/** The calls for tables: files are sent and read in stages, in the background if they are large, and columns are read differently. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ConflictError, DashkeepError } from "../dist/index.js";
import { Browser, MOMENT, problem, settled, world } from "./support.js";

const SCHEMA = { fileName: "t.csv", rowCount: 1, columnCount: 1, columnNames: ["a"], columnTypes: { a: "number" } };
const SAVED = { success: true, version: 4, dataSchema: SCHEMA, updatedAt: MOMENT };
const BYTES = 20_000_000;
const UNREADABLE = { errors: [{ pointer: "/rawData/1/a", message: "Row 2, column 1: no number." }] };

/** A server that reads an upload in the background, a quarter of it each second. */
class TableServer {
  /** @type {string[]} */
  lines = [];
  /** @type {any[]} */
  bodies = [];
  bytesRead = 0;
  /** How the upload ends: with a table, or with a problem's response. @type {Response | null} */
  refusal = null;
  /** What happens to the next requests instead. @type {(Error | Response | undefined)[]} */
  instead = [];

  /** The client's `fetch`. @type {any} */
  fetch = async (/** @type {string} */ address, /** @type {any} */ { method = "GET", body } = {}) => {
    const { host, pathname, search } = new URL(address);
    this.lines.push(`${method} ${host === "bucket.example" ? "bucket" : pathname.replace("/api/projects/p/data", "") + search}`);
    this.bodies.push(typeof body === "string" ? JSON.parse(body) : body);
    const instead = this.instead.shift();
    if (instead instanceof Error) throw instead;
    return instead ?? this.#answer(this.lines.at(-1) ?? "");
  };

  /** @param {string} line */
  async #answer(line) {
    switch (line) {
      case "POST /uploads":
        return Response.json({ uploadId: "u1", url: "https://bucket.example/", fields: { key: "k" } }, { status: 201 });
      case "POST bucket":
        return new Response(null, { status: 204 });
      case "POST /uploads/u1/complete":
      case "PUT /schema":
        this.bytesRead = 0;
        return Response.json({ status: "processing" }, { status: 202, headers: { Location: "/api/projects/p/data/uploads/u1", "Retry-After": "1" } });
      case "GET /uploads/u1":
        return this.#progress();
      case "GET /versions/4?include=dataSchema":
        return Response.json({ dataSchema: SCHEMA, version: 4, analysisVersion: 0, updatedAt: MOMENT });
      default:
        return problem(404, "not-found");
    }
  }

  async #progress() {
    this.bytesRead += BYTES / 4;
    const known = { bytesRead: this.bytesRead, bytes: BYTES };
    if (this.bytesRead < BYTES) return Response.json({ status: "processing", ...known }, { headers: { "Retry-After": "1" } });
    if (!this.refusal) return Response.json({ status: "done", ...known, version: 4 });
    return Response.json({ status: "failed", ...known, problem: await this.refusal.clone().json() });
  }
}

function tables() {
  const server = new TableServer();
  const { browser, client } = world({ server: /** @type {any} */ (server) });
  return { server, browser, data: client.data };
}

const file = () => new File(["a;b"], "t.csv");

/** Let time pass until a call has ended. @type {<T>(browser: Browser, call: Promise<T>, turns?: number) => Promise<T>} */
async function patiently(browser, call, turns = 40) {
  call.catch(() => {});
  for (let turn = 0; turn < turns; turn += 1) await settled().then(() => browser.advance(60_000));
  return call;
}

test("a small file is the table as soon as it is complete, and both stages are reported", async () => {
  const { server, data } = tables();
  server.instead = [undefined, undefined, Response.json(SAVED, { status: 201 })];
  /** @type {any[]} */
  const told = [];
  assert.deepEqual(await data.uploadFile("p", file(), { onProgress: (progress) => told.push(progress) }), SAVED);
  assert.deepEqual(server.lines, ["POST /uploads", "POST bucket", "POST /uploads/u1/complete"]);
  const sent = { uploadId: "u1", bytesRead: 0, bytes: 3 };
  // The application's own `fetch` does not say how much it has sent.
  assert.deepEqual(told, [{ stage: "sending", bytesSent: 0, ...sent }, { stage: "reading", bytesSent: 3, ...sent }]);
});

test("a file that is read in the background is followed until it is the table, never sooner than Retry-After", async () => {
  const { server, browser, data } = tables();
  /** @type {any[]} */
  const told = [];
  const saving = data.uploadFile("p", file(), { analysis: { a: 1 }, delimiter: ";", onProgress: ({ stage, bytesSent, bytesRead }) => told.push([stage, bytesSent, bytesRead / BYTES]) });
  assert.deepEqual(await patiently(browser, saving), SAVED);
  assert.deepEqual(server.lines.slice(2), ["POST /uploads/u1/complete", ...Array(4).fill("GET /uploads/u1"), "GET /versions/4?include=dataSchema"]);
  assert.deepEqual(server.bodies[2], { analysis: { a: 1 }, delimiter: ";" });
  const shares = [0.25, 0.5, 0.75, 1].map((share) => ["reading", BYTES, share]);
  assert.deepEqual(told, [["sending", 0, 0], ["reading", 3, 0], ...shares]);
  assert.deepEqual(browser.waits, [1_250, 1_250, 1_250, 1_250]);
});

for (const [refusal, kind] of /** @type {const} */ ([[() => problem(422, "invalid-data", UNREADABLE), DashkeepError], [() => problem(412, "version-conflict", { currentVersion: 7 }), ConflictError], [() => problem(503, "storage-unavailable"), DashkeepError]])) {
  test(`a file that fails in the background with ${refusal().status} rejects with the same error as one that fails at once, and is not sent again`, async () => {
    const { server, browser, data } = tables();
    server.refusal = refusal();
    /** @type {any} */
    const later = await patiently(browser, data.completeUpload("p", "u1")).catch((error) => error);
    server.instead = Array(4).fill(0).map(refusal);
    /** @type {any} */
    const atOnce = await patiently(browser, data.completeUpload("p", "u1")).catch((error) => error);
    assert.equal(later.constructor, kind);
    for (const member of /** @type {const} */ (["constructor", "status", "code", "message", "problem"])) assert.deepEqual(later[member], atOnce[member]);
    assert.equal(server.lines.filter((line) => line === "GET /uploads/u1").length, 4);
  });
}

test("an upload that failed is completed again without sending the file again", async () => {
  const { server, browser, data } = tables();
  server.refusal = problem(422, "invalid-data", UNREADABLE);
  let uploadId = "";
  await assert.rejects(patiently(browser, data.uploadFile("p", file(), { onProgress: (progress) => ({ uploadId } = progress) })), { code: "invalid-data" });
  server.refusal = null;
  assert.deepEqual(await patiently(browser, data.completeUpload("p", uploadId, { delimiter: "|" })), SAVED);
  assert.deepEqual(server.bodies.filter((body) => body?.delimiter), [{ delimiter: "|" }]);
  assert.equal(server.lines.filter((line) => line === "POST bucket").length, 1);
});

test("a question about the progress that fails is repeated, for longer than other calls", async () => {
  const { server, browser, data } = tables();
  server.instead = [undefined, ...Array(9).fill(new TypeError("fetch failed"))];
  assert.deepEqual(await patiently(browser, data.completeUpload("p", "u1")), SAVED);
  server.instead = [undefined, ...Array(10).fill(new TypeError("fetch failed"))];
  await assert.rejects(patiently(browser, data.completeUpload("p", "u1")), { code: "network" });
});

test("a completion whose answer was lost is repeated", async () => {
  const { server, browser, data } = tables();
  server.instead = [new TypeError("fetch failed"), Response.json(SAVED)];
  assert.deepEqual(await patiently(browser, data.completeUpload("p", "u1")), SAVED);
  assert.deepEqual(server.lines, ["POST /uploads/u1/complete", "POST /uploads/u1/complete"]);
});

test("an abort ends the call at once with its reason, also between two questions, and asks nothing more", async () => {
  const { server, browser, data } = tables();
  const [controller, reason] = [new AbortController(), new Error("enough")];
  const saving = data.completeUpload("p", "u1", { signal: controller.signal });
  await settled();
  await browser.advance(60_000);
  assert.equal(server.lines.length, 2);
  controller.abort(reason);
  await assert.rejects(saving, reason);
  await patiently(browser, settled(), 5);
  assert.equal(server.lines.length, 2);
});

test("an upload that is no longer known is a failure, not asked for forever", async () => {
  const { server, browser, data } = tables();
  server.instead = [undefined, problem(404, "not-found")];
  await assert.rejects(patiently(browser, data.completeUpload("p", "u1")), { code: "not-found" });
});

for (const status of [200, 201]) {
  test(`a change of the schema that is answered ${status} resolves with the new schema`, async () => {
    const { server, data } = tables();
    server.instead = [Response.json(SAVED, { status })];
    assert.deepEqual(await data.saveSchema("p", { a: { type: "number" } }, { ifMatch: 3 }), SAVED);
  });
}

test("a change of a large table's schema is followed like an upload", async () => {
  const { server, browser, data } = tables();
  /** @type {any[]} */
  const told = [];
  const saving = data.saveSchema("p", { a: { type: "number", format: { decimal: "," } } }, { ifMatch: 3, onProgress: ({ stage, uploadId }) => told.push(`${stage} ${uploadId}`) });
  assert.deepEqual(await patiently(browser, saving), SAVED);
  assert.deepEqual([server.bodies[0], told], [{ columns: { a: { type: "number", format: { decimal: "," } } } }, Array(4).fill("reading u1")]);
});

test("a table is downloaded as the bytes of its CSV file", async () => {
  const { server, data } = tables();
  const bytes = new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0x0d, 0x0a]);
  const csv = () => new Response(bytes, { headers: { "Content-Type": "text/csv; charset=utf-8" } });
  server.instead = [csv(), problem(401, "unauthorized"), csv(), csv()];
  assert.deepEqual(new Uint8Array(await (await data.csv("p")).arrayBuffer()), bytes);
  await data.csv("p", { safe: true });
  await data.csv("p", { version: 2 });
  assert.deepEqual(server.lines, ["GET ?format=csv", ...Array(2).fill("GET ?format=csv&safe=true"), "GET /versions/2?format=csv"]);
});

test("a sign-in page is no CSV file, and a refused download carries the server's error", async () => {
  const { server, browser, data } = tables();
  server.instead = Array(4).fill(0).map(() => new Response("<h1>Sign in</h1>", { headers: { "Content-Type": "text/html" } }));
  await assert.rejects(patiently(browser, data.csv("p")), { code: "unreadable" });
  server.instead = [problem(410, "table-gone")];
  await assert.rejects(data.csv("p"), { code: "table-gone", status: 410 });
});
