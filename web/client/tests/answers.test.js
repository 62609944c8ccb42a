/** Tokens that cannot be had, answers that are not of this API, and answers that never arrive. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { held, history, opened, title } from "./opened.js";
import { CONFIG, MOMENT, problem, Server, settled, titled, token, world } from "./support.js";

/** A token that can be had or not. */
function fickle() {
  const auth = { fails: false };
  const getToken = async () => {
    if (auth.fails) throw new Error("The issuer is out of reach.");
    return token("user-1");
  };
  return { auth, getToken };
}

test("without a token the copy is shown, the state says why, and loading is tried again by itself", async () => {
  const { auth, getToken } = fickle();
  const { server, browser } = await opened({ getToken });
  auth.fails = true;
  const { client } = world({ server, browser, getToken });
  const document = client.open("p");
  await assert.rejects(document.load(), { code: "token" });
  assert.deepEqual([document.state.status, document.state.error?.code, document.state.config, document.state.origin], ["failed", "token", CONFIG, "cache"]);
  await assert.rejects(document.load(), { code: "token" });
  auth.fails = false;
  await browser.advance(60_000);
  assert.deepEqual([document.state.status, document.state.origin, document.state.error], ["clean", "network", null]);
});

test("an automatic save without a token keeps the edit, says so, and is repeated by itself", async () => {
  const { auth, getToken } = fickle();
  const { server, browser, document } = await opened({ getToken, autosave: true });
  auth.fails = true;
  document.edit(titled("mine"));
  await settled();
  await browser.advance(1_500);
  assert.deepEqual([document.state.status, document.state.error?.code, document.state.isKept, title(document)], ["failed", "token", true, "mine"]);
  await browser.advance(60_000);
  assert.equal(document.state.error?.code, "token");
  auth.fails = false;
  await browser.advance(60_000);
  assert.deepEqual([document.state.status, history(server)], ["clean", [CONFIG, titled("mine")]]);
});

for (const kind of /** @type {const} */ (["online", "shown"])) {
  test(`a missing token is requested again when the page is ${kind}`, async () => {
    const { auth, getToken } = fickle();
    const { tab, document } = await opened({ getToken });
    auth.fails = true;
    document.edit(titled("mine"));
    await assert.rejects(document.save(), { code: "token" });
    auth.fails = false;
    await tab.happens(kind);
    assert.equal(document.state.status, "clean");
  });
}

test("a token is requested once per open and once per save", async () => {
  let count = 0;
  const { document } = await opened({ getToken: async () => ((count += 1), token("user-1")) });
  assert.equal(count, 1);
  for (const name of ["one", "two"]) {
    document.edit(titled(name));
    await document.save();
    await settled();
  }
  assert.equal(count, 3);
});

test("tokens are requested one at a time, and requests at the same time share one", async () => {
  let [running, most, count] = [0, 0, 0];
  const getToken = async () => {
    count += 1;
    most = Math.max(most, (running += 1));
    await settled();
    running -= 1;
    return token("user-1");
  };
  const { client } = world({ getToken });
  await Promise.all(["p", "q", "r"].map((project) => client.open(project).load()));
  assert.deepEqual([most, count], [1, 1]);
});

test("nobody signed in is a state of its own, which shows nobody's copy", async () => {
  const { server, browser } = await opened();
  /** @type {string | null} */
  let text = null;
  const { client, tab } = world({ server, browser, getToken: () => text });
  const document = client.open("p");
  await assert.rejects(document.load(), { code: "signed-out" });
  assert.deepEqual([document.state.status, document.state.config], ["failed", null]);
  text = token("user-1");
  await tab.happens("shown");
  assert.deepEqual([document.state.status, document.state.config], ["clean", CONFIG]);
});

/** @type {Record<string, () => Response>} */
const strange = {
  "a sign-in page": () => new Response("<!doctype html><title>Sign in</title>", { headers: { "Content-Type": "text/html" } }),
  "a body that breaks off": () => new Response('{"config":{"chartCusto', { headers: { "Content-Type": "application/json" } }),
  "an empty body": () => new Response("", { headers: { ETag: '"9"' } }),
  "JSON of another service": () => Response.json({ message: "hello" }),
};
for (const [what, answer] of Object.entries(strange)) {
  test(`${what} instead of an answer changes nothing, is named, and is asked for again`, async () => {
    const { server, browser, document } = await opened();
    server.instead = [answer, answer];
    await assert.rejects(document.refresh(), { code: "unreadable" });
    assert.deepEqual([document.state.status, document.state.config, document.state.version], ["failed", CONFIG, 1]);
    document.edit(titled("mine"));
    await assert.rejects(document.save(), { code: "unreadable" });
    assert.deepEqual([document.state.status, title(document), document.state.isKept], ["failed", "mine", true]);
    await browser.advance(60_000);
    assert.deepEqual([document.state.status, server.config], ["clean", titled("mine")]);
  });
}

for (const status of [403, 412]) {
  test(`a ${status} from something other than this API is no conflict, and keeps the edits`, async () => {
    const { server, document } = await opened();
    server.instead = [() => new Response("<h1>No</h1>", { status, headers: { "Content-Type": "text/html" } })];
    document.edit(titled("mine"));
    await assert.rejects(document.save(), { status, code: `http-${status}` });
    await settled();
    assert.deepEqual([document.state.status, document.state.conflict, document.state.isKept, title(document)], ["failed", null, true, "mine"]);
    await document.save();
    assert.deepEqual([document.state.status, server.config], ["clean", titled("mine")]);
  });
}

