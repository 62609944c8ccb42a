/** Rules of the core that the model (`promises.test.js`) has found broken, each as a short sequence of events. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { EMPTY, MergeNeeded, pendingOf, start, statusOf, step } from "../dist/core.js";
import { ConflictError, DashkeepError } from "../dist/errors.js";
import { toJson } from "../dist/json.js";
import * as merging from "../dist/merge.js";

const OFFLINE = new DashkeepError(0, "network");

/** @param {any} config @param {number} version */
const at = (config, version) => ({ config: toJson(config), version, updatedAt: null });

/** A core, the effects of its last event, and a way to hand in the next one. @param {{ initial?: any, autosave?: boolean }} [options] */
function made({ initial = EMPTY, autosave = false } = {}) {
  const self = {
    core: start("tab", autosave, toJson(initial)),
    /** @type {any[]} */
    effects: [],
    /** @param {any} name @param {any} [event] */
    happens(name, event = {}) {
      ({ core: self.core, effects: self.effects } = step(self.core, name, event, merging));
      return self;
    },
    /** @param {any} config */
    edit: (config) => self.happens("edited", { config: toJson(config, self.core.mine) }),
    /** @param {any} config @param {number} version */
    loads: (config, version) => self.happens("loaded", { version: at(config, version), news: self.core.news }),
    /** Open and load. @param {any} config @param {number} version */
    opens: (config, version) => self.happens("opened", { copy: null, pending: null }).loads(config, version),
    /** The save under way is accepted as a version. @param {any} config @param {number} version */
    saves: (config, version) => self.happens("saved", { key: self.core.sent?.key, version: at(config, version), newest: version, at: 0 }),
    /** @param {DashkeepError} error */
    fails: (error) => self.happens("saveFailed", { key: self.core.sent?.key, error }),
    does: () => self.effects.map((effect) => effect.do),
  };
  return self;
}

/** @param {any} current @param {number} currentVersion @param {string[]} conflicts */
const refusal = (current, currentVersion, conflicts) => new ConflictError(412, "version-conflict", { current, currentVersion, conflicts });
const chart = (/** @type {any} */ a, /** @type {any} */ more = {}) => ({ chartCustomizations: { a }, ...more });

test("turning autosave on or off does not end the attempts to reach the server", () => {
  const tab = made().opens(chart({ x: 1 }), 1).edit(chart({ x: 2 })).happens("saveAsked").fails(OFFLINE);
  assert.deepEqual(tab.does(), ["wait"]);
  tab.happens("autosaveSet", { on: false });
  assert.ok(!tab.does().includes("stopWaiting"));
});

test("without autosave, the wait for another attempt to load does not end in a save", () => {
  const pending = pendingOf(made().opens(chart({ x: 1 }), 1).edit(chart({ x: 2 })).core);
  const tab = made().happens("opened", { copy: null, pending }).happens("loadFailed", { error: OFFLINE });
  assert.deepEqual(tab.does(), ["wait"]);
  // Back in the network, the page loads at once, and the timer of that wait still runs out.
  tab.happens("online").loads(chart({ x: 1 }), 1).happens("timer");
  assert.deepEqual(tab.does(), []);
  assert.equal(statusOf(tab.core), "dirty");
  assert.ok(tab.happens("saveAsked").does().includes("send"));
});

test("a discard before anything is loaded keeps the failure in the state, and the next attempt loads", () => {
  const tab = made().happens("opened", { copy: null, pending: null }).happens("loadFailed", { error: OFFLINE }).happens("discarded");
  assert.equal(statusOf(tab.core), "offline");
  assert.ok(tab.happens("timer").does().includes("load"));
});

test("what is edited before anything is loaded joins what is saved, element by element, also where the initial config has no such member", () => {
  const tab = made().happens("opened", { copy: null, pending: null });
  tab.edit({ chartCustomizations: { a: { title: "mine" } }, filters: [{ id: "f2" }] });
  tab.loads(chart({ title: "kept", x: 1 }, { filters: [{ id: "f1" }] }), 1);
  assert.deepEqual(tab.core.mine, chart({ title: "mine", x: 1 }, { filters: [{ id: "f1" }, { id: "f2" }] }));
});

