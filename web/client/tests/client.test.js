/** The calls that are made outside of documents: each is one request, and keeps nothing. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ConflictError } from "../dist/index.js";
import { CONFIG, MOMENT, problem, Server, settled, titled, world } from "./support.js";

/** The last request as a line. @param {import("./support.js").Server} server */
function line(server) {
  const { method, url, headers, body } = server.requests.at(-1) ?? assert.fail();
  const tags = ["If-Match", "If-None-Match"].flatMap((name) => (headers.has(name) ? [`${name}: ${headers.get(name)}`] : []));
  return [`${method} ${url.pathname.replace("/api", "")}${url.search}`, ...tags, ...(body ? [JSON.stringify(body)] : [])].join(" ");
}

test("every load asks the server, and nothing of it is kept", async () => {
  const { server, client, browser } = world();
  server.save(CONFIG);
  for (let turn = 0; turn < 2; turn += 1) assert.deepEqual(await client.load("p"), { config: CONFIG, version: 1, updatedAt: MOMENT, updatedBy: null });
  server.save(titled("theirs"));
  assert.equal((await client.load("p")).version, 2);
  assert.deepEqual(server.requests.map(({ headers }) => headers.get("If-None-Match")), [null, null, null]);
  server.instead = Array(4).fill(new TypeError("fetch failed"));
  const loading = client.load("p");
  loading.catch(() => {});
  for (let attempt = 0; attempt < 4; attempt += 1) await settled().then(() => browser.advance(60_000));
  await assert.rejects(loading, { code: "network" });
});

test("a save names the version that it replaces, and a conflict carries the current config", async () => {
  const { server, client } = world();
  await client.save("p", CONFIG, { create: true, source: "import", message: "first" });
  assert.equal(line(server), `PUT /projects/p/config?source=import&message=first If-None-Match: * ${JSON.stringify(CONFIG)}`);
  await assert.rejects(client.save("p", titled("mine"), { ifMatch: 0 }), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.deepEqual([error.currentVersion, error.current], [1, CONFIG]);
    return true;
  });
});

test("after a refused save the next load shows what the server has", async () => {
  const { server, client } = world();
  server.save(CONFIG);
  await client.load("p");
  server.save(titled("theirs"));
  await assert.rejects(client.save("p", titled("mine"), { ifMatch: 1 }), { status: 412 });
  assert.deepEqual(await client.load("p"), { config: titled("theirs"), version: 2, updatedAt: MOMENT, updatedBy: null });
});

test("a repeated save carries the same key, so that it takes effect once", async () => {
  const { server, browser, client } = world();
  server.save(CONFIG);
  server.instead = [server.lose];
  const saving = client.save("p", titled("mine"), { ifMatch: 1 });
  await settled();
  await browser.advance(60_000);
  assert.equal((await saving).version, 2);
  const keys = server.made("PUT").map(({ headers }) => headers.get("Idempotency-Key"));
  assert.ok(keys[0]);
  assert.deepEqual(keys, [keys[0], keys[0]]);
});

