/** A file on its way to the bucket, and what is wrong with it in words. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createDashboardClient } from "../dist/index.js";
import { problem, token, world } from "./support.js";

const FORM = { uploadId: "u1", url: "https://bucket.example/", fields: { key: "k", policy: "p" } };
const SAVED = { success: true, version: 4 };
const BYTES = 1_000;

/** The browser's `XMLHttpRequest`, as far as a form is sent with it; `end` is what happens to it. */
class FakeRequest {
  /** @type {FakeRequest[]} */
  static made = [];
  /** @type {(request: FakeRequest) => void} */
  static end = () => {};
  /** @type {{ onprogress?: (event: { loaded: number, timeStamp: number }) => void }} */
  upload = {};
  status = 0;
  isAborted = false;
  /** @type {string[]} */
  line = [];
  /** @type {any} */
  body = null;
  onload = () => {};
  onerror = () => {};
  /** @param {string[]} line */
  open(...line) {
    this.line = line;
  }
  /** @param {any} body */
  send(body) {
    this.body = body;
    FakeRequest.made.push(this);
    queueMicrotask(() => FakeRequest.end(this));
  }
  abort() {
    this.isAborted = true;
  }
  /** @param {number} loaded @param {number} timeStamp in milliseconds */
  sends(loaded, timeStamp) {
    this.upload.onprogress?.({ loaded, timeStamp });
  }
  /** @param {number} status */
  answers(status) {
    this.status = status;
    this.onload();
  }
}

/** A client without a `fetch` of its own in a browser, and the requests that go through the browser's. @param {import("node:test").TestContext} t */
function browser(t) {
  /** @type {string[]} */
  const fetched = [];
  t.mock.method(globalThis, "fetch", async (/** @type {string} */ url) => {
    fetched.push(new URL(url).pathname.replace("/api/projects/p/data", ""));
    return Response.json(url.endsWith("/uploads") ? FORM : SAVED, { status: 201 });
  });
  FakeRequest.made = [];
  Object.assign(globalThis, { XMLHttpRequest: FakeRequest });
  t.after(() => Reflect.deleteProperty(globalThis, "XMLHttpRequest"));
  return { fetched, data: createDashboardClient({ baseUrl: "https://api.example.com", getToken: () => token("user-1"), storage: null }).data };
}

const file = () => new File(["x".repeat(BYTES)], "t.csv");

test("the form is sent by an XMLHttpRequest, which says how many of the file's bytes are sent, at most ten times a second", async (t) => {
  const { fetched, data } = browser(t);
  FakeRequest.end = (request) => {
    for (const [loaded, at] of /** @type {const} */ ([[10, 0], [20, 50], [99, 99], [400, 100], [500, 150], [900, 200], [1_200, 310]])) request.sends(loaded, at);
    request.answers(204);
  };
  /** @type {any[]} */
  const told = [];
  assert.deepEqual(await data.uploadFile("p", file(), { onProgress: (progress) => told.push(progress) }), SAVED);
  assert.deepEqual(fetched, ["/uploads", "/uploads/u1/complete"]);
  const [request] = FakeRequest.made;
  assert.deepEqual([FakeRequest.made.length, request?.line, [...request?.body.keys()]], [1, ["POST", FORM.url], ["key", "policy", "file"]]);
  const report = (/** @type {string} */ stage, /** @type {number} */ bytesSent) => ({ stage, uploadId: "u1", bytesSent, bytesRead: 0, bytes: BYTES });
  assert.deepEqual(told, [...[0, 10, 400, 900, BYTES].map((bytes) => report("sending", bytes)), report("reading", BYTES)]);
});

/** @type {[string, (request: FakeRequest) => void, any][]} */
const FAILURES = [
  ["a lost connection", (request) => request.onerror(), { code: "network", status: 0 }],
  ["a refusal of the storage", (request) => request.answers(403), { code: "upload-refused", status: 403, message: "The storage rejected the file." }],
];
for (const [what, end, error] of FAILURES) {
  test(`${what} rejects with the error that it has with fetch`, async (t) => {
    const { fetched, data } = browser(t);
    FakeRequest.end = end;
    await assert.rejects(data.uploadFile("p", file()), error);
    assert.deepEqual(fetched, ["/uploads"]);
  });
}

