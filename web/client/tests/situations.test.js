/**
 * What users meet: slow loads, corrections, colleagues, copies. Failures are in `answers.test.js` and `storages.test.js`,
 * several tabs in `tabs.test.js`, what older versions left in `legacy.test.js`.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { charted, held, history, opened, setting, title } from "./opened.js";
import { Browser, CONFIG, Server, settled, titled, token, world } from "./support.js";

/** @param {unknown} value */
const filter = (value) => [{ id: "f", value }];

// --- edits ---

test("a change inside a Date is an edit, compared as the JSON that is sent", async () => {
  const { server, document } = await opened();
  document.edit(setting("filters", filter(new Date(0))));
  await document.save();
  document.edit(setting("filters", filter(new Date(0))));
  assert.equal(document.state.status, "clean");
  document.edit(setting("filters", filter(new Date(1))));
  assert.equal(document.state.status, "dirty");
  await document.save();
  assert.deepEqual(server.config.filters, filter("1970-01-01T00:00:00.001Z"));
  assert.deepEqual(document.state.config, server.config);
});

const cycle = /** @type {any} */ ({});
cycle.self = cycle;
for (const [what, value, within] of /** @type {const} */ ([
  ["a Map", new Map(), ""],
  ["a Set", new Set(), ""],
  ["a function", () => {}, ""],
  ["a bigint", 1n, ""],
  ["NaN", Number.NaN, ""],
  ["an infinity", Number.POSITIVE_INFINITY, ""],
  ["an undefined element", [1, undefined], "/1"],
])) {
  test(`an edit with ${what} is refused with its place, is not shown, and the next valid edit is saved`, async () => {
    const { server, document } = await opened();
    assert.throws(() => document.edit(charted("c/1", { y: value })), { code: "not-json" });
    const { status, error, isKept } = document.state;
    assert.deepEqual([status, error?.code, isKept], ["failed", "not-json", false]);
    assert.equal(error?.problem?.errors?.[0]?.pointer, `/chartCustomizations/c~11/y${within}`);
    assert.match(error?.message ?? "", /chart “c\/1”, y/);
    assert.deepEqual(document.state.config, CONFIG);
    document.edit(titled("valid"));
    await document.save();
    assert.deepEqual([history(server), document.state.status], [[CONFIG, titled("valid")], "clean"]);
  });
}

test("an object that contains itself is refused", async () => {
  const { document } = await opened();
  assert.throws(() => document.edit(setting("theme", cycle)), { code: "not-json" });
  assert.deepEqual([document.state.status, document.state.config], ["failed", CONFIG]);
});

test("members that this client does not know survive every edit", async () => {
  const { server, document } = await opened();
  server.save({ ...CONFIG, annotations: [{ by: "a newer client" }] });
  await document.refresh();
  document.edit(setting("theme", { id: "dark" }));
  await document.save();
  assert.deepEqual(server.config, { ...CONFIG, annotations: [{ by: "a newer client" }], theme: { id: "dark" } });
  assert.deepEqual(server.made("PATCH")[0]?.body, [{ op: "add", path: "/theme", value: { id: "dark" } }]);
});

test("numbers that JavaScript cannot hold are never written back", async () => {
  const { server, document } = await opened();
  const text = `{"config":{"chartCustomizations":{"c1":{"title":"Revenue","id":12345678901234567890,"w":6.0}}},"version":2,"updatedAt":null}`;
  server.instead = [() => new Response(text, { headers: { ETag: '"2"' } })];
  await document.refresh();
  document.edit((/** @type {any} */ config) => charted("c1", { ...config.chartCustomizations.c1, title: "Costs" })(config));
  await document.save().catch(() => {});
  assert.deepEqual(server.made("PATCH")[0]?.body, [{ op: "replace", path: "/chartCustomizations/c1/title", value: "Costs" }]);
});

// --- slow loads, corrections, members that go ---

