/** Projects that others own: access that ends and comes back, roles that change, and who saved what. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ConflictError } from "../dist/index.js";
import { browserStorage } from "../dist/storage.js";
import { charted, history, opened, title } from "./opened.js";
import { Browser, CONFIG, MOMENT, problem, Server, settled, titled, world } from "./support.js";

const GONE = "The dashboard was deleted, or is no longer shared with you.";
const KEPT = "Unsaved edits stay in this browser.";
const VIEWER = "You may view this project, but only its editors may do this.";
const THEM = "Vq3uYkR0mS9pT2xL8nB4wA";

/** The requests made since. @param {Server} server */
const asked = (server) => server.requests.splice(0).map(({ method }) => method);

/** The copies and edits in a browser, by project and session. @param {Browser} browser @param {string} [project] */
async function stored(browser, project = "p") {
  const storage = browserStorage(browser.database);
  const keys = ["", "s"].map((session) => ["https://api.example.com", "user-1", `${Buffer.from("user-1").toString("base64url")}~${project}`, session]);
  return { copies: await Promise.all(keys.map(async (key) => (await storage.copy(key)) !== null)), slots: (await storage.slots(["https://api.example.com", "user-1"])).length };
}

/** Let much time pass. @param {Browser} browser */
async function later(browser) {
  for (let turn = 0; turn < 5; turn += 1) await browser.advance(600_000);
}

for (const what of /** @type {const} */ (["load", "save"])) {
  test(`when access ends, which a ${what} finds out, unsaved edits are kept and the state says so; nothing is asked again until the page is shown, and then they are saved`, async () => {
    const { server, browser, tab, document } = await opened({ autosave: true });
    server.access = "none";
    document.edit(titled("mine"));
    await assert.rejects(document[what](), { status: 404, code: "not-found", message: `${GONE} ${KEPT}` });
    await settled();
    asked(server);
    await later(browser);
    const known = { ...document.state };
    assert.deepEqual([known.status, known.error?.code, known.error?.message, known.isDirty, known.isKept, title(document)], ["failed", "not-found", `${GONE} ${KEPT}`, true, true, "mine"]);
    // The timer of the edit may try once more.
    assert.deepEqual(asked(server), what === "load" ? ["PATCH"] : []);
    await tab.happens("shown");
    assert.deepEqual([asked(server).length, document.state.error?.code], [1, "not-found"]);
    server.access = "owner";
    await tab.happens("shown");
    await later(browser);
    assert.deepEqual([document.state.status, document.state.error, history(server)], ["clean", null, [CONFIG, titled("mine")]]);
  });
}

test("load() asks again, and goes on by itself if access is back", async () => {
  const { server, browser, document } = await opened({ autosave: true });
  server.access = "none";
  document.edit(titled("mine"));
  await assert.rejects(document.save(), { code: "not-found" });
  server.access = "owner";
  await document.load();
  await later(browser);
  assert.deepEqual([document.state.status, history(server)], ["clean", [CONFIG, titled("mine")]]);
});

test("an edit after access has ended tries once, and the state says all along what is wrong", async () => {
  const { server, browser, document } = await opened({ autosave: true });
  server.access = "none";
  await assert.rejects(document.load(), { message: GONE });
  asked(server);
  const codes = /** @type {unknown[]} */ ([]);
  document.subscribe(({ error }) => codes.push(error?.code));
  document.edit(titled("mine"));
  await later(browser);
  assert.deepEqual([asked(server), new Set(codes)], [["PATCH"], new Set(["not-found"])]);
  assert.deepEqual([document.state.error?.message, document.state.isKept], [`${GONE} ${KEPT}`, true]);
});

test("without edits the state says only that the dashboard is gone, and the page still shows what it had", async () => {
  const { server, tab, document } = await opened();
  server.access = "none";
  await tab.happens("shown");
  assert.deepEqual([document.state.status, document.state.error?.message, document.state.config], ["failed", GONE, CONFIG]);
  server.access = "viewer";
  await tab.happens("shown");
  assert.deepEqual([document.state.status, document.state.error], ["clean", null]);
});

