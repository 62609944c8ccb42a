/**
 * The life cycle of an open document as a pure function: a state and an event in, the next state and its effects out.
 *
 * Theory of operation
 * ===================
 *
 * A document has three configs. `base` is a version on the server. `sent.config`, while a save is in flight, is the config
 * that the save leads to. `mine` is what the page shows; edits change only `mine`. A save is a JSON patch from `base` to
 * `mine` with its own idempotency key.
 *
 *     base ──(sent.patch)──▶ sent.config ──(later edits)──▶ mine
 *
 * These rules keep the promises of the README:
 *
 * - A save in flight never changes until the server answers it: a retry repeats the same patch, version and key, so it
 *   takes effect at most once. Later edits go into the next save.
 * - The answer to an accepted save is the version that it created, possibly merged with other saves. That version becomes
 *   `base`, and later edits are rebased onto it. If both changed the same value, the user decides: a conflict.
 * - A version that arrives replaces `mine` only if there are no edits. Otherwise the edits keep their base, and the server
 *   merges them.
 * - A *correction* is a change that no user made: a grid compacts, a store completes its state. It is shown at once and
 *   saved with the user's next edit, never on its own: two pages that correct each other would never stop.
 * - A decision changes `mine` at once, even while a save is in flight: a discard shows the base, repeats the unanswered
 *   save until its outcome is known, and then reverts it.
 * - If access ends, only the server can give it back: nothing is repeated until the user does something or the page is shown.
 *   A save that may have arrived before keeps its key until then.
 * - Only what others have changed needs a merge, which is in a module of its own (`merge.ts`, with `conflicts.ts`) that few
 *   pages load. An event that needs it before it is loaded changes nothing, and is repeated with it: it merges what is there
 *   by then.
 *
 * This module reads no clock, storage or network and uses no randomness, so tests can run every order of events. The rim
 * (`document.ts`) runs the effects and reports their results as further events.
 */

import { carryOver } from "./carry.js";
import type { Merging } from "./conflicts.js";
import { ConflictError, DENIED, type DashkeepError } from "./errors.js";
import { freeze, isEqual, toJson, type Json } from "./json.js";
import type { Preferred } from "./merge.js";
import { diff, type Operation } from "./patch.js";
import type { Source, Status } from "./types.js";

/** One version of a config on the server; `text` is the response body that it was parsed from. */
export interface Version {
  readonly config: Json;
  readonly version: number;
  readonly updatedAt: string | null;
  /** Who saved it; missing if that is not known. */
  readonly updatedBy?: string | null;
  readonly text?: string;
}

/** A save whose outcome is unknown. */
export interface Sent {
  readonly key: string;
  /** The version that the patch applies to. */
  readonly base: number;
  /** The patch from the base to `config`; null deletes the config. */
  readonly patch: readonly Operation[] | null;
  /** The config shown when the save was sent; later edits are relative to it. */
  readonly config: Json;
  readonly source: Source;
  readonly message?: string | undefined;
}

/** A document's unsaved edits, as stored in the browser. */
export interface Pending {
  readonly base: Version;
  readonly sent: Sent | null;
  readonly mine: Json;
}

/** A conflict: both sides changed `base` in the same places. */
export interface Dispute {
  readonly base: Json;
  readonly theirs: Json;
  readonly conflicts: readonly string[];
  readonly currentVersion: number;
  readonly updatedAt: string | null;
  readonly updatedBy: string | null;
}