test("an edit made before the load ends is put onto what loads, and untouched initial values are no edit", async () => {
  const { server, client } = world();
  server.save({ ...CONFIG, filters: filter("EU"), theme: { id: "dark" } });
  const document = client.open("p", { initial: { chartCustomizations: {}, filters: [], theme: { id: "light" } }, autosave: false });
  const { gone, go } = held();
  server.instead = [() => gone];
  const loading = document.load();
  document.edit(charted("new", { title: "mine" }));
  assert.deepEqual([document.state.status, document.state.isKept], ["loading", false]);
  go();
  await loading;
  const joined = { chartCustomizations: { ...CONFIG.chartCustomizations, new: { title: "mine" } }, filters: filter("EU"), theme: { id: "dark" } };
  assert.deepEqual([document.state.config, document.state.status, document.state.conflict], [joined, "dirty", null]);
  await document.save();
  assert.deepEqual(server.config, joined);
});

test("initial values alone are never saved", async () => {
  const { server, document } = await opened({ server: new Server(), initial: { ...CONFIG, theme: { id: "light" } }, autosave: true });
  await document.save();
  assert.deepEqual([server.versions.length, document.state.status, document.state.config], [1, "clean", null]);
});

test("a correction is shown, is never saved by itself, and goes with the user's next edit", async () => {
  const { server, browser, document } = await opened({ autosave: true });
  document.correct(charted("c1", { title: "Revenue", y: 0 }));
  assert.deepEqual([document.state.status, document.state.isDirty], ["corrected", false]);
  await browser.advance(600_000);
  document.close();
  assert.deepEqual(history(server), [CONFIG]);

  const again = await opened({ server });
  again.document.correct(charted("c1", { title: "Revenue", y: 0 }));
  again.document.edit(setting("theme", { id: "dark" }));
  await again.document.save();
  assert.deepEqual(server.config, { chartCustomizations: { c1: { title: "Revenue", y: 0 } }, theme: { id: "dark" } });
  assert.equal(again.document.state.status, "clean");
});

test("two pages that correct each other save nothing", async () => {
  const server = new Server();
  server.save(CONFIG);
  const browser = new Browser();
  for (const y of [0, 1]) {
    const { document } = await opened({ server, browser, autosave: true });
    document.subscribe((state) => state.status === "clean" && document.correct(charted("c1", { title: "Revenue", y })));
    await document.refresh();
  }
  await browser.advance(600_000);
  assert.deepEqual(history(server), [CONFIG]);
});

test("a correction before the load ends is no edit", async () => {
  const { server, browser, client } = world();
  server.save(CONFIG);
  const document = client.open("p", { initial: { chartCustomizations: {} } });
  const loading = document.load();
  document.correct(setting("currentLayout", {}));
  await loading;
  await browser.advance(60_000);
  assert.deepEqual([history(server), document.state.isDirty], [[CONFIG], false]);
});

/** @type {Record<string, (made: Awaited<ReturnType<typeof opened>>) => unknown>} */
const removals = {
  "another device removes": ({ server, document }) => (server.save(CONFIG), document.refresh()),
  "a restore removes": ({ document }) => document.restore(1),
  "a deleted config loses": ({ server, document }) => (server.save(null), document.refresh()),
  async "a discard removes"({ document }) {
    await document.restore(1);
    document.edit(setting("filters", filter("EU")));
    document.discard();
  },
  async "a conflict settled as theirs removes"({ server, document }) {
    server.save(CONFIG);
    document.edit(setting("filters", filter("US")));
    await assert.rejects(document.save(), { code: "version-conflict" });
    await document.resolve("theirs");
  },
};
for (const [what, remove] of Object.entries(removals)) {
  test(`a member that ${what} is gone, and the next edit does not bring it back`, async () => {
    const made = await opened();
    made.server.save({ ...CONFIG, filters: filter("EU") });
    await made.document.refresh();
    await remove(made);
    assert.deepEqual(made.document.state.config, made.server.config);
    assert.equal(made.document.state.config && "filters" in made.document.state.config, made.document.state.config && false);
    made.document.edit(setting("theme", { id: "dark" }));
    await made.document.save();
    assert.equal("filters" in made.server.config, false);
  });
}

