// When an open dashboard asks for what others have saved, and whom it names.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Following } from "../following.js";
import { ProjectTable } from "../table.js";

const ME = "me";
const ADA = "ada";
const PEOPLE = { you: ME, owner: { id: ME, name: "Me" }, members: [{ id: ADA, name: "Ada" }], teams: [] };
const CLEAN = { status: "clean", version: 3, updatedBy: ME, isDirty: false, autosave: false, lastSavedAt: null, error: null, conflict: null };
const events = new EventTarget();

globalThis.addEventListener = events.addEventListener.bind(events);
globalThis.removeEventListener = events.removeEventListener.bind(events);
globalThis.document = { querySelector: () => null };

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 }));
afterEach(() => mock.timers.reset());

/** A dashboard at version 3 with the table's second upload that follows, and what has happened to it. */
async function opened({ state = {}, failures = 0, table: own = null } = {}) {
  const seen = { refreshed: 0, loaded: 0, asked: 0, checked: 0, followed: 0, stopped: 0 };
  const waiting = new Set();
  const held = { isHeld: false };
  const holding = { wait: (work) => (held.isHeld ? waiting.add(work) : work()) };
  const release = () => {
    held.isHeld = false;
    for (const work of waiting) work();
  };
  const page = {
    id: "sales",
    state: { ...CLEAN, ...state },
    document: { refresh: async () => (seen.refreshed += 1) },
    knownPeople: null,
    people: async () => {
      seen.asked += 1;
      page.knownPeople = PEOPLE;
      return PEOPLE;
    },
    checkAccess: () => (seen.checked += 1),
  };
  const table = own ?? { shown: { status: "ready", version: 2 }, isBusy: false, newest: 2, load: async () => { seen.loaded += 1; table.shown = { status: "ready", version: table.newest }; } };
  const connection = {
    state: "live",
    subscribe: () => () => {},
    follow: (project, following) => {
      seen.followed += 1;
      seen.following = following;
      return () => (seen.stopped += 1);
    },
  };
  let left = failures;
  const connect = async () => {
    if (left-- > 0) throw Object.assign(new Error("not loaded"), { status: 0 });
    return connection;
  };
  const following = new Following({ holding, redraw() {} }, page, table, connect);
  /** The document's state changes; wait until the page has reacted. */
  const becomes = async (change) => {
    page.state = { ...page.state, ...change };
    const changed = following.changed(page.state);
    await settled();
    return changed;
  };
  const hears = async (configVersion, dataVersion = "2.0", updatedBy = null) => {
    seen.following.changed({ project: "x~sales", configVersion, dataVersion, updatedBy });
    await settled();
  };
  // Before the dashboard is shown, nothing is loaded to follow it.
  await following.follow();
  assert.equal(seen.followed, 0);
  await becomes({});
  return { seen, held, release, page, table, following, becomes, hears };
}

const settled = async () => {
  for (let turn = 0; turn < 20; turn += 1) await null;
};

test("a version that is shown is not asked for, a newer one once, whatever is doubled or late", async () => {
  const { seen, hears, becomes, following } = await opened();
  await hears(3);
  assert.equal(seen.refreshed, 0);
  await hears(5, "2.0", ADA);
  await hears(5, "2.0", ADA);
  await hears(4, "2.0", ME);
  assert.equal(seen.refreshed, 1);
  assert.deepEqual(await becomes({ version: 5, updatedBy: ADA }), []);
  assert.equal(seen.refreshed, 1);
  assert.equal(following.news, "You and Ada changed this dashboard.");
  assert.equal(seen.asked, 1);
});

test("what others have done is said, and which charts to mark; what is edited here is not theirs", async () => {
  const { becomes, following } = await opened({ state: { config: { chartCustomizations: { a: { title: "A" }, b: { title: "B" } } } } });
  const config = { chartCustomizations: { a: { title: "A" }, b: { title: "Theirs" } } };
  assert.deepEqual(await becomes({ version: 4, updatedBy: ADA, config }), ["b"]);
  assert.equal(following.news, "Ada renamed “B” to “Theirs”.");
  const edited = { chartCustomizations: { ...config.chartCustomizations, a: { title: "Mine" } } };
  await becomes({ config: edited, status: "dirty", isDirty: true });
  const merged = { ...edited, theme: { id: "dark" } };
  assert.deepEqual(await becomes({ version: 6, updatedBy: ME, lastSavedAt: 1, config: merged, status: "clean", isDirty: false }), []);
  assert.equal(following.news, "Ada renamed “B” to “Theirs” and changed the theme.");
});

