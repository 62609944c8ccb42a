// A project's table while others change it too.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ProjectTable } from "../table.js";
import { LOST } from "../table_rows.js";

const SCHEMA = { fileName: "sales.csv", rowCount: 2 };
const known = (version) => ({ dataSchema: SCHEMA, version, examples: {} });
const failure = (code) => Object.assign(new Error(code), { status: 503, code });

/** A table whose loads are answered by the test. */
function opened() {
  const loads = [];
  const rows = { load: () => new Promise((resolve, reject) => loads.push({ resolve, reject })) };
  const sent = {};
  const saving = new Promise((resolve) => (sent.resolve = resolve));
  const asked = [];
  const restore = async (project, version, { ifMatch }) => void asked.push([project, version, ifMatch]);
  const table = new ProjectTable({ data: { saveSchema: () => saving, restore } }, "sales", rows, () => {});
  /** Load, and wait until an answer is shown. */
  const load = async (answer) => {
    const loading = table.load();
    answer instanceof Error ? loads.at(-1).reject(answer) : loads.at(-1).resolve(answer);
    await loading;
    return table.shown;
  };
  return { table, loads, sent, asked, load };
}

test("what could not be done with a table, and may be tried again, outlives a newer table", async () => {
  const { table, load } = opened();
  await load(known(1));
  table.refuse("Only CSV and JSON.");
  const { version, problem } = await load(known(2));
  assert.deepEqual([version, problem.refusal], [2, "Only CSV and JSON."]);
  table.dismissProblem();
  assert.equal((await load(known(3))).problem, null);
});

test("notes on the columns stay as long as the table is the same", async () => {
  const { table, loads, load } = opened();
  await load(known(1));
  const working = table.load(true);
  loads.at(-1).resolve(known(1));
  await working;
  assert.equal((await load(known(1))).showsNotes, true);
  assert.equal((await load(known(2))).showsNotes, false);
});

test("a table that cannot be loaded again stays, and may be out of date; without its rows, it has failed", async () => {
  const { load } = opened();
  await load(known(1));
  const { status, version, isOutdated } = await load(failure("network"));
  assert.deepEqual([status, version, isOutdated], ["ready", 1, true]);
  assert.equal((await load(known(1))).isOutdated, undefined);
  assert.equal((await load(failure(LOST))).status, "failed");
});

test("while the user's own work on a table is under way, no answer takes its place, and the table is loaded afterwards", async () => {
  const { table, loads, sent, load } = opened();
  await load(known(1));
  const loading = table.load();
  assert.equal(table.isBusy, true);
  const reading = table.readAs({ Day: { type: "date" } });
  loads.at(-1).resolve(known(2));
  await loading;
  assert.deepEqual([table.shown.status, table.shown.version, table.isBusy], ["working", 1, true]);
  sent.resolve();
  while (loads.length < 3) await null;
  loads.at(-1).resolve(known(3));
  assert.equal(await reading, true);
  assert.deepEqual([table.shown.status, table.shown.version, table.shown.showsNotes, table.isBusy], ["ready", 3, true, false]);
});

test("an earlier upload replaces the version that is shown, and is loaded afterwards", async () => {
  const { table, loads, asked, load } = opened();
  await load(known(3));
  const restoring = table.restore(1);
  assert.equal(table.shown.status, "working");
  while (loads.length < 2) await null;
  loads[1].resolve(known(4));
  await restoring;
  assert.deepEqual(asked, [["sales", 1, 3]]);
  assert.equal(table.shown.version, 4);
});