// --- other people ---

test("elements are identified as the server does it, so that a conflict in them can be settled", async () => {
  const server = new Server();
  const tiles = (/** @type {number} */ x) => ({ ...CONFIG, currentLayout: [{ id: "chart", i: "a", x }, { id: "chart", i: "b", x: 0 }] });
  server.save(tiles(0));
  const { document } = await opened({ server });
  server.save(tiles(1));
  document.edit(tiles(2));
  await assert.rejects(document.save());
  assert.deepEqual(document.state.conflict?.conflicts, ["/currentLayout/0/x"]);
  await document.resolve("mine");
  assert.deepEqual([server.config, document.state.status], [tiles(2), "clean"]);
});

test("elements that nothing identifies are one value, whose conflict can be settled too", async () => {
  const server = new Server();
  const tiles = (/** @type {number} */ x) => ({ ...CONFIG, currentLayout: [{ id: null, x }, { id: null, x: 0 }] });
  server.save(tiles(0));
  const { document } = await opened({ server });
  server.save(tiles(1));
  document.edit(tiles(2));
  await assert.rejects(document.save());
  assert.deepEqual(document.state.conflict?.conflicts, ["/currentLayout"]);
  await document.resolve("mine");
  assert.deepEqual([server.config, document.state.status], [tiles(2), "clean"]);
});

test("a tile moved while a merged save is on its way is put onto the merged layout, tile by tile", async () => {
  const server = new Server();
  const tiles = (/** @type {number[]} */ ...xs) => ({ ...CONFIG, currentLayout: xs.map((x, index) => ({ i: "abc"[index], x })) });
  server.save(tiles(0, 0, 0));
  const { document } = await opened({ server });
  server.save(tiles(0, 5, 0));
  server.instead = [() => void document.edit((/** @type {any} */ config) => ({ ...config, currentLayout: [config.currentLayout[0], config.currentLayout[1], { i: "c", x: 3 }] }))];
  document.edit(tiles(1, 0, 0));
  await document.save();
  assert.deepEqual([document.state.config, document.state.conflict], [tiles(1, 5, 3), null]);
  await document.save();
  assert.deepEqual(server.config, tiles(1, 5, 3));
});

test("when another user signs in, a document stops, keeps the edit for its own user, and says so", async () => {
  let user = "alice";
  const getToken = () => token(user);
  const { server, browser, tab, document } = await opened({ getToken, autosave: true });
  document.edit(titled("Alice's"));
  await settled();
  user = "bob";
  await browser.advance(1_500);
  assert.deepEqual([document.state.status, document.state.error?.code, document.state.isKept], ["failed", "user-changed", true]);
  await browser.advance(600_000);
  await assert.rejects(document.save(), { code: "user-changed" });
  assert.deepEqual(history(server), [CONFIG]);
  user = "alice";
  await tab.happens("online");
  document.edit(titled("Alice's own"));
  await browser.advance(600_000);
  assert.deepEqual([history(server), document.state.error?.code], [[CONFIG], "user-changed"]);
  user = "bob";
  const bobs = await opened({ server, browser, getToken });
  assert.deepEqual([bobs.document.state.config, bobs.document.state.isDirty], [CONFIG, false]);
  document.close();
  await settled();
  user = "alice";
  const alices = await opened({ server, browser, getToken });
  assert.deepEqual([title(alices.document), alices.document.state.isDirty], ["Alice's own", true]);
});

test("a project's id and its address are one project in a user's copies and tabs, and an id of another user is another", async () => {
  const { server, browser, document } = await opened();
  const address = `${Buffer.from("user-1").toString("base64url")}~p`;
  const byAddress = await opened({ server, browser, project: address });
  document.edit(titled("mine"));
  await document.save();
  await settled();
  assert.equal(title(byAddress.document), "mine");
  const other = world({ server, browser, user: "user-2" });
  server.instead = [() => new Promise(() => {})];
  const theirs = other.client.open("p");
  theirs.load().catch(() => {});
  await settled();
  assert.deepEqual([theirs.state.config, theirs.state.status], [null, "loading"]);
});