test("what the grid has moved here since a version came is not what others have moved", async () => {
  const at = (title, y) => ({ chartCustomizations: { a: { title, position: { x: 0, y } } } });
  const { becomes, following } = await opened({ state: { config: at("A", 5) } });
  await becomes({ status: "corrected", config: at("A", 0) });
  await becomes({ status: "clean", version: 4, updatedBy: ADA, config: at("B", 5) });
  assert.equal(following.news, "Ada renamed “A” to “B”.");
});

test("while something is held nothing is asked for, and everything afterwards, once", async () => {
  const { seen, held, release, table, hears } = await opened();
  held.isHeld = true;
  table.newest = 3;
  await hears(5, "3.0", ADA);
  await hears(3, "2.0");
  assert.deepEqual([seen.refreshed, seen.loaded], [0, 0]);
  release();
  await settled();
  assert.deepEqual([seen.refreshed, seen.loaded], [1, 1]);
});

test("who has saved is said once the document shows it; the line is gone after a while, or when it is dismissed", async () => {
  const { hears, becomes, following } = await opened();
  await hears(4, "2.0", ADA);
  assert.equal(following.news, "");
  await becomes({ version: 4, updatedBy: ADA });
  assert.equal(following.news, "Ada changed this dashboard.");
  mock.timers.tick(9_000);
  await becomes({ version: 5, updatedBy: ADA });
  mock.timers.tick(9_000);
  assert.equal(following.news, "Ada changed this dashboard.");
  mock.timers.tick(1_000);
  assert.equal(following.news, "");
  await becomes({ version: 6, updatedBy: ME });
  assert.equal(following.news, "You changed this dashboard on another device or tab.");
  following.dismiss();
  assert.equal(following.news, "");
});

test("nothing is said of what the page itself has saved, also if the announcement is faster than the answer", async () => {
  const { seen, hears, becomes, following } = await opened();
  await becomes({ status: "saving", isDirty: true });
  await hears(4, "2.0", ME);
  assert.equal(seen.refreshed, 0);
  assert.equal(await becomes({ status: "clean", isDirty: false, version: 4, lastSavedAt: 1 }), null);
  await hears(4, "2.0", ME);
  await following.own(() => becomes({ version: 5, updatedBy: ME }));
  assert.deepEqual([following.news, seen.refreshed, seen.asked], ["", 0, 0]);
});

test("a save that was merged says whose changes came with it", async () => {
  const known = await opened();
  await known.becomes({ status: "dirty", isDirty: true, autosave: true });
  await known.hears(4, "2.0", ADA);
  assert.deepEqual([known.seen.refreshed, known.following.news], [0, ""]);
  await known.becomes({ status: "clean", isDirty: false, version: 5, updatedBy: ME, lastSavedAt: 1 });
  assert.equal(known.following.news, "Ada changed this dashboard.");
  const unknown = await opened();
  await unknown.becomes({ version: 5, updatedBy: ME, lastSavedAt: 1 });
  assert.equal(unknown.following.news, "This dashboard was changed.");
});

test("without autosave, a page with unsaved edits says who has changed what its next save merges, and takes it over once they are discarded", async () => {
  const { seen, hears, becomes, following } = await opened();
  await becomes({ status: "dirty", isDirty: true });
  await hears(4, "2.0", ADA);
  assert.equal(following.news, "Ada changed this dashboard. You get these changes when you save.");
  following.dismiss();
  await hears(4, "2.0", ADA);
  await becomes({ canUndo: true });
  assert.deepEqual([following.news, seen.refreshed], ["", 0]);
  await becomes({ status: "clean", isDirty: false });
  assert.equal(seen.refreshed, 1);
  await becomes({ version: 4, updatedBy: ADA });
  assert.equal(following.news, "");
});

test("nothing is said of a conflict that the user has decided, and a document that has failed asks again by itself", async () => {
  const { seen, hears, becomes, following } = await opened();
  const conflict = {};
  await becomes({ status: "conflict", isDirty: true, conflict });
  await becomes({ status: "saving", version: 4, updatedBy: ADA, conflict: null });
  assert.equal(following.news, "");
  await becomes({ status: "offline", isDirty: false, error: { status: 0 } });
  await hears(9);
  assert.equal(seen.refreshed, 0);
});

