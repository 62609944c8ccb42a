/** The merge is loaded when others have changed what is edited here: nothing is lost until then, and nothing is loaded otherwise. */

import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { charted, held, history, setting, title } from "./opened.js";
import { Browser, CONFIG, Server, settled, titled, token } from "./support.js";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const MERGE = await readFile(join(DIST, "merge.js"), "utf8");
/** @type {string[]} */
const folders = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

/** Open a document, with one edit, of a build with another `merge.js`; null leaves it out. @param {string | null} merge */
async function editedIn(merge) {
  const folder = await mkdtemp(join(tmpdir(), "dashkeep-merging-"));
  folders.push(folder);
  await cp(DIST, folder, { recursive: true });
  await writeFile(join(folder, "package.json"), '{"type": "module"}');
  const provide = (/** @type {string | null} */ text) => (text === null ? rm(join(folder, "merge.js")) : writeFile(join(folder, "merge.js"), text));
  await provide(merge);
  const { createDashboardClient } = await import(pathToFileURL(join(folder, "index.js")).href);
  await import(pathToFileURL(join(folder, "undo.js")).href);
  const [server, browser] = [new Server(), new Browser()];
  server.save(CONFIG);
  const tab = browser.tab();
  const client = createDashboardClient({ baseUrl: "https://api.example.com/", getToken: () => token("user-1"), fetch: server.fetch, environment: tab.environment });
  const document = client.open("sales", { autosave: false });
  await document.load();
  document.edit(titled("mine"));
  await settled();
  return { server, browser, tab, document, provide };
}

/** Wait until a document has a status: Node loads modules when it pleases. @param {any} document @param {string} status */
async function reached(document, status) {
  while (document.state.status !== status) await settled();
}

test("a document that nobody else changes is edited, saved, loaded and undone without the merge", async () => {
  const { server, tab, document } = await editedIn(`globalThis.isMergeLoaded = true;\n${MERGE}`);
  const saving = document.save();
  document.edit(setting("theme", "dark"));
  await saving;
  await document.save();
  await tab.happens("shown");
  await document.undo();
  await document.redo();
  await document.undo();
  await document.save();
  assert.deepEqual(history(server), [CONFIG, titled("mine"), { ...titled("mine"), theme: "dark" }, titled("mine")]);
  assert.deepEqual([document.state.status, "isMergeLoaded" in globalThis], ["clean", false]);
});

test("an edit made while the merge is being loaded is in the outcome, and so is the other's", async () => {
  const loading = held();
  const asked = held();
  Object.assign(globalThis, { loading, asked });
  const { server, document } = await editedIn(`asked.go(); await loading.gone;\n${MERGE}`);
  server.save({ ...CONFIG, filters: [{ id: "theirs" }] });
  const saving = document.save();
  document.edit(setting("theme", "dark"));
  await asked.gone;
  assert.equal(document.state.status, "saving");
  document.edit(charted("c2", { title: "late" }));
  loading.go();
  await saving;
  await document.save();
  const { config } = server;
  assert.deepEqual([title({ state: { config } }), config.theme, config.filters, config.chartCustomizations.c2], ["mine", "dark", [{ id: "theirs" }], { title: "late" }]);
  assert.deepEqual(document.state.config, config);
});

test("a conflict whose merge cannot be loaded loses nothing: the save counts as unanswered and is repeated with its key", async () => {
  const { server, browser, document, provide } = await editedIn(null);
  server.save(titled("theirs"));
  await assert.rejects(document.save(), { code: "network" });
  await settled();
  const { status, isKept, conflict, version } = document.state;
  assert.deepEqual([status, isKept, conflict, version, title(document)], ["offline", true, null, 1, "mine"]);
  await provide(MERGE);
  await browser.advance(60_000);
  await reached(document, "conflict");
  assert.deepEqual(document.state.conflict?.conflicts, ["/chartCustomizations/c1/title"]);
  const keys = server.made("PATCH").map(({ headers }) => headers.get("Idempotency-Key"));
  assert.deepEqual([keys.length, new Set(keys).size], [2, 1]);
  await document.resolve("mine");
  assert.deepEqual(server.config, titled("mine"));
});

test("an accepted save whose merge cannot be loaded is repeated, and takes effect once", async () => {
  const { server, browser, document, provide } = await editedIn(null);
  server.save({ ...CONFIG, filters: [{ id: "theirs" }] });
  const refused = assert.rejects(document.save(), { code: "network" });
  document.edit(setting("theme", "dark"));
  await refused;
  await provide(MERGE);
  await browser.advance(60_000);
  await reached(document, "dirty");
  assert.deepEqual(document.state.config, { ...titled("mine"), filters: [{ id: "theirs" }], theme: "dark" });
  assert.equal(history(server).length, 3);
});

test("an undo that needs the merge reverts nothing until that can be loaded", async () => {
  const { server, tab, document, provide } = await editedIn(null);
  await document.save();
  server.save({ ...titled("mine"), theme: "dark" });
  await tab.happens("shown");
  await assert.rejects(document.undo(), { code: "network" });
  assert.deepEqual([title(document), document.state.canUndo], ["mine", true]);
  await provide(MERGE);
  await document.undo();
  assert.deepEqual(document.state.config, { ...CONFIG, theme: "dark" });
});