test("where another claim names the user, their copies belong to it, whatever the subject is", async () => {
  let sub = "ann@example.com";
  const options = { getToken: () => token(sub, { uid: "00u1" }), userClaim: "uid" };
  const { server, browser, document } = await opened(options);
  document.edit(titled("mine"));
  await settled();
  document.close();
  sub = "ann.b@example.com";
  const again = await opened({ ...options, server, browser, project: `${Buffer.from("00u1").toString("base64url")}~p` });
  assert.deepEqual([title(again.document), again.document.state.isDirty], ["mine", true]);
});

test("when all is quiet, devices and tabs that edited at the same time show the same", async () => {
  const server = new Server();
  server.save(CONFIG);
  const [phone, desk] = [new Browser(), new Browser()];
  const pages = [];
  for (const browser of [phone, desk, desk]) pages.push(await opened({ server, browser, autosave: true }));
  for (const [index, { document }] of pages.entries()) document.edit(charted(`c${index + 2}`, { title: `${index}` }));
  server.instead = [server.lose, new TypeError("fetch failed")];
  for (let turn = 0; turn < 4; turn += 1) for (const browser of [phone, desk]) await browser.advance(1_500);
  for (const { tab } of pages) await tab.happens("shown");
  assert.deepEqual(Object.keys(server.config.chartCustomizations).sort(), ["c1", "c2", "c3", "c4"]);
  for (const { document } of pages) assert.deepEqual([document.state.config, document.state.version, document.state.status], [server.config, server.version, "clean"]);
  assert.equal(server.version, 4);
});

// --- copies in this browser ---

test("a copy is shown at once and always revalidated behind it", async () => {
  const { server, browser } = await opened();
  server.save(titled("theirs"));
  const { gone, go } = held();
  const { client } = world({ server, browser });
  server.instead = [() => gone];
  const document = client.open("p");
  const loading = document.load();
  await settled();
  assert.deepEqual([document.state.status, document.state.origin, title(document), document.state.version], ["loading", "cache", "Revenue", 1]);
  go();
  await loading;
  assert.deepEqual([document.state.status, document.state.origin, title(document), document.state.version], ["clean", "network", "theirs", 2]);
  assert.equal(server.requests.at(-1)?.headers.get("If-None-Match"), '"1"');
});

test("a clock that was wrong makes no copy count as the newest", async () => {
  const browser = new Browser();
  browser.time = 86_400_000;
  const { server } = await opened({ browser });
  browser.time = 0;
  server.save(titled("theirs"));
  const { document } = await opened({ server, browser });
  assert.equal(title(document), "theirs");
});

/** @type {Record<string, (client: any) => Promise<unknown>>} */
const outside = {
  "a save": (client) => client.save("p", titled("newer"), { ifMatch: 1 }),
  "a refused save": (client) => client.save("p", titled("newer"), { ifMatch: 0 }).catch(() => {}),
  "a restore": (client) => client.restore("p", 1, { ifMatch: 1 }),
  "an undo of a version": (client) => client.undoVersion("p", 1),
  "a deletion": (client) => client.remove("p", { ifMatch: 1 }),
};
for (const [what, act] of Object.entries(outside)) {
  test(`${what} outside of a document makes its copy old, and an open document asks again`, async () => {
    const { server, browser, client, document } = await opened();
    if (what === "a refused save") server.save(titled("theirs"));
    await act(client);
    await settled();
    assert.deepEqual([document.state.config, document.state.version], [server.config, server.version]);
    document.close();
    await act(client).catch(() => {});
    server.instead = [() => new Promise(() => {})];
    const next = world({ server, browser }).client.open("p");
    next.load().catch(() => {});
    await settled();
    assert.equal(next.state.origin, null);
  });
}

