/** Which projects have edits in this browser that the server has not acknowledged. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { charted, killedUnanswered, opened, setting } from "./opened.js";
import { CONFIG, settled, titled, world } from "./support.js";

/** The address of a project of a user. @param {string} project */
const address = (project, user = "user-1") => `${Buffer.from(user).toString("base64url")}~${project}`;

/** Another page of the same browser. @param {any} made @param {any} [options] */
const elsewhere = ({ server, browser }, options) => world({ server, browser, ...options }).client.projects;

test("a project has unsaved edits from the edit on until the server has acknowledged it, in every tab", async () => {
  const made = await opened();
  const { client, document } = made;
  assert.deepEqual(await client.projects.unsaved(), []);
  document.edit(titled("mine"));
  await settled();
  assert.deepEqual([await client.projects.unsaved(), await elsewhere(made).unsaved()], [[address("p")], [address("p")]]);
  await document.save();
  assert.deepEqual([await client.projects.unsaved(), await elsewhere(made).unsaved()], [[], []]);
});

test("edits that were edited back or discarded, and corrections, are nothing unsaved", async () => {
  const { client, document } = await opened();
  for (const revert of [() => document.edit(CONFIG), () => document.discard()]) {
    document.edit(titled("mine"));
    await settled();
    revert();
    await settled();
    assert.deepEqual(await client.projects.unsaved(), []);
  }
  document.correct(setting("theme", "dark"));
  await settled();
  assert.deepEqual(await client.projects.unsaved(), []);
});

test("the edits of closed and of killed tabs count until a tab that has taken them over has saved them", async () => {
  const { server, browser, tab } = await killedUnanswered();
  const closed = await opened({ server, browser, project: "q" });
  closed.document.edit(titled("closed"));
  await settled();
  closed.document.close();
  tab.kill();
  const { client } = world({ server, browser });
  assert.deepEqual([...(await client.projects.unsaved())].sort(), [address("p"), address("q")]);
  const again = client.open("p");
  await again.load();
  await again.save();
  assert.deepEqual(await client.projects.unsaved(), [address("q")]);
});

test("drafts count for their project, which is named once", async () => {
  const made = await opened();
  const draft = made.client.open("p", { sessionId: "s", autosave: false });
  await draft.load();
  draft.edit(charted("c2", {}));
  await settled();
  assert.deepEqual(await made.client.projects.unsaved(), [address("p")]);
  made.document.edit(titled("mine"));
  await settled();
  assert.deepEqual(await made.client.projects.unsaved(), [address("p")]);
});

test("an edit that is in conflict is unsaved until the conflict is decided and saved", async () => {
  const { server, client, document } = await opened();
  server.save(titled("theirs"));
  document.edit(titled("mine"));
  await assert.rejects(document.save());
  await settled();
  assert.deepEqual(await client.projects.unsaved(), [address("p")]);
  await document.resolve(() => "mine");
  assert.deepEqual(await client.projects.unsaved(), []);
});

test("no user sees another user's, and a signed-out user gets an error", async () => {
  const made = await opened();
  made.document.edit(titled("mine"));
  await settled();
  assert.deepEqual(await elsewhere(made, { user: "user-2" }).unsaved(), []);
  await assert.rejects(elsewhere(made, { getToken: () => null }).unsaved(), { code: "signed-out" });
});

test("a project of another user has the address that it was opened with", async () => {
  const made = await opened({ project: address("shared", "user-2") });
  made.document.edit(titled("mine"));
  await settled();
  assert.deepEqual(await made.client.projects.unsaved(), [address("shared", "user-2")]);
});

test("without storage nothing is named, and no request is made", async () => {
  const { server, client, document } = await opened({ storage: null });
  document.edit(titled("mine"));
  await settled();
  const before = server.requests.length;
  assert.deepEqual(await client.projects.unsaved(), []);
  assert.equal(server.requests.length, before);
});

test("an abort ends the question while the token is waited for", async () => {
  const { client } = world({ getToken: () => new Promise(() => {}) });
  const controller = new AbortController();
  const asked = client.projects.unsaved({ signal: controller.signal });
  controller.abort(new Error("left"));
  await assert.rejects(asked, { message: "left" });
});
