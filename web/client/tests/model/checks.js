/** The eight promises, checked after every step. */

import { Ledger } from "./ledger.js";
import { leaves, mergeShape } from "./shape.js";

export class Violation extends Error {
  /** @param {number} promise @param {string} text */
  constructor(promise, text) {
    super(`promise ${promise}: ${text}`);
    this.promise = promise;
  }
}

/** @param {unknown} holds @param {number} promise @param {string} text @returns {asserts holds} */
export function ensure(holds, promise, text) {
  if (!holds) throw new Violation(promise, text);
}

/** The promises that a tab alone can break. @param {import("./tab.js").Tab} tab @param {string} name @param {any} event @param {any} before */
export function checkTab(tab, name, event, before) {
  cleanIsSaved(tab);
  editsAreShown(tab);
  discardedStays(tab, name);
  failuresShow(tab, name, event, before);
  denialStays(tab, name, before);
  goesOn(tab);
  neverOlder(tab, name);
}

/** @param {import("./tab.js").Tab} tab */
function cleanIsSaved({ client, core, server }) {
  if (client.statusOf(core) !== "clean") return;
  const version = core.base?.version ?? 0;
  ensure(JSON.stringify(core.mine) === server.history[version]?.text, 1, `clean at version ${version}, but the server has something else there`);
}

/** @param {import("./tab.js").Tab} tab */
function editsAreShown({ core, world: { ledger }, ...tab }) {
  for (const edit of ledger.open) {
    if (edit.holder?.name !== tab.name) continue;
    ensure(Ledger.shows(core.mine, edit) || Ledger.shows(core.sent?.config, edit), 2, `edit ${edit.mark} is neither shown nor on its way`);
  }
}

/** @param {import("./tab.js").Tab} tab @param {string} name */
function discardedStays(tab, name) {
  const { core, world } = tab;
  const { base } = core;
  if (name === "discarded") ensure(JSON.stringify(core.mine) === JSON.stringify(base?.config ?? null), 5, "something is shown after a discard that the server does not have");
  for (const edit of world.ledger.edits) {
    if (edit.holder !== tab || edit.discarded === null || edit.isLoose) continue;
    // In a conflict with a merged save, what is shown still stands on the version before, which a revert may have brought it into.
    const isSaved = [base, core.conflict && { config: core.conflict.base }].some((version) => Ledger.shows(version?.config, edit));
    const isBack = Ledger.shows(core.mine, edit) && !isSaved && !world.ledger.intent(tab.name).decided.has(edit.mark);
    ensure(!isBack, 5, `the discarded edit ${edit.mark} is shown again`);
  }
}

/** @param {import("./tab.js").Tab} tab @param {string} name @param {any} event @param {any} before */
function failuresShow({ core }, name, event, before) {
  const isOfSave = name === "saveFailed" && before.sent?.key === event.key && event.error.status !== 412;
  if (name === "loadFailed" || name === "reported" || isOfSave) ensure(core.error === event.error, 4, `${event.error?.code} does not show in the state`);
}

/** Only an answer ends what the state says of missing access; a role that is too small matters while there are edits. @param {import("./tab.js").Tab} tab @param {string} name @param {any} before */
function denialStays({ core, client }, name, before) {
  const isAnswer = ["loaded", "loadFailed", "saved", "saveFailed", "reported"].includes(name);
  const isDenied = before.error?.code === "not-found" || (before.error?.code === "forbidden" && client.isDirty(core));
  ensure(isAnswer || !isDenied || core.error === before.error, 4, `${before.error?.code} is no longer in the state after ${name}`);
}

/** What may pass is tried again, and what is due is on its way. @param {import("./tab.js").Tab} tab */
function goesOn(tab) {
  const { core } = tab;
  ensure(!core.isStopped || core.error, 4, "a tab whose user has changed does not say so");
  if (core.isStopped || core.conflict || tab.isClosed || !core.isOpened) return;
  const isBusy = tab.isWaiting || tab.operations.some(({ kind }) => kind === "load" || kind === "send");
  const isDue = !core.isLoaded || core.sent || core.asked || (core.autosave && core.hasEdits);
  ensure(isBusy || !(core.error ? core.error.isTemporary : isDue), 4, `nothing goes on though ${core.error ? `${core.error.code} may pass` : "something is due"}`);
}