test("a save of a draft outside of a document is noticed by the draft's document", async () => {
  const { server, client, document } = await opened({ sessionId: "s" });
  await client.drafts("s").save("p", titled("newer"), { ifMatch: 1 });
  await settled();
  assert.deepEqual([document.state.config, document.state.version], [server.config, 2]);
});

test("a restore saves unsaved edits as a version first", async () => {
  const { server, document } = await opened();
  server.save(titled("second"));
  await document.refresh();
  document.edit(titled("unsaved"));
  await document.restore(1);
  assert.deepEqual(history(server), [CONFIG, titled("second"), titled("unsaved"), CONFIG]);
  assert.deepEqual([document.state.config, document.state.version, document.state.status], [CONFIG, 4, "clean"]);
});

test("an undo of a version keeps what came after it, and unsaved edits become a version first", async () => {
  const { server, document } = await opened();
  server.save(titled("second"));
  await document.refresh();
  document.edit(setting("theme", "dark"));
  const undone = await document.undoVersion(2);
  const dark = { ...CONFIG, theme: "dark" };
  assert.deepEqual(history(server), [CONFIG, titled("second"), { ...titled("second"), theme: "dark" }, dark]);
  assert.deepEqual([undone, undone.config, undone.version, undone.status], [document.state, dark, 4, "clean"]);
  assert.equal((await document.undoVersion(2)).version, 4);
  assert.deepEqual((await document.undoVersion(4)).config, { ...titled("second"), theme: "dark" });
});

test("an undo of a version that was changed again since is refused, and the edits before it are saved", async () => {
  const { server, document } = await opened();
  server.save(titled("second"));
  server.save(titled("third"));
  await document.refresh();
  document.edit(setting("theme", "dark"));
  await assert.rejects(document.undoVersion(2), { name: "ConflictError", conflicts: ["/chartCustomizations/c1/title"] });
  await settled();
  const { status, conflict, config } = document.state;
  assert.deepEqual([status, conflict, config], ["clean", null, { ...titled("third"), theme: "dark" }]);
  assert.equal(server.version, 4);
});

test("an undo of a version whose answer is lost is repeated with its key, and takes effect once", async () => {
  const { server, browser, document } = await opened();
  server.save(titled("second"));
  await document.refresh();
  server.instead = [server.lose];
  const undoing = document.undoVersion(2);
  await settled();
  server.save(titled("third"));
  await browser.advance(60_000);
  await undoing;
  const keys = server.made("POST").map(({ headers }) => headers.get("Idempotency-Key"));
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  assert.deepEqual([history(server), document.state.config], [[CONFIG, titled("second"), CONFIG, titled("third")], titled("third")]);
});

test("a restore is shown although an older answer is still under way", async () => {
  const { server, document } = await opened();
  server.save(titled("second"));
  await document.refresh();
  const { gone, go } = held();
  server.instead = [(request) => Promise.resolve(server.answer(request)).then((answer) => gone.then(() => answer))];
  const refreshing = document.refresh();
  await settled();
  const restoring = document.restore(1);
  await settled();
  go();
  await Promise.all([refreshing, restoring]);
  await settled();
  assert.deepEqual([document.state.config, document.state.version, document.state.status], [CONFIG, 3, "clean"]);
});

test("a double click and a lost answer create one project", async () => {
  const { server, browser, client } = world();
  const create = (/** @type {any} */ { body }) => Response.json({ id: body.id, name: body.name, version: 1 }, { status: 201 });
  server.instead = [new TypeError("The connection was lost."), create];
  const clicks = Promise.all([client.projects.create({ name: "New dashboard" }), client.projects.create({ name: "New dashboard" })]);
  await settled();
  await browser.advance(60_000);
  const [one, two] = await clicks;
  assert.equal(one.id, two.id);
  assert.deepEqual(server.requests.map(({ body }) => body.id), [one.id, one.id]);
  server.instead = [create];
  assert.notEqual((await client.projects.create({ name: "New dashboard" })).id, one.id);
});