export interface Core {
  /** Unique each time the document is opened; `saves` counts the idempotency keys derived from it. */
  readonly name: string;
  readonly saves: number;
  readonly autosave: boolean;
  /** The config shown before anything is loaded, and the base of edits made until then. */
  readonly initial: Json;
  readonly isOpened: boolean;
  /** Whether the server has answered since the document was opened. */
  readonly isLoaded: boolean;
  readonly isLoading: boolean;
  readonly isSending: boolean;
  /** Another user has signed in, so nothing more is sent. */
  readonly isStopped: boolean;
  readonly base: Version | null;
  /** Whether the server has not answered yet, and `base` is a copy. */
  readonly isCopy: boolean;
  readonly sent: Sent | null;
  /** The key of a save that may have reached the server although no answer arrived. */
  readonly unsure: string | undefined;
  readonly mine: Json;
  /** Whether the user has edited since the last save was sent; if not, any difference is a correction. */
  readonly hasEdits: boolean;
  /** A save that the user has requested and that has not been sent yet. */
  readonly asked: { readonly message?: string | undefined } | null;
  readonly conflict: Dispute | null;
  /** The base of edits in conflict, if `base` has moved on, so that reopening the document restores the conflict. */
  readonly origin: { readonly base: Version; readonly sent: Sent | null } | null;
  readonly error: DashkeepError | null;
  /** Why the last edit was rejected; it is not part of `mine`. */
  readonly invalid: DashkeepError | null;
  /** The newest version known to exist, and how many times one was reported. */
  readonly newest: number;
  readonly news: number;
  readonly attempt: number;
  /** How many writes were issued, and the last one that is durable; -1 if a write failed. */
  readonly writes: number;
  readonly written: number;
  readonly lastSavedAt: number | null;
}

/** What happens to a document, by name. */
export interface Events {
  /** The storage was read; if repeated, it brings the edits of a tab that has closed since. */
  opened: { readonly copy: Version | null; readonly pending: Pending | null };
  loadAsked: object;
  /** `news` is copied from the `load` effect that requested it. */
  loaded: { readonly version: Version; readonly news: number };
  loadFailed: { readonly error: DashkeepError };
  edited: { readonly config: Json };
  /** An undo or a redo. */
  reverted: { readonly config: Json };
  corrected: { readonly config: Json };
  /** A loaded config or an old copy cannot be used. */
  reported: { readonly error: DashkeepError };
  /** An edit was rejected. */
  refused: { readonly error: DashkeepError };
  saveAsked: { readonly message?: string | undefined };
  /** `newest` is `version`, or a later one if this save had been accepted before. */
  saved: { readonly key: string; readonly version: Version; readonly newest: number; readonly at: number };
  saveFailed: { readonly key: string; readonly error: DashkeepError };
  resolved: { readonly choice: Preferred | { readonly config: Json } };
  discarded: object;
  autosaveSet: { readonly on: boolean };
  /** Another tab has announced a version. */
  heard: { readonly version: number };
  timer: object;
  online: object;
  shown: object;
  hidden: object;
  written: { readonly write: number };
  writeFailed: object;
}

/** The effects that the rim runs, by name. */
export interface Effects {
  load: { readonly news: number };
  /** `isLast`: the page is being closed or hidden and may not see the response. */
  send: { readonly sent: Sent; readonly isLast: boolean };
  /** Report `timer` after the autosave delay, or after the back-off before the next attempt. */
  wait: { readonly attempt: number | null; readonly retryAfter?: number | undefined };
  stopWaiting: object;
  /** Store `pendingOf` the state in this browser, or delete it if null, and report `written`. */
  write: { readonly write: number };
  /** Cache a version to show when the document is reopened; `isOnly` says that newer ones no longer exist. */
  copy: { readonly version: Version; readonly isOnly: boolean };
  tell: { readonly version: number };
}

export type Effect = { [Name in keyof Effects]: { readonly do: Name } & Effects[Name] }[keyof Effects];

/** The empty config, which the server also uses as the merge base where nothing is saved. */
export const EMPTY: Json = freeze({ chartCustomizations: freeze({}) });

export function start(name: string, autosave: boolean, initial: Json): Core {
  return {
    name,
    saves: 0,
    autosave,
    initial,
    isOpened: false,
    isLoaded: false,
    isLoading: false,
    isSending: false,
    isStopped: false,
    base: null,
    isCopy: true,
    sent: null,
    unsure: undefined,
    mine: null,
    hasEdits: false,
    asked: null,
    conflict: null,
    origin: null,
    error: null,
    invalid: null,
    newest: 0,
    news: 0,
    attempt: 0,
    writes: 0,
    written: 0,
    lastSavedAt: null,
  };
}