test("a discard leaves nothing to save, but gives no access", async () => {
  const { server, document } = await opened();
  server.access = "none";
  document.edit(titled("mine"));
  await assert.rejects(document.save(), { code: "not-found" });
  document.discard();
  assert.deepEqual([document.state.isDirty, document.state.error?.code], [false, "not-found"]);
});

test("without storage the state does not claim that edits are kept", async () => {
  const { server, document } = await opened({ storage: null });
  server.access = "none";
  document.edit(titled("mine"));
  await assert.rejects(document.save(), { message: GONE });
  assert.deepEqual([document.state.isKept, title(document)], [false, "mine"]);
});

test("a project that was never there has the server's words, and appears once it is there", async () => {
  const { server, client, tab } = world();
  server.access = "none";
  const document = client.open("p");
  await assert.rejects(document.load(), { code: "not-found", message: "You have no such project." });
  server.access = "owner";
  server.save(CONFIG);
  await tab.happens("shown");
  assert.deepEqual([document.state.status, document.state.config], ["clean", CONFIG]);
});

test("the copies of a project that is gone go too, drafts' included; its unsaved edits stay, and the next page shows them", async () => {
  const made = await opened();
  const { server, browser, client, document } = made;
  const draft = client.open("p", { sessionId: "s", autosave: false });
  await draft.load();
  const other = await opened({ server, browser, project: "q" });
  await settled();
  document.edit(titled("mine"));
  await settled();
  assert.deepEqual(await stored(browser), { copies: [true, true], slots: 1 });
  server.access = "none";
  await assert.rejects(document.save(), { code: "not-found" });
  await settled();
  assert.deepEqual(await stored(browser), { copies: [false, false], slots: 1 });
  assert.deepEqual((await stored(browser, "q")).copies, [true, false]);
  made.tab.kill();
  other.tab.kill();
  const next = world({ server, browser }).client.open("p");
  await assert.rejects(next.load(), { message: `${GONE} ${KEPT}` });
  assert.deepEqual([title(next), next.state.isKept, next.state.status], ["mine", true, "failed"]);
  server.access = "owner";
  await next.load();
  await next.save();
  assert.deepEqual([next.state.status, history(server)], ["clean", [CONFIG, titled("mine")]]);
});

for (const call of /** @type {const} */ (["load", "get"])) {
  test(`the direct call ${call} drops the copies of a project that is not there, and keeps edits; its open documents notice`, async () => {
    const { server, browser, client, document } = await opened();
    await opened({ server, browser, sessionId: "s" });
    await settled();
    server.access = "none";
    await assert.rejects(call === "load" ? client.load("p") : client.projects.get("p"), { code: "not-found", message: "You have no such project." });
    await settled();
    assert.deepEqual((await stored(browser)).copies, [false, false]);
    assert.equal(document.state.error?.code, "not-found");
  });
}

test("a version that is not there drops no copy", async () => {
  const { browser, client } = await opened();
  await settled();
  await assert.rejects(client.version("p", 7), { code: "not-found" });
  assert.deepEqual((await stored(browser)).copies, [true, false]);
});

test("a viewer's edit is kept, the state says why it is not saved, and it is saved once the role is raised", async () => {
  const { server, browser, tab, document } = await opened({ autosave: true });
  server.access = "viewer";
  document.edit(titled("mine"));
  await later(browser);
  asked(server);
  await later(browser);
  const { status, error, isKept } = document.state;
  assert.deepEqual([status, error?.code, error?.message, isKept, title(document)], ["failed", "forbidden", `${VIEWER} ${KEPT}`, true, "mine"]);
  assert.deepEqual(asked(server), []);
  assert.deepEqual((await stored(browser)).copies, [true, false]);
  server.access = "owner";
  await tab.happens("shown");
  assert.deepEqual([document.state.status, history(server)], ["clean", [CONFIG, titled("mine")]]);
});