/** @param {import("./tab.js").Tab} tab @param {string} name */
function neverOlder(tab, name) {
  const { client, core } = tab;
  const version = core.base?.version ?? 0;
  ensure(version >= tab.shown, 6, `version ${version} after version ${tab.shown} in one tab (${name})`);
  tab.shown = version;
  const isIdle = core.base && !client.isDirty(core) && !core.isLoading && !core.error && !tab.isClosed;
  ensure(!isIdle || version >= tab.heard, 6, `version ${version} is shown though this browser has had ${tab.heard}`);
}

/** A version that a save has made. @param {import("./world.js").World} world @param {import("./server.js").ModelServer} server @param {number} version */
export function checkVersion(world, server, version) {
  const { key, by } = server.history[version] ?? {};
  if (by !== "client" || key === null || key === undefined) return;
  const { ledger } = world;
  const intent = ledger.intent(tabOf(key));
  ensure(server.isExact(version) || !server.isExact(version - 1) || server.wasRemoved || !server.history[version - 1]?.config?.annotations, 3, "a number was rounded");
  for (const { place, value = "-" } of server.changes(version)) {
    const changed = `${place}=${value}`;
    ensure(intent.explains(changed) || explainedByParent(intent, place, value), 3, `version ${version} has ${changed}, which its user never made`);
    const edit = ledger.byMark.get(changed);
    if (edit) checkEdit(world, server, version, edit, intent);
  }
}

/** @param {import("./ledger.js").Intent} intent @param {string} place @param {string} value */
function explainedByParent(intent, place, value) {
  return value === "-" && intent.made.has(`${place.split("/").slice(0, 2).join("/")}=-`);
}

/** @param {import("./world.js").World} world @param {import("./server.js").ModelServer} server @param {number} version @param {import("./ledger.js").Edit} edit @param {import("./ledger.js").Intent} intent */
function checkEdit(world, server, version, edit, intent) {
  const { ledger } = world;
  ensure(world.serverOf(edit.user) === server, 3, `${edit.mark} is in another user's history`);
  const sealed = ledger.sealed.get(server.history[version]?.key ?? "") ?? 0;
  const isFree = edit.isLoose || intent.decided.has(edit.mark);
  ensure(isFree || edit.discarded === null || sealed < edit.discarded, 5, `${edit.mark} is saved after it was discarded`);
  ensure(isFree || edit.saved === null, 7, `${edit.mark} is saved as version ${edit.saved} and again as ${version}`);
  const newer = ledger.edits.find((other) => other.tab === edit.tab && other.id > edit.id && other.saved !== null && other.saved < version);
  ensure(isFree || edit.saved !== null || !newer, 7, `${newer?.mark} is saved before ${edit.mark}`);
  edit.saved ??= version;
  if (edit.isOpen) ledger.close(edit);
}

/** The name of the tab that has made a key. @param {string} key */
export function tabOf(key) {
  return key.slice(0, key.lastIndexOf("-"));
}

/** Every open edit is durable, or in a state that says it is not. @param {import("./world.js").World} world */
export function checkEdits({ ledger }) {
  for (const edit of ledger.open) {
    const { holder, device, user } = edit;
    const isSaid = holder !== null && !holder.client.isKept(holder.core);
    ensure(isSaid || device.has(user, edit.mark), 2, `${edit.mark} is neither in history nor in this browser, and the state does not say so`);
  }
}

/**
 * What a resolved conflict shows: undisputed changes of both sides, and of the disputed ones those of the side chosen.
 *
 * What is edited during a conflict may lie within a disputed value, which then is chosen as one.
 *
 * @param {any} before @param {any} after @param {"mine" | "theirs" | ((pointer: string) => "mine" | "theirs") | { config: any }} choice @param {boolean} wasEdited
 */
export function checkResolved(before, after, choice, wasEdited) {
  const { base, theirs, conflicts } = before.conflict;
  const isSide = typeof choice !== "object";
  // An element that they deleted is named by its index in the base, which in theirs may be that of another disputed one.
  const isWhole = (/** @type {string} */ pointer) => pointer === "" || (wasEdited && !conflicts.some((/** @type {string} */ other) => other.startsWith(`${pointer}/`)));
  const wanted = leaves(isSide ? mergeShape(base, theirs, before.mine, choice, conflicts.filter(isWhole)).config : choice.config);
  const shown = leaves(after.mine);
  const places = [...new Set([...wanted.keys(), ...shown.keys()])];
  const wrong = places.find((place) => wanted.get(place) !== shown.get(place));
  ensure(wrong === undefined, 5, `after resolve(${isSide ? choice : "a config"}), ${wrong} is ${shown.get(wrong ?? "")} and not ${wanted.get(wrong ?? "")}`);
}