/** Whether there are edits that the server has not acknowledged. */
export function isDirty(core: Core): boolean {
  return core.hasEdits || core.sent !== null || core.conflict !== null;
}

/** Whether every edit is in the server's history or durable in this browser. */
export function isKept(core: Core): boolean {
  return core.invalid === null && (!isDirty(core) || (core.base !== null && core.written === core.writes));
}

export function statusOf(core: Core): Status {
  const error = core.invalid ?? core.error;
  if (core.conflict) return "conflict";
  if (error) return ["network", "timeout"].includes(error.code) ? "offline" : "failed";
  if (!core.isLoaded) return "loading";
  if (core.isSending) return "saving";
  if (isDirty(core)) return "dirty";
  return core.mine === core.base?.config ? "clean" : "corrected";
}

/** What the browser must store so that no edit is lost; null if there are no edits. */
export function pendingOf(core: Core): Pending | null {
  const { base, sent, origin, hasEdits } = core;
  // A correction made after the save is not an edit.
  const mine = sent && !hasEdits ? sent.config : core.mine;
  return base && isDirty(core) ? { base, sent, ...origin, mine } : null;
}

/** A state under construction, with the effects so far. */
export type Draft = { -readonly [Member in keyof Core]: Core[Member] } & { effects: Effect[]; readonly merging: Merging };

/** Thrown by `step` if an event needs the merge before that is loaded. */
export class MergeNeeded extends Error {}

function needMerge(): never {
  throw new MergeNeeded();
}

const NOT_LOADED: Merging = { merge: needMerge, conflicted: needMerge, resolved: needMerge };

/** Return the state after an event, and the effects to run. Throws MergeNeeded only without `merging`. */
export function step<Name extends keyof Events>(before: Core, name: Name, event: Events[Name], merging: Merging | null): { core: Core; effects: Effect[] } {
  const draft: Draft = { ...before, effects: [], merging: merging ?? NOT_LOADED };
  handlers[name](draft, event);
  const { effects, merging: _, ...core } = draft;
  return { core, effects };
}

const handlers: { readonly [Name in keyof Events]: (core: Draft, event: Events[Name]) => void } = {
  opened,
  loadAsked: load,
  loaded,
  loadFailed(core, { error }) {
    core.isLoading = false;
    failed(core, error);
  },
  edited,
  reverted: edited,
  corrected,
  reported: (core, { error }) => failed(core, error),
  refused(core, { error }) {
    core.invalid = error;
  },
  saveAsked(core, { message }) {
    core.asked = { message: message ?? core.asked?.message };
    if (core.isLoaded) proceed(core);
    else load(core);
  },
  saved,
  saveFailed,
  resolved: (core, { choice }) => core.conflict && core.merging.resolved(core, core.conflict, choice),
  discarded,
  autosaveSet(core, { on }) {
    core.autosave = on;
    // A pending retry keeps its timer.
    if (!core.error?.isTemporary) core.effects.push({ do: "stopWaiting" });
    proceed(core);
  },
  heard,
  timer: (core) => (core.error ? retry(core) : save(core)),
  online: (core) => core.error?.isTemporary && retry(core),
  shown: (core) => (core.error && (core.error.isTemporary || canTry(core)) ? retry(core) : revalidate(core)),
  hidden: (core) => core.autosave && save(core, true),
  written(core, { write }) {
    core.written = write;
  },
  writeFailed(core) {
    core.written = -1;
  },
};

// --- loading ---

function opened(core: Draft, { copy, pending }: Events["opened"]): void {
  const early = core.base || !core.hasEdits ? null : core.mine;
  core.isOpened = true;
  if (pending && !(core.base && isDirty(core))) {
    const shown = core.base;
    core.base = pending.base;
    core.sent = pending.sent;
    core.unsure = pending.sent?.key;
    change(core, pending.mine);
    // The page never falls back to the older base of a closed tab's edits.
    if (shown && !core.sent && shown.version > core.base.version) {
      rebase(core, null, shown);
      write(core);
    }
  } else if (copy && !core.base) take(core, copy);
  core.isCopy = core.base !== null;
  core.newest = Math.max(core.newest, copy?.version ?? 0, core.base?.version ?? 0);
  putOnto(core, early);
  load(core);
}