test("a newer table is loaded when no other work on it is under way, and only then it is said that it was changed", async () => {
  const { seen, table, hears, following } = await opened();
  table.isBusy = true;
  table.newest = 3;
  await hears(3, "3.0");
  assert.deepEqual([seen.loaded, following.news], [0, ""]);
  table.isBusy = false;
  following.proceed();
  await settled();
  assert.deepEqual([seen.loaded, following.news], [1, "The table was changed."]);
  following.dismiss();
  // The page's own upload is shown before it is heard of, and an analysis is not shown.
  table.shown = { status: "ready", version: 4 };
  await hears(3, "4.0");
  await hears(3, "4.1");
  assert.deepEqual([seen.loaded, following.news], [1, ""]);
});

test("a table that is announced while an older one is still loading is loaded afterwards", async () => {
  const loads = [];
  const rows = { load: () => new Promise((resolve) => loads.push((version) => resolve({ dataSchema: {}, version }))) };
  const known = {};
  const table = new ProjectTable({}, "sales", rows, () => known.following?.proceed());
  Object.assign(known, await opened({ table }));
  void table.load();
  await known.hears(3, "3.0");
  assert.equal(loads.length, 1);
  loads[0](2);
  await settled();
  assert.equal(loads.length, 2);
  loads[1](3);
  await settled();
  assert.deepEqual([loads.length, table.shown.version], [2, 3]);
});

test("a newer table that cannot be loaded is not asked for again and again", async () => {
  const { seen, table, hears, following } = await opened();
  await hears(3, "3.0");
  following.proceed();
  assert.deepEqual([seen.loaded, table.shown.version, following.news], [1, 2, ""]);
});

test("where versions are not known, both are asked for, but the config not when its document has just asked", async () => {
  const { seen, hears, following } = await opened();
  await hears(null, null);
  assert.deepEqual([seen.refreshed, seen.loaded, following.news], [1, 1, ""]);
  events.dispatchEvent(new Event("focus"));
  mock.timers.tick(200);
  await hears(null, null);
  assert.deepEqual([seen.refreshed, seen.loaded], [1, 2]);
  mock.timers.tick(5_000);
  await hears(null, null);
  assert.deepEqual([seen.refreshed, seen.loaded], [2, 3]);
});

test("when access has ended, the page finds out, and follows again when it is shown and has access", async () => {
  const { seen, hears, page, following } = await opened();
  seen.following.gone();
  assert.equal(seen.checked, 1);
  await hears(9);
  assert.equal(seen.refreshed, 0);
  page.state = { ...page.state, error: { status: 404 } };
  events.dispatchEvent(new Event("focus"));
  await settled();
  assert.equal(seen.followed, 1);
  page.state = { ...page.state, error: null };
  events.dispatchEvent(new Event("focus"));
  await settled();
  assert.equal(seen.followed, 2);
  seen.following.gone();
  following.close();
  await following.follow();
  assert.equal(seen.followed, 2);
});

test("what it takes to follow is loaded with the next change if it could not be", async () => {
  const { seen, becomes } = await opened({ failures: 1 });
  assert.equal(seen.followed, 0);
  await becomes({ canUndo: true });
  assert.equal(seen.followed, 1);
});

test("a name that is not known is asked for once", async () => {
  const { seen, becomes, following } = await opened();
  await becomes({ version: 4, updatedBy: ADA });
  following.dismiss();
  await becomes({ version: 5, updatedBy: "stranger" });
  assert.equal(following.news, "A colleague changed this dashboard.");
  await becomes({ version: 6, updatedBy: "stranger" });
  assert.equal(seen.asked, 2);
});

test("a page that is closed while it begins to follow follows nothing", async () => {
  const { seen, becomes, following } = await opened({ failures: 1 });
  following.changed(CLEAN);
  following.close();
  await becomes({ canUndo: true });
  assert.equal(seen.followed, 0);
});

test("a page that is closed follows no more", async () => {
  const { seen, following } = await opened();
  following.close();
  assert.deepEqual([seen.followed, seen.stopped], [1, 1]);
});