test("a viewer who becomes an editor saves with the next edit, or when asked", async () => {
  for (const next of [(/** @type {any} */ document) => document.edit(charted("c2", {})), (/** @type {any} */ document) => void document.save()]) {
    const { server, browser, document } = await opened({ autosave: true });
    server.access = "viewer";
    document.edit(titled("mine"));
    await assert.rejects(document.save(), { code: "forbidden" });
    server.access = "owner";
    next(document);
    await later(browser);
    assert.deepEqual([document.state.status, title({ state: { config: server.config } })], ["clean", "mine"]);
  }
});

test("a viewer who takes the edit back, by hand or with a discard, has nothing to save, and nothing is wrong any more", async () => {
  for (const back of [(/** @type {any} */ document) => document.discard(), (/** @type {any} */ document) => document.edit(CONFIG)]) {
    const { server, document } = await opened();
    server.access = "viewer";
    document.edit(titled("mine"));
    await assert.rejects(document.save(), { code: "forbidden" });
    back(document);
    assert.deepEqual([document.state.status, document.state.error], ["clean", null]);
  }
});

test("a save whose answer was lost before access ended is repeated with its key once access is back, and a revert of it stands", async () => {
  const { server, browser, tab, document } = await opened({ autosave: true });
  server.instead = [server.lose];
  document.edit(titled("mine"));
  await assert.rejects(document.save(), { code: "network" });
  server.access = "none";
  server.save(CONFIG);
  await browser.advance(60_000);
  assert.equal(document.state.error?.code, "not-found");
  server.access = "owner";
  await tab.happens("shown");
  await later(browser);
  const keys = server.made("PATCH").map(({ headers }) => headers.get("Idempotency-Key"));
  assert.equal(new Set(keys).size, 1);
  assert.deepEqual([document.state.status, document.state.config, history(server)], ["clean", CONFIG, [CONFIG, titled("mine"), CONFIG]]);
});

// --- who saved ---

test("the state says who saved the version shown, also from a copy, and null if that is not known", async () => {
  const { server, browser, document } = await opened();
  assert.equal(document.state.updatedBy, null);
  server.save(titled("theirs"), THEM);
  await document.refresh();
  assert.equal(document.state.updatedBy, THEM);
  await settled();
  const again = world({ server, browser }).client.open("p");
  await again.load();
  assert.deepEqual([again.state.updatedBy, again.state.version, server.requests.at(-1)?.headers.get("If-None-Match")], [THEM, 2, '"2"']);
});

test("a conflict names who saved the other side, and so does its error", async () => {
  const { server, document } = await opened();
  server.save(titled("theirs"), THEM);
  document.edit(titled("mine"));
  await assert.rejects(document.save(), (error) => error instanceof ConflictError && error.updatedBy === THEM);
  assert.equal(document.state.conflict?.updatedBy, THEM);
  await assert.rejects(document.save(), (error) => error instanceof ConflictError && error.updatedBy === THEM);
  document.discard();
  assert.deepEqual([title(document), document.state.updatedBy], ["theirs", THEM]);
});

test("the calls say who saved a version, and a conflict's error whose is the newest", async () => {
  const { server, client } = world();
  server.save(CONFIG, THEM);
  assert.equal((await client.load("p")).updatedBy, THEM);
  server.instead = [() => Response.json({ config: CONFIG, version: 1, updatedAt: MOMENT }, { headers: { "Updated-By": THEM } })];
  assert.equal((await client.version("p", 1)).updatedBy, THEM);
  server.instead = [() => problem(412, "version-conflict", { currentVersion: 1, updatedBy: { id: THEM } }), () => problem(412, "version-conflict", { currentVersion: 1 })];
  await assert.rejects(client.save("p", CONFIG, { ifMatch: 0 }), { updatedBy: THEM });
  await assert.rejects(client.save("p", CONFIG, { ifMatch: 0 }), { updatedBy: null });
});