function load(core: Draft): void {
  if (!core.isOpened || core.isLoading || core.isStopped) return;
  core.isLoading = true;
  core.effects.push({ do: "load", news: core.news });
}

function loaded(core: Draft, { version, news }: Events["loaded"]): void {
  core.isLoading = false;
  // The response may be older than a version saved or announced while the request was in flight.
  if (version.version < core.newest && news < core.news) return load(core);
  core.effects.push({ do: "copy", version, isOnly: version.version < (core.base?.version ?? 0) });
  core.newest = version.version;
  core.isLoaded = true;
  core.isCopy = false;
  succeeded(core);
  const early = core.base || !core.hasEdits ? null : core.mine;
  const isKnown = core.base?.version === version.version && isEqual(core.base.config, version.config);
  if (!core.base || !(isDirty(core) || isKnown)) take(core, version);
  putOnto(core, early);
  proceed(core);
}

export function take(core: Draft, version: Version): void {
  core.base = version;
  core.mine = version.config;
  core.hasEdits = false;
}

/** Rebase edits made before a config was available onto it; untouched initial values do not count as edits. */
function putOnto(core: Draft, early: Json): void {
  if (early === null || !core.base || isEqual(early, core.initial)) return;
  // If nothing is saved yet, each edited member is saved as a whole.
  const config = carryOver(core.initial, early, core.mine ?? {});
  change(core, core.mine ? config : toJson({ ...(EMPTY as object), ...(config as object) }));
  write(core);
}

/** Record that a version exists. */
export function learn(core: Draft, version: number): void {
  core.newest = Math.max(core.newest, version);
  core.news += 1;
}

function heard(core: Draft, { version }: Events["heard"]): void {
  if (version <= (core.base?.version ?? 0)) return;
  learn(core, version);
  revalidate(core);
}

function revalidate(core: Draft): void {
  if (core.isLoaded && !isDirty(core)) load(core);
}

function retry(core: Draft): void {
  if (core.isLoaded && isDue(core) && !core.conflict) save(core);
  else load(core);
}

export function succeeded(core: Draft): void {
  if (!core.isStopped) core.error = null;
  core.attempt = 0;
}

function failed(core: Draft, error: DashkeepError): void {
  core.error = error;
  if (error.code === "user-changed") core.isStopped = true;
  if (!error.isTemporary) return;
  core.effects.push({ do: "wait", attempt: core.attempt, retryAfter: error.retryAfter });
  core.attempt += 1;
}

// --- edits ---

function edited(core: Draft, { config }: Events["edited"]): void {
  core.invalid = null;
  if (config === core.mine) return;
  change(core, config);
  excuse(core);
  write(core);
  proceed(core);
}

/** Clear a rejection: the new edit may have removed its cause, but gives no access. */
function excuse(core: Draft): void {
  const { error } = core;
  const isDenied = error?.code === "not-found" || (error?.code === "forbidden" && isDirty(core));
  if (error && !error.isTemporary && !isDenied && core.isLoaded && !core.isStopped) core.error = null;
}

function corrected(core: Draft, { config }: Events["corrected"]): void {
  if (config === core.mine) return;
  const { hasEdits } = core;
  const wasDirty = isDirty(core);
  change(core, config);
  core.hasEdits &&= hasEdits;
  if (wasDirty) write(core);
}

/** Show a config that the user has edited. */
export function change(core: Draft, config: Json): void {
  const from = core.sent ? core.sent.config : core.base?.config;
  core.mine = isEqual(config, from) ? (from as Json) : config;
  core.hasEdits = core.mine !== from;
}

export function write(core: Draft): void {
  core.writes += 1;
  core.effects.push({ do: "write", write: core.writes });
}

