/**
 * The client against a running local stack. Needs DASHKEEP_URL and, in DASHKEEP_TOKEN, a token of a dedicated user.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createDashboardClient } from "../../dist/index.js";
import { Browser } from "../support.js";

const { DASHKEEP_URL: baseUrl = "", DASHKEEP_TOKEN: token = "" } = process.env;

const BASE = { chartCustomizations: { a: { title: "A" }, b: { title: "B" } }, filters: [{ id: "f", values: ["EU"] }] };

/** A device of the same user, with an empty storage. @param {any} [options] */
function device(options) {
  return createDashboardClient({
    baseUrl,
    getToken: () => token,
    environment: new Browser().tab().environment,
    ...options,
  });
}

/** Open a project at version 1 on two devices. @param {string} id */
async function twoDevices(id) {
  const clients = [device(), device()];
  await clients[0].projects.create({ id, name: id, settings: { dashboardConfig: BASE } });
  const documents = clients.map((client) => client.open(id, { autosave: false }));
  for (const document of documents) await document.load();
  return { client: clients[0], documents };
}

/** @type {(name: string, title: string) => (config: any) => any} */
const retitled = (name, title) => (config) => ({
  ...config,
  chartCustomizations: { ...config.chartCustomizations, [name]: { title } },
});

test("edits of different charts on two devices are both kept", async () => {
  const { documents: [one, two] } = await twoDevices("both-win");
  one.edit(retitled("a", "mine"));
  two.edit(retitled("b", "theirs"));
  await one.save();
  assert.equal((await two.save()).version, 3);
  assert.deepEqual(two.state.config?.chartCustomizations, { a: { title: "mine" }, b: { title: "theirs" } });
});

for (const choice of /** @type {const} */ (["mine", "theirs"])) {
  test(`choosing ${choice} of two titles for a chart keeps the other in history`, async () => {
    const { client, documents: [one, two] } = await twoDevices(`choose-${choice}`);
    one.edit((config) => ({ ...retitled("a", "theirs")(config), theme: { id: "dark" } }));
    two.edit((config) => ({ ...retitled("a", "mine")(config), filters: [{ id: "f", values: ["US"] }] }));
    await one.save();
    await assert.rejects(two.save(), { code: "version-conflict" });
    assert.deepEqual(two.state.conflict?.conflicts, ["/chartCustomizations/a/title"]);
    await two.resolve(choice);
    assert.equal(two.state.status, "clean");
    const loaded = (await device().load(`choose-${choice}`)).config;
    assert.deepEqual(loaded, { ...BASE, chartCustomizations: { a: { title: choice }, b: { title: "B" } }, filters: [{ id: "f", values: ["US"] }], theme: { id: "dark" } });
    const { versions } = await client.history(`choose-${choice}`);
    const titles = await Promise.all(versions.map(async (/** @type {any} */ { version }) => (await client.version(`choose-${choice}`, version)).config?.chartCustomizations.a.title));
    assert.ok(titles.includes("mine") && titles.includes("theirs"));
  });
}

test("a save whose answer was lost is repeated without undoing what a colleague did since", async () => {
  const { documents: [, two] } = await twoDevices("lost");
  let isLost = false;
  /** @type {(address: any, request: any) => Promise<Response>} */
  const losing = async (address, request) => {
    const answer = await fetch(address, request);
    if (request.method !== "PATCH" || isLost) return answer;
    isLost = true;
    throw new TypeError("The answer was lost.");
  };
  const one = device({ fetch: losing }).open("lost", { autosave: false });
  await one.load();
  one.edit(retitled("a", "mine"));
  await assert.rejects(one.save(), { code: "network" });
  await two.refresh();
  two.edit(retitled("a", "theirs"));
  await two.save();
  await one.save();
  await one.refresh();
  assert.deepEqual([one.state.status, one.state.version, one.state.config?.chartCustomizations.a], ["clean", 3, { title: "theirs" }]);
});

test("a project is reached by its id and by its address alike", async () => {
  const { client } = await twoDevices("addressed");
  const { address } = await client.projects.get("addressed");
  assert.deepEqual(await client.load(address), await client.load("addressed"));
});

test("a diff shows the changes since an older version, which can be restored, and one version can be undone", async () => {
  const { client, documents: [one] } = await twoDevices("restore");
  one.edit(retitled("a", "later"));
  await one.save({ message: "later" });
  const { operations } = await client.diff("restore", 1, 2);
  assert.deepEqual(operations, [{ op: "replace", path: "/chartCustomizations/a/title", value: "later" }]);
  await one.restore(1);
  assert.deepEqual([one.state.config, one.state.version], [BASE, 3]);
  one.edit((/** @type {any} */ config) => ({ ...config, theme: { id: "dark" } }));
  await one.undoVersion(3);
  assert.deepEqual([one.state.config, one.state.version], [{ ...retitled("a", "later")(BASE), theme: { id: "dark" } }, 5]);
  const [undo, save] = (await client.history("restore")).versions;
  assert.deepEqual([undo?.undoOf, save?.source], [3, "user"]);
});

