/** What users do, and what the page tells a document. */

import { checkResolved } from "./checks.js";
import { mark } from "./device.js";
import { EMPTY, leaves, valueAt, withValue } from "./shape.js";
import { World } from "./world.js";

/** @typedef {import("./tab.js").Tab} Tab */

export const PLACES = ["c/a/title", "c/a/x", "c/b/title", "theme", "f/f1/value", "c/a/title", "f/f1/op", "c/c/title", "f/f2/value", "theme"];
export const PARTS = ["c/a", "f/f1", "theme", "c/b"];

export class Users extends World {
  /** What an edit starts from. @param {Tab} tab */
  startOf({ core }) {
    return core.mine ?? (core.base ? EMPTY : core.initial);
  }

  /** @param {Tab} tab @param {"edited" | "corrected"} name @param {any} config */
  put(tab, name, config) {
    tab.start();
    tab.editsConflict = tab.core.conflict !== null;
    tab.dispatch(name, { config: this.client.toJson(config, this.startOf(tab)) });
  }

  /** @param {Tab} tab */
  edit(tab) {
    if (this.pick(6) === 0) return this.removePart(tab);
    this.writeAt(tab, this.any(PLACES), this.fresh("e"));
  }

  /** @param {Tab} tab @param {string} place @param {any} value */
  writeAt(tab, place, value) {
    const before = this.startOf(tab);
    this.takeEarly(tab, place);
    this.ledger.overwrite(tab, place);
    this.ledger.edit(tab, this.values, place, value);
    this.belongs(tab);
    tab.acts += 1;
    this.put(tab, "edited", withValue(before, place, value));
  }

  /** @param {Tab} tab */
  removePart(tab) {
    const part = this.any(PARTS);
    this.takeEarly(tab, part);
    this.ledger.overwrite(tab, part);
    this.ledger.intent(tab.name).made.add(mark(part, "-"));
    tab.acts += 1;
    this.put(tab, "edited", withValue(this.startOf(tab), part, undefined));
  }

  /** An edit before there is a config goes onto what loads; a chart that is not there comes as a whole. @param {Tab} tab @param {string} place */
  takeEarly(tab, place) {
    if (tab.core.base) return;
    tab.early.push(place);
    const part = place.split("/").slice(0, 2).join("/");
    const intent = this.ledger.intent(tab.name);
    for (const [at, value] of leaves(tab.core.initial)) if (at.startsWith(part)) intent.decided.add(mark(at, value));
  }

  /** Put back by hand what was there before the last edit. @param {Tab} tab */
  undo(tab) {
    const edit = [...this.ledger.open].filter(({ holder }) => holder === tab).pop();
    const { base } = tab.core;
    if (!edit || !base?.config) return;
    const value = valueAt(base.config, edit.place);
    this.ledger.overwrite(tab, edit.place);
    this.ledger.intent(tab.name).decided.add(mark(edit.place, JSON.stringify(value) ?? "-"));
    tab.acts += 1;
    this.put(tab, "edited", withValue(this.startOf(tab), edit.place, value));
  }

  /** @param {Tab} tab */
  correct(tab) {
    const config = this.startOf(tab);
    const [name] = Object.keys(config.chartCustomizations);
    if (!name || !tab.core.base) return;
    const place = `c/${name}/y`;
    const value = this.fresh("c");
    this.ledger.intent(tab.name).corrected.add(mark(place, JSON.stringify(value)));
    this.put(tab, "corrected", withValue(config, place, value));
  }

  /** @param {Tab} tab */
  save(tab) {
    tab.start();
    tab.acts += 1;
    tab.dispatch("saveAsked", {});
  }

  /** @param {Tab} tab */
  discard(tab) {
    const before = tab.core;
    this.ledger.discard(tab, before, this.moment);
    const after = before.conflict ? before.conflict.theirs : (before.base?.config ?? null);
    this.ledger.choose(tab, after);
    for (const shown of [before.sent?.config ?? before.base?.config ?? null, before.mine, before.base?.config ?? null]) this.ledger.intent(tab.name).decide(shown, after);
    tab.acts += 1;
    tab.dispatch("discarded", {});
  }

  /** @param {Tab} tab */
  resolve(tab) {
    const before = tab.core;
    if (!before.conflict) return;
    const mine = this.pick(4);
    /** Place by place, mine for some pointers. @param {string} pointer */
    const each = (pointer) => (pointer.length % 4 === mine ? "mine" : "theirs");
    this.decide(tab, this.any([/** @type {const} */ ("mine"), /** @type {const} */ ("theirs"), each, { config: this.chosen(before) }]));
  }

  /** @param {any} core */
  chosen({ conflict, mine }) {
    return this.client.toJson(withValue(this.pick(2) ? (conflict.theirs ?? EMPTY) : (mine ?? EMPTY), "theme", this.fresh("d")));
  }

  /** @param {Tab} tab @param {any} choice */
  decide(tab, choice) {
    const before = tab.core;
    const intent = this.ledger.intent(tab.name);
    tab.acts += 1;
    const decided = this.client.step(before, "resolved", { choice }, this.client).core;
    for (const config of [decided.sent?.config, decided.mine]) {
      for (const from of [before.conflict.theirs, before.mine, decided.sent?.config]) if (config !== undefined && from !== undefined) intent.decide(from, config);
    }
    if (choice !== "mine") this.ledger.choose(tab, decided.mine);
    checkResolved(before, decided, choice, tab.editsConflict);
    // My values are saved first, then theirs.
    tab.dispatch("resolved", { choice });
    if (choice === "theirs" || typeof choice === "function") tab.acts += 1;
  }

  /** @param {Tab} tab */
  autosave(tab) {
    tab.dispatch("autosaveSet", { on: !tab.core.autosave });
  }

  /** @param {Tab} tab */
  ask(tab) {
    tab.dispatch("loadAsked", {});
  }

  /** @param {Tab} tab */
  refuse(tab) {
    tab.dispatch("refused", { error: new this.client.DashkeepError(0, "not-json") });
  }

  /** A store cannot read the config that has arrived. @param {Tab} tab */
  report(tab) {
    tab.dispatch("reported", { error: new this.client.DashkeepError(0, "store") });
  }

  /** @param {Tab} tab */
  hidden(tab) {
    tab.dispatch("hidden", {});
  }

  /** @param {Tab} tab */
  online(tab) {
    tab.dispatch("online", {});
  }

  /** @param {Tab} tab */
  shown(tab) {
    tab.dispatch("shown", {});
  }

  /** @param {Tab} tab */
  timer(tab) {
    if (!tab.isWaiting) return;
    tab.isWaiting = false;
    tab.dispatch("timer", {});
  }

  /** @param {Tab} tab */
  hear(tab) {
    const told = tab.inbox.splice(this.pick(tab.inbox.length), 1)[0];
    if (!told || told.user !== tab.user || this.pick(8) === 7) return;
    tab.heard = Math.max(tab.heard, told.newest);
    tab.dispatch("heard", { version: told.version });
  }
}