/** Rebase the edits made since a save, or since the base if there was no save, onto a newer version. */
function rebase(core: Draft, sent: Sent | null, version: Version): void {
  const base = core.base as Version;
  const from = sent ? sent.config : base.config;
  core.base = version;
  // Nobody else has changed anything.
  if (version.config === from) return change(core, core.mine);
  const { document, conflicts } = core.merging.merge(from ?? (version.config && EMPTY), version.config, core.mine, "mine");
  if (!conflicts.length) change(core, document);
  else {
    // The version is that of the user's own save, which others' are merged into.
    core.conflict = { base: from, theirs: version.config, conflicts, currentVersion: version.version, updatedAt: version.updatedAt, updatedBy: null };
    core.origin = { base, sent };
  }
}

function discarded(core: Draft): void {
  if (core.conflict) takeTheirs(core, core.conflict);
  core.invalid = null;
  core.asked = null;
  if (core.base) change(core, core.base.config);
  else {
    core.mine = null;
    core.hasEdits = false;
  }
  if (core.sent) core.asked = {};
  else excuse(core);
  write(core);
  proceed(core);
}

export function takeTheirs(core: Draft, { theirs, currentVersion, updatedAt, updatedBy }: Dispute): void {
  core.conflict = core.origin = null;
  take(core, { config: theirs, version: currentVersion, updatedAt, updatedBy });
}

// --- saving ---

/** Save now if the user has requested it, otherwise after the autosave delay. */
export function proceed(core: Draft): void {
  if (core.asked && !core.sent && core.isLoaded && core.mine === core.base?.config) core.asked = null;
  if (core.asked) return save(core);
  if (core.isLoaded && !isDirty(core) && (core.base?.version ?? 0) < core.newest) return load(core);
  if (isDue(core) && canSave(core) && canTry(core)) core.effects.push({ do: "wait", attempt: null });
}

function isDue(core: Draft): boolean {
  return core.sent !== null || core.asked !== null || (core.autosave && core.hasEdits);
}

function canSave(core: Draft): boolean {
  return core.isLoaded && !core.isSending && !core.conflict && !core.isStopped;
}

/** Whether an attempt may succeed now, also because access may be back. */
function canTry({ error }: Core): boolean {
  return !error || DENIED.includes(error.code);
}

function save(core: Draft, isLast = false): void {
  if (!canSave(core)) return;
  if (!core.sent && isDue(core)) {
    seal(core, core.asked ? "user" : "autosave", core.asked?.message);
    core.asked = null;
  }
  const { sent } = core;
  if (!sent) return;
  core.isSending = true;
  core.effects.push({ do: "stopWaiting" }, { do: "send", sent, isLast });
}

/** Create a save of what is shown; it is then repeated unchanged until the server answers it. */
export function seal(core: Draft, source: Source, message?: string): void {
  const { base, mine } = core;
  if (!base || mine === base.config) return;
  core.saves += 1;
  const patch = mine === null ? null : diff(base.config, mine);
  core.sent = { key: `${core.name}-${core.saves}`, base: base.version, patch, config: mine, source, message };
  core.hasEdits = false;
  write(core);
}

function saved(core: Draft, { key, version, newest, at }: Events["saved"]): void {
  const { sent } = core;
  if (sent?.key !== key) return;
  core.sent = null;
  core.isSending = false;
  core.lastSavedAt = at;
  succeeded(core);
  learn(core, newest);
  core.effects.push({ do: "copy", version, isOnly: false }, { do: "tell", version: version.version });
  // A correction of what was sent does not apply to the version that has arrived.
  if (core.hasEdits) rebase(core, sent, version);
  else take(core, version);
  write(core);
  proceed(core);
}

function saveFailed(core: Draft, { key, error }: Events["saveFailed"]): void {
  const { sent } = core;
  if (sent?.key !== key) return;
  core.isSending = false;
  if (error.isTemporary) core.unsure = key;
  if (error.isTemporary || error.code === "user-changed" || (DENIED.includes(error.code) && core.unsure === key)) return failed(core, error);
  const isAsSent = core.mine === sent.config;
  core.sent = null;
  change(core, core.mine);
  write(core);
  core.asked = null;
  if (error instanceof ConflictError) core.merging.conflicted(core, error, isAsSent);
  else failed(core, error);
}