/** @type {[string, (client: import("../dist/index.js").DashboardClient) => Promise<unknown>, string][]} */
const CALLS = [
  ["a merge on request", (client) => client.save("p", CONFIG, { ifMatch: 3, merge: true }), `PUT /projects/p/config?onConflict=merge If-Match: "3" ${JSON.stringify(CONFIG)}`],
  ["a merge patch", (client) => client.patch("a/b", { theme: null }, { ifMatch: 3 }), 'PATCH /projects/a%2Fb/config If-Match: "3" {"theme":null}'],
  ["a deletion", (client) => client.remove("p", { ifMatch: "*" }), "DELETE /projects/p/config If-Match: *"],
  ["the history", (client) => client.history("p", { limit: 2, cursor: "c" }), "GET /projects/p/config/versions?limit=2&cursor=c"],
  ["a version", (client) => client.version("p", 2), "GET /projects/p/config/versions/2"],
  ["a version's name", (client) => client.nameVersion("p", 2, "Before the review"), 'PATCH /projects/p/config/versions/2 {"name":"Before the review"}'],
  ["a version without its name", (client) => client.drafts("s").nameVersion("p", 2, null), 'PATCH /projects/p/config/versions/2?sessionId=s {"name":null}'],
  ["a removal from history", (client) => client.deleteVersion("p", 2), "DELETE /projects/p/config/versions/2"],
  ["a comparison", (client) => client.diff("p", 1, 2), "GET /projects/p/config/versions/1/diff/2"],
  ["a restore", (client) => client.restore("p", 1, { ifMatch: 2, message: "back" }), 'POST /projects/p/config/versions/1/restore?message=back If-Match: "2"'],
  ["an undo of a version", (client) => client.undoVersion("p", 2, { message: "no" }), "POST /projects/p/config/versions/2/undo?message=no"],
  ["an undo of the newest version alone", (client) => client.undoVersion("p", 2, { ifMatch: 2 }), 'POST /projects/p/config/versions/2/undo If-Match: "2"'],
  ["a draft", (client) => client.drafts("s").load("p"), "GET /projects/p/config?sessionId=s"],
  ["the projects", (client) => client.projects.list({ limit: 5 }), "GET /projects?limit=5"],
  ["the deleted projects", (client) => client.projects.deleted(), "GET /projects?scope=deleted"],
  ["a page of deleted projects", (client) => client.projects.deleted({ limit: 5, cursor: "c" }), "GET /projects?scope=deleted&limit=5&cursor=c"],
  ["a copy of a project", (client) => client.projects.create({ copyOf: "b~q", id: "p" }), 'POST /projects {"id":"p","copyOf":"b~q"}'],
  ["a project", (client) => client.projects.get("p"), "GET /projects/p"],
  ["a project's change", (client) => client.projects.update("p", { name: "n" }, { ifMatch: 1 }), 'PATCH /projects/p If-Match: "1" {"name":"n"}'],
  ["a project's deletion", (client) => client.projects.remove("p"), "DELETE /projects/p"],
  ["a project's return", (client) => client.projects.restore("p"), "POST /projects/p/restore"],
  ["a table", (client) => client.data.load("p", { include: ["rawData", "dataSchema"] }), "GET /projects/p/data?include=rawData%2CdataSchema"],
  ["a page of rows", (client) => client.data.load("p", { rows: [0, 999] }), "GET /projects/p/data?rows=0-999"],
  ["a page of an older table", (client) => client.data.version("p", 2, { rows: [1_000, 1_999] }), "GET /projects/p/data/versions/2?rows=1000-1999"],
  ["a change of the schema", (client) => client.data.saveSchema("p", { a: { type: "number" } }, { ifMatch: 3 }), 'PUT /projects/p/data/schema If-Match: "3" {"columns":{"a":{"type":"number"}}}'],
  ["an analysis", (client) => client.data.saveAnalysis("p", { a: 1 }, { ifMatch: '"3.1"' }), 'PUT /projects/p/data/analysis If-Match: "3.1" {"analysis":{"a":1}}'],
  ["the limits", (client) => client.limits(), "GET /limits"],
  ["the flags", (client) => client.flags(), "GET /flags"],
];
for (const [what, call, request] of CALLS) {
  test(`${what}: ${request}`, async () => {
    const { server, client } = world();
    server.instead = [() => Response.json({ version: 4 }, { headers: { ETag: '"4"' } })];
    await call(client);
    assert.equal(line(server), request);
  });
}

test("rows at a separate URL are fetched without the token", async () => {
  const { server, client } = world();
  server.instead = [() => Response.json({ rawData: null, rawDataUrl: "https://bucket.example/rows", version: 1 }), () => Response.json([{ a: 1 }])];
  assert.deepEqual(await client.data.load("p"), { rawData: [{ a: 1 }], version: 1 });
  assert.equal(server.requests[1]?.headers.get("Authorization"), null);
  server.instead = [() => Response.json({ rawData: null, rawDataUrl: "https://bucket.example/rows", version: 1 }), () => new Response("<Error/>", { status: 403 })];
  await assert.rejects(client.data.load("p"), { code: "download-refused", status: 403 });
});

test("a file goes straight to the bucket, behind the form's fields and without the token, and becomes the table", async () => {
  const server = new Server();
  /** @type {{ url: string, request: any }[]} */
  const asked = [];
  const answers = [Response.json({ uploadId: "u1", url: "https://bucket.example/", fields: { key: "k", policy: "p" } }), new Response(null, { status: 204 }), Response.json({ success: true, version: 2 })];
  server.fetch = async (/** @type {string} */ url, /** @type {any} */ request) => (asked.push({ url, request }), answers.shift());
  const { client } = world({ server });
  assert.equal((await client.data.uploadFile("p", new File(["a;b"], "table.csv"), { ifMatch: 1 })).version, 2);
  assert.deepEqual(asked.map(({ url }) => url), ["https://api.example.com/api/projects/p/data/uploads", "https://bucket.example/", "https://api.example.com/api/projects/p/data/uploads/u1/complete"]);
  const [announced, posted, completed] = asked.map(({ request }) => request);
  assert.deepEqual(JSON.parse(announced.body), { fileName: "table.csv", contentType: "text/csv", bytes: 3 });
  assert.deepEqual([[...posted.body.keys()], posted.headers], [["key", "policy", "file"], undefined]);
  assert.equal(completed.headers["If-Match"], '"1"');
});

test("a refused upload says so", async () => {
  const { server, client } = world();
  server.instead = [() => problem(413, "upload-too-large")];
  await assert.rejects(client.data.uploadFile("p", new File(["x"], "t.ndjson")), { code: "upload-too-large" });
  assert.deepEqual(server.requests[0]?.body, { fileName: "t.ndjson", contentType: "application/x-ndjson", bytes: 1 });
});