test("an abort ends the request with the signal's reason", async (t) => {
  const { fetched, data } = browser(t);
  const controller = new AbortController();
  FakeRequest.end = () => controller.abort(new Error("enough"));
  await assert.rejects(data.uploadFile("p", file(), { signal: controller.signal }), { message: "enough" });
  assert.deepEqual([FakeRequest.made.map(({ isAborted }) => isAborted), fetched], [[true], ["/uploads"]]);
});

test("an application's own fetch sends the form, also in a browser", async (t) => {
  browser(t);
  const answers = [Response.json(FORM), new Response(null, { status: 204 }), Response.json(SAVED)];
  const { client } = world({ server: /** @type {any} */ ({ fetch: async () => answers.shift() }) });
  assert.deepEqual(await client.data.uploadFile("p", file()), SAVED);
  assert.equal(FakeRequest.made.length, 0);
});

/** What is wrong, as the server says it; and how a message says it. @type {[string, string, string][]} */
const PLACES = [
  ["/420000/Price", "This cell has more than 1000 characters.", "Row 420,001, column “Price”: This cell has more than 1000 characters."],
  ["/rawData/3/Price", "This cell has more than 1000 characters.", "Row 4, column “Price”: This cell has more than 1000 characters."],
  ["/420000/Price", 'Row 420001, column 3 ("Price"): This text cannot be read as number.', "Row 420,001, column “Price”: This text cannot be read as number."],
  ["/0/a~1b: ~0\"", 'Row 1, column 2 ("a/b: ~\\""): This text cannot be read as date.', 'Row 1, column “a/b: ~"”: This text cannot be read as date.'],
  ["/2", "Row 3, column 4: The row must have as many cells as the header.", "Row 3, column 4: The row must have as many cells as the header."],
  ["/2", "Row 3: The row is longer than 4000000 characters.", "Row 3: The row is longer than 4000000 characters."],
  ["/7", "This must be an object.", "Row 8: This must be an object."],
  ["/3/", "This cell has more than 1000 characters.", "Row 4, column “”: This cell has more than 1000 characters."],
  ["/columns/region", 'Row 1200: "EU" cannot be read as integer.', 'Row 1,200, column “region”: "EU" cannot be read as integer.'],
  ["/columns/income/format", "There is no such format.", "Column “income”: There is no such format."],
  ["/columns", "This is longer than 100000 bytes.", "This is longer than 100000 bytes."],
  ["/rawData", "A table must have at least one column.", "A table must have at least one column."],
  ["", 'Header, column 2 ("a"): An earlier column is also named "a".', 'Header, column 2 ("a"): An earlier column is also named "a".'],
  ["/chartCustomizations/c1/title", "This must be a string.", "chart “c1”, title: This must be a string."],
  ["/fileName", "This must not be empty.", "fileName: This must not be empty."],
  ["If-Match", "This must be a version.", "If-Match: This must be a version."],
];
test("an error names rows and columns as the table shows them, never by a pointer, and its problem stays as it is", async () => {
  const { server, client } = world();
  for (const [pointer, message, words] of PLACES) {
    const errors = [{ pointer, message }];
    server.instead = [() => problem(422, "invalid-data", { detail: "It is not a table.", errors })];
    /** @type {any} */
    const error = await client.data.completeUpload("p", "u1").catch((rejected) => rejected);
    assert.deepEqual([error.message, error.problem.errors], [`It is not a table. ${words}`, errors]);
  }
});

test("a message names five places, and says when there are more", async () => {
  const { server, client } = world();
  for (const [count, end] of /** @type {const} */ ([[5, "Row 5: Odd."], [6, "Row 5: Odd. And more."]])) {
    const errors = Array.from({ length: count }, (_, row) => ({ pointer: `/rawData/${row}`, message: "Odd." }));
    server.instead = [() => problem(422, "invalid-data", { detail: "No.", errors })];
    await assert.rejects(client.data.upload("p", /** @type {any} */ ({})), { message: `No. Row 1: Odd. Row 2: Odd. Row 3: Odd. Row 4: Odd. ${end}` });
  }
});

test("a file with a header and no rows is refused in the server's words", async () => {
  const { server, client } = world();
  server.instead = [() => problem(422, "invalid-data", { detail: "This file has a header but no rows." })];
  await assert.rejects(client.data.completeUpload("p", "u1"), { message: "This file has a header but no rows." });
});