test("a draft belongs to its session", async () => {
  const { client } = await twoDevices("drafts");
  await client.drafts("tab-1").save("drafts", { chartCustomizations: {} }, { create: true });
  assert.deepEqual((await client.drafts("tab-1").load("drafts")).config, { chartCustomizations: {} });
  assert.deepEqual((await client.load("drafts")).config, BASE);
});

test("a file becomes the data with rows and types, and a malformed one is rejected with its place", async () => {
  const { client } = await twoDevices("data");
  const saved = await client.data.uploadFile("data", new File(["city,n\nOslo,1\nBergen,\n"], "cities.csv"));
  assert.deepEqual(saved.dataSchema.columnTypes, { city: "string", n: "integer" });
  assert.deepEqual((await client.data.load("data")).rawData, [{ city: "Oslo", n: 1 }, { city: "Bergen", n: null }]);
  await assert.rejects(client.data.uploadFile("data", new File(["a,b\n1\n"], "short.csv")), (/** @type {any} */ error) => {
    assert.equal(error.code, "invalid-data");
    return /Row 1, column 2/.test(error.problem.errors[0].message);
  });
  assert.deepEqual((await client.data.versions("data")).versions.length, 1);
});

test("a column of German numbers is read as its note offers, and the file comes back as it was", async () => {
  const { client } = await twoDevices("german");
  const saved = await client.data.uploadFile("german", new File(["Umsatz;Ort\n1.234,50;Bonn\n2,25;Kiel\n"], "umsatz.csv"));
  const [note] = saved.dataSchema.notes ?? [];
  assert.deepEqual([note?.column, note?.row, note?.cell], ["Umsatz", 1, "1.234,50"]);
  const changed = await client.data.saveSchema("german", { Umsatz: note?.readings[0] ?? {} }, { ifMatch: saved.version });
  assert.deepEqual([changed.version, changed.dataSchema.columnTypes], [saved.version + 1, { Umsatz: "number", Ort: "string" }]);
  assert.deepEqual((await client.data.load("german", { rows: [1, 9] })).rawData, [{ Umsatz: 2.25, Ort: "Kiel" }]);
  assert.deepEqual((await client.data.version("german", saved.version, { rows: [1, 9] })).rawData, [{ Umsatz: "2,25", Ort: "Kiel" }]);
  assert.match(await (await client.data.csv("german")).text(), /1\.234,50/);
  await assert.rejects(client.data.saveSchema("german", { Ort: { type: "number" } }, { ifMatch: changed.version }), { code: "invalid-data" });
  await assert.rejects(client.data.saveSchema("german", { Ort: { name: "Stadt" } }, { ifMatch: saved.version }), { code: "version-conflict" });
});

test("a large file is read in the background, and its end is that of a small one", async () => {
  await twoDevices("large");
  // The clock of a tab in tests stands still.
  const client = device({ environment: undefined });
  const rows = Array.from({ length: 420_000 }, (_, row) => `c${String(row).padStart(9, "0")},${row}.5\n`).join("");
  /** @type {Set<string>} */
  const stages = new Set();
  const saved = await client.data.uploadFile("large", new File(["Code,Price\n", rows], "codes.csv"), { onProgress: ({ stage, bytesRead }) => stages.add(`${stage} ${bytesRead > 0}`) });
  assert.deepEqual([saved.dataSchema.rowCount, saved.dataSchema.columnTypes], [420_000, { Code: "string", Price: "number" }]);
  assert.deepEqual([...stages], ["sending false", "reading false", "reading true"]);
  await assert.rejects(client.data.uploadFile("large", new File(["Code,Price\n", rows, "short\n"], "codes.csv")), (/** @type {any} */ error) => {
    assert.equal(error.code, "invalid-data");
    return /Row 420,001/.test(error.message);
  });
  assert.equal((await client.data.versions("large")).versions.length, 1);
});

test("projects are listed, renamed, removed and restored", async () => {
  const { client } = await twoDevices("projects");
  const { version } = await client.projects.get("projects");
  assert.equal((await client.projects.update("projects", { name: "Renamed" }, { ifMatch: version })).name, "Renamed");
  await client.projects.remove("projects");
  const ids = (await client.projects.list({ limit: 100 })).projects.map((/** @type {any} */ { id }) => id);
  assert.ok(!ids.includes("projects"));
  assert.equal((await client.projects.restore("projects")).name, "Renamed");
});