test("resolve(\"mine\") of a conflict between two first saves keeps what only the other one has", () => {
  const theirs = { chartCustomizations: { b: { x: 1 } }, theme: "dark" };
  const tab = made().opens(null, 0).edit({ chartCustomizations: {}, theme: "light" }).happens("saveAsked");
  tab.fails(refusal(theirs, 1, ["/theme"])).happens("resolved", { choice: "mine" });
  assert.deepEqual(tab.core.mine, { chartCustomizations: { b: { x: 1 } }, theme: "light" });
});

test("a conflict between an accepted save's merge and a later edit is there again after a reload", () => {
  const tab = made().opens(chart({ x: 1, y: 1 }), 1).edit(chart({ x: 2, y: 1 })).happens("saveAsked").edit(chart({ x: 2, y: 2 }));
  tab.saves(chart({ x: 2, y: 9 }), 3);
  assert.equal(statusOf(tab.core), "conflict");
  const again = made().happens("opened", { copy: null, pending: JSON.parse(JSON.stringify(pendingOf(tab.core))) });
  again.loads(chart({ x: 2, y: 9 }), 3).happens("saveAsked").saves(chart({ x: 2, y: 9 }), 3);
  assert.deepEqual(again.core.conflict?.conflicts, ["/chartCustomizations/a/y"]);
});

test("an answer that was under way when the second of two changes was heard of is asked for again", () => {
  const tab = made().opens(chart({ x: 1 }), 1).happens("heard", { version: Number.POSITIVE_INFINITY });
  const { news } = tab.core;
  tab.happens("heard", { version: Number.POSITIVE_INFINITY }).happens("loaded", { version: at(chart({ x: 2 }), 2), news });
  assert.deepEqual(tab.does(), ["load"]);
});

test("a conflict whose edit was undone meanwhile is decided as the user chooses, and what they deleted comes back", () => {
  for (const choice of ["mine", () => "mine", "theirs"]) {
    const tab = made().opens(chart({ x: 1 }), 1).edit(chart({ x: 2 })).happens("saveAsked");
    tab.fails(refusal({ chartCustomizations: {}, theme: "dark" }, 2, ["/chartCustomizations/a"])).edit(chart({ x: 1 })).happens("resolved", { choice });
    assert.deepEqual(tab.core.mine, choice === "theirs" ? { chartCustomizations: {}, theme: "dark" } : chart({ x: 1 }, { theme: "dark" }));
  }
});

test("an event that needs the merge before that is loaded changes nothing", () => {
  const tab = made().opens(chart({ x: 1 }), 1).edit(chart({ x: 2 })).happens("saveAsked");
  const [before, error] = [JSON.stringify(tab.core), refusal(chart({ x: 3 }), 2, [])];
  assert.throws(() => step(tab.core, "saveFailed", { key: tab.core.sent?.key ?? "", error }, null), MergeNeeded);
  assert.equal(JSON.stringify(tab.core), before);
});

test("a refused save that was discarded meanwhile disputes nothing any more", () => {
  const theirs = chart({ x: 9, y: 1 });
  const tab = made().opens(chart({ x: 1, y: 1 }), 1).edit({ chartCustomizations: {} }).happens("saveAsked").happens("discarded");
  tab.happens("corrected", { config: toJson(chart({ x: 1, y: 2 }), tab.core.mine) });
  tab.fails(refusal(theirs, 2, ["/chartCustomizations/a"]));
  assert.equal(tab.core.conflict, null);
  assert.deepEqual(tab.core.mine, chart({ x: 9, y: 2 }));
});

test("a document whose user has changed says so, also when an answer from before arrives", () => {
  const tab = made().opens(chart({ x: 1 }), 1).edit(chart({ x: 2 })).happens("loadAsked");
  const { news } = tab.core;
  tab.happens("saveAsked").fails(new DashkeepError(0, "user-changed"));
  tab.happens("loaded", { version: at(chart({ x: 1 }), 1), news });
  assert.equal(tab.core.error?.code, "user-changed");
});

test("a correction made while a save is unanswered is no edit after a reload either", () => {
  const tab = made({ autosave: true }).opens(chart({ x: 1 }), 1).edit(chart({ x: 2 })).happens("timer");
  tab.happens("corrected", { config: toJson(chart({ x: 2, y: 3 }), tab.core.mine) });
  const again = made({ autosave: true }).happens("opened", { copy: null, pending: pendingOf(tab.core) }).loads(chart({ x: 1 }), 1);
  again.happens("timer").saves(chart({ x: 2 }), 2);
  assert.equal(statusOf(again.core), "clean");
});