test("a session that has ended for good says that one has to sign in, and keeps the edits", async () => {
  const { server, browser, document } = await opened();
  server.instead = Array(4).fill(() => problem(401, "unauthorized"));
  document.edit(titled("mine"));
  await assert.rejects(document.save(), { status: 401, code: "unauthorized" });
  assert.match(document.state.error?.message ?? "", /Sign in again/);
  assert.deepEqual([document.state.status, document.state.isKept], ["failed", true]);
  await browser.advance(60_000);
  await browser.advance(60_000);
  assert.deepEqual([document.state.status, server.config], ["clean", titled("mine")]);
});

test("the refusal of a save names the chart and the reason in words", async () => {
  const { server, document } = await opened();
  const refused = { detail: "The config is invalid.", errors: [{ pointer: "/chartCustomizations/c1/position/x", message: "This must be an integer." }] };
  server.instead = [() => problem(422, "invalid-config", refused)];
  document.edit(titled("mine"));
  await assert.rejects(document.save(), { message: "The config is invalid. chart “c1”, position/x: This must be an integer." });
  assert.equal(document.state.error?.message, "The config is invalid. chart “c1”, position/x: This must be an integer.");
  document.edit(titled("better"));
  await document.save();
  assert.deepEqual([history(server), document.state.error], [[CONFIG, titled("better")], null]);
});

// --- lost answers ---

test("an answer that was lost is no conflict with oneself", async () => {
  const { server, browser, document } = await opened({ autosave: true });
  server.instead = [server.lose];
  document.edit(titled("one"));
  await settled();
  await browser.advance(1_500);
  assert.equal(document.state.status, "offline");
  document.edit(titled("two"));
  await browser.advance(60_000);
  await browser.advance(60_000);
  assert.deepEqual([history(server), document.state.status], [[CONFIG, titled("one"), titled("two")], "clean"]);
});

test("a colleague's revert of a save whose answer was lost stands", async () => {
  const { server, browser, document } = await opened();
  server.instead = [server.lose];
  document.edit(titled("mine"));
  await assert.rejects(document.save(), { code: "network" });
  server.save(CONFIG);
  await browser.advance(60_000);
  assert.deepEqual([history(server), document.state.config, document.state.version, document.state.status], [[CONFIG, titled("mine"), CONFIG], CONFIG, 3, "clean"]);
});

test("a discard while a save is unanswered takes it back once its outcome is known", async () => {
  const { server, browser, document } = await opened();
  server.instead = [server.lose];
  document.edit(titled("mine"));
  await assert.rejects(document.save(), { code: "network" });
  document.discard();
  await browser.advance(60_000);
  await browser.advance(60_000);
  assert.deepEqual([server.config, document.state.config, document.state.status], [CONFIG, CONFIG, "clean"]);
});

test("a discard of a first save whose answer was lost leaves the project without a config", async () => {
  const { server, browser, document } = await opened({ server: new Server() });
  server.instead = [server.lose];
  document.edit(titled("mine"));
  await assert.rejects(document.save(), { code: "network" });
  document.discard();
  await browser.advance(60_000);
  await browser.advance(60_000);
  assert.deepEqual([history(server), document.state.config, document.state.status], [[titled("mine"), null], null, "clean"]);
});

test("a request that is not answered within the time limit counts as offline and is repeated", async (t) => {
  const alive = setInterval(() => {}, 1_000);
  t.after(() => clearInterval(alive));
  const { server, browser, document } = await opened({ timeout: 20 });
  server.instead = [() => new Promise(() => {})];
  document.edit(titled("mine"));
  await assert.rejects(document.save(), { code: "timeout" });
  assert.equal(document.state.status, "offline");
  await browser.advance(60_000);
  assert.deepEqual([server.config, document.state.status], [titled("mine"), "clean"]);
});

test("a caller may stop waiting for a save, which goes on", async () => {
  const { server, document } = await opened();
  const { gone, go } = held();
  server.instead = [() => gone];
  document.edit(titled("mine"));
  const controller = new AbortController();
  const saving = document.save({ signal: controller.signal });
  controller.abort(new Error("not needed"));
  await assert.rejects(saving, { message: "not needed" });
  go();
  await settled();
  assert.deepEqual([server.config, document.state.status], [titled("mine"), "clean"]);
});

test("a proxy's weak or altered tag and an answer without a tag lead to the version", async () => {
  for (const tag of ['W/"2"', '"2-gzip"', undefined]) {
    const { server, document } = await opened();
    const headers = tag === undefined ? {} : { ETag: tag };
    server.instead = [() => (server.save(titled("theirs")), Response.json({ config: titled("theirs"), version: 2, updatedAt: MOMENT }, { headers }))];
    assert.equal((await document.refresh()).version, 2);
    document.edit(titled("mine"));
    await document.save();
    assert.equal(server.made("PATCH")[0]?.headers.get("If-Match"), '"2"');
  }
  const { server, client } = await opened();
  for (const tag of ['W/"2"', '"2-gzip"', '"2"']) {
    server.instead = [() => new Response(null, { status: 204, headers: { ETag: tag } })];
    assert.equal(await client.remove("p", { ifMatch: 1 }), 2);
  }
});
