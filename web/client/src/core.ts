/**
 * The life of an open document, as a pure function: an event in, the next state and the effects to do out.
 *
 * Theory of operation
 * ===================
 *
 * A document has three configs. `base` is a version that the server has; `sent.config`, if a save is on its way, is what
 * the server has once it accepts; `mine` is what is shown. Edits change `mine` alone. A save is a JSON patch from `base`
 * to `mine`, under a key of its own.
 *
 *     base ──(sent.patch)──▶ sent.config ──(later edits)──▶ mine
 *
 * The rules that keep the promises of the README:
 *
 * - A save that was sent stays as it is until the server has answered it: a retry repeats the same patch, version and key,
 *   so that it takes effect once at most. What was edited since goes with the next save.
 * - An accepted save brings the version that it made, which other saves may be merged into. It becomes `base`, and the
 *   later edits are put onto it. Where both changed the same value, the user decides: a conflict.
 * - A version that arrives replaces `mine` only where there are no edits. Otherwise the edits keep the version that they
 *   were made from, and the server merges.
 * - A *correction* is a change that nobody made: a grid compacts, a store completes its state. It is shown, and saved with
 *   the user's next edit, never by itself: two pages that correct each other would never end.
 * - What is decided changes `mine`, whatever is on its way: a discard while a save is unanswered repeats that save until
 *   its outcome is known, then takes it back.
 *
 * Nothing here reads a clock, a storage or a network, and nothing is random, so a test can run every order of events. The
 * rim (`document.ts`) does the effects, and hands in what came of them as further events.
 */

import { ConflictError, type DashkeepError } from "./errors.js";
import { freeze, isEqual, toJson, type Json } from "./json.js";
import { merge, type Side } from "./merge.js";
import { diff, type Operation } from "./patch.js";
import type { Source, Status } from "./types.js";

/** One version of a config, as the server has it; `text` is the answer that it was read from. */
export interface Version {
  readonly config: Json;
  readonly version: number;
  readonly updatedAt: string | null;
  readonly text?: string;
}

/** A save whose outcome is not known. */
export interface Sent {
  readonly key: string;
  /** The version that it was made from. */
  readonly base: number;
  /** What leads from it to `config`; null removes the config. */
  readonly patch: readonly Operation[] | null;
  /** What was shown when it was sent: later edits are those that came after it. */
  readonly config: Json;
  readonly source: Source;
  readonly message?: string | undefined;
}

/** What a browser keeps of a document's unsaved edits. */
export interface Pending {
  readonly base: Version;
  readonly sent: Sent | null;
  readonly mine: Json;
}

/** What both sides changed; `base` is what both started from. */
export interface Dispute {
  readonly base: Json;
  readonly theirs: Json;
  readonly conflicts: readonly string[];
  readonly currentVersion: number;
  readonly updatedAt: string | null;
}

export interface Core {
  /** Unique to this opening of the document; `saves` counts the keys made from it. */
  readonly name: string;
  readonly saves: number;
  readonly autosave: boolean;
  /** What is shown before anything was loaded: the edits that are made then are those against it. */
  readonly initial: Json;
  readonly isOpened: boolean;
  /** Whether the server has answered since the document was opened. */
  readonly isLoaded: boolean;
  readonly isLoading: boolean;
  readonly isSending: boolean;
  /** Another user has signed in: nothing is sent any more. */
  readonly isStopped: boolean;
  readonly base: Version | null;
  readonly isCopy: boolean;
  readonly sent: Sent | null;
  readonly mine: Json;
  /** Whether the user has edited since the last save was sent; otherwise a difference is a correction. */
  readonly hasEdits: boolean;
  /** A save that the user has asked for and that was not sent yet. */
  readonly asked: { readonly message?: string | undefined } | null;
  readonly conflict: Dispute | null;
  /** What the edits of a conflict were made from, if that is not the base any more: a reopened document has the same conflict. */
  readonly origin: { readonly base: Version; readonly sent: Sent | null } | null;
  readonly error: DashkeepError | null;
  /** The refusal of the last edit, which is not shown. */
  readonly invalid: DashkeepError | null;
  /** The newest version that is known to exist, and how often that changed. */
  readonly newest: number;
  readonly news: number;
  readonly attempt: number;
  /** How many states were given to the storage, and the last one that it has; -1 if it failed. */
  readonly writes: number;
  readonly written: number;
  readonly lastSavedAt: number | null;
}

/** What happens to a document, by name. */
export interface Events {
  /** The storage was read; a later one brings edits of a tab that was closed since. */
  opened: { readonly copy: Version | null; readonly pending: Pending | null };
  loadAsked: object;
  /** `news` is that of the effect that it answers. */
  loaded: { readonly version: Version; readonly news: number };
  loadFailed: { readonly error: DashkeepError };
  edited: { readonly config: Json };
  corrected: { readonly config: Json };
  /** A config that has arrived, or an old copy, cannot be used. */
  reported: { readonly error: DashkeepError };
  /** An edit was refused. */
  refused: { readonly error: DashkeepError };
  saveAsked: { readonly message?: string | undefined };
  saved: { readonly key: string; readonly version: Version; readonly newest: number; readonly at: number };
  saveFailed: { readonly key: string; readonly error: DashkeepError };
  resolved: { readonly choice: Side | { readonly config: Json } };
  discarded: object;
  autosaveSet: { readonly on: boolean };
  /** Another tab knows a version. */
  heard: { readonly version: number };
  timer: object;
  online: object;
  shown: object;
  hidden: object;
  written: { readonly write: number };
  writeFailed: object;
}

/** What has to be done, by name. */
export interface Effects {
  load: { readonly news: number };
  /** `isLast`: the page may be gone at once. */
  send: { readonly sent: Sent; readonly isLast: boolean };
  /** Report `timer` after the autosave delay, or after the wait before the next attempt. */
  wait: { readonly attempt: number | null; readonly retryAfter?: number | undefined };
  stopWaiting: object;
  /** Keep `pendingOf` the state in this browser, or forget what is kept, and report `written`. */
  write: { readonly write: number };
  /** Keep a version to show when the document is opened again; `isOnly` says that newer ones no longer exist. */
  copy: { readonly version: Version; readonly isOnly: boolean };
  tell: { readonly version: number };
}

export type Effect = { [Name in keyof Effects]: { readonly do: Name } & Effects[Name] }[keyof Effects];

/** What a config without anything in it is: the server's base for merging into nothing. */
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
    isCopy: false,
    sent: null,
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
  if (error) return error.code === "network" || error.code === "timeout" ? "offline" : "failed";
  if (!core.isLoaded) return "loading";
  if (core.isSending) return "saving";
  if (isDirty(core)) return "dirty";
  return core.mine === core.base?.config ? "clean" : "corrected";
}

/** What a browser has to keep so that no edit is lost; null if there is none. */
export function pendingOf(core: Core): Pending | null {
  const { base, sent, origin, hasEdits } = core;
  // A correction of what was sent is no edit.
  const mine = sent && !hasEdits ? sent.config : core.mine;
  return base && isDirty(core) ? { base, sent, ...origin, mine } : null;
}

/** A state in the making, with the effects so far. */
type Draft = { -readonly [Member in keyof Core]: Core[Member] } & { effects: Effect[] };

/** Return the state after an event, and what has to be done. */
export function step<Name extends keyof Events>(before: Core, name: Name, event: Events[Name]): { core: Core; effects: Effect[] } {
  const draft: Draft = { ...before, effects: [] };
  handlers[name](draft, event);
  const { effects, ...core } = draft;
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
  resolved,
  discarded,
  autosaveSet(core, { on }) {
    core.autosave = on;
    // The wait for another attempt goes on.
    if (!core.error?.isTemporary) core.effects.push({ do: "stopWaiting" });
    proceed(core);
  },
  heard,
  timer: (core) => (core.error ? retry(core) : save(core)),
  online: (core) => core.error?.isTemporary && retry(core),
  shown: (core) => (core.error?.isTemporary ? retry(core) : revalidate(core)),
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
    change(core, pending.mine);
    // What is shown never goes back to the version that a closed tab's edits were made from.
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
  // An answer may be older than what was saved or heard of while it was under way.
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

function take(core: Draft, version: Version): void {
  core.base = version;
  core.mine = version.config;
  core.hasEdits = false;
}

/** Put the edits that were made before there was a config onto it; untouched initial values are no edits. */
function putOnto(core: Draft, early: Json): void {
  if (early === null || !core.base || isEqual(early, core.initial)) return;
  // Where nothing is saved, what was touched is saved whole.
  const { document } = merge(core.initial, core.mine ?? {}, early, "mine", [], true);
  change(core, core.mine ? document : toJson({ ...(EMPTY as object), ...(document as object) }));
  write(core);
}

/** Learn that a version exists. */
function learn(core: Draft, version: number): void {
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

function succeeded(core: Draft): void {
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
  excuse(core);
  change(core, config);
  write(core);
  proceed(core);
}

/** The reason for a refusal may be gone with what was refused. */
function excuse(core: Draft): void {
  if (core.error && !core.error.isTemporary && core.isLoaded && !core.isStopped) core.error = null;
}

function corrected(core: Draft, { config }: Events["corrected"]): void {
  if (config === core.mine) return;
  const { hasEdits } = core;
  const wasDirty = isDirty(core);
  change(core, config);
  core.hasEdits &&= hasEdits;
  if (wasDirty) write(core);
}

/** Show a config that the user has made. */
function change(core: Draft, config: Json): void {
  const from = core.sent ? core.sent.config : core.base?.config;
  core.mine = isEqual(config, from) ? (from as Json) : config;
  core.hasEdits = core.mine !== from;
}

function write(core: Draft): void {
  core.writes += 1;
  core.effects.push({ do: "write", write: core.writes });
}

/** Put the edits that were made after a save, or without one from the base, onto a newer version. */
function rebase(core: Draft, sent: Sent | null, version: Version): void {
  const base = core.base as Version;
  const from = sent ? sent.config : base.config;
  core.base = version;
  const { document, conflicts } = merge(from ?? (version.config && EMPTY), version.config, core.mine, "mine");
  if (!conflicts.length) change(core, document);
  else {
    core.conflict = { base: from, theirs: version.config, conflicts, currentVersion: version.version, updatedAt: version.updatedAt };
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

function resolved(core: Draft, { choice }: Events["resolved"]): void {
  const { conflict, mine } = core;
  if (!conflict) return;
  const merged = (side: Side, disputed?: readonly string[]) => merge(conflict.base ?? EMPTY, conflict.theirs, mine, side, disputed);
  // A pointer to an element that they deleted may also name another one, so only what the merge does not find is added.
  const { conflicts } = merged("theirs");
  const disputed = conflict.conflicts.filter((pointer) => !conflicts.includes(pointer));
  takeTheirs(core, conflict);
  change(core, typeof choice === "object" ? choice.config : merged("mine", disputed).document);
  if (choice === "theirs") {
    // My values go into history first, where they can be found again.
    if (core.hasEdits && core.mine !== null && !conflict.conflicts.includes("")) seal(core, "user");
    change(core, merged("theirs", disputed).document);
  }
  core.asked = {};
  write(core);
  proceed(core);
}

function takeTheirs(core: Draft, { theirs, currentVersion, updatedAt }: Dispute): void {
  core.conflict = core.origin = null;
  take(core, { config: theirs, version: currentVersion, updatedAt });
}

// --- saving ---

/** Save now if the user has asked for it, or after a while. */
function proceed(core: Draft): void {
  if (core.asked && !core.sent && core.isLoaded && core.mine === core.base?.config) core.asked = null;
  if (core.asked) return save(core);
  if (core.isLoaded && !isDirty(core) && (core.base?.version ?? 0) < core.newest) return load(core);
  if (isDue(core) && canSave(core) && !core.error) core.effects.push({ do: "wait", attempt: null });
}

function isDue(core: Draft): boolean {
  return core.sent !== null || core.asked !== null || (core.autosave && core.hasEdits);
}

function canSave(core: Draft): boolean {
  return core.isLoaded && !core.isSending && !core.conflict && !core.isStopped;
}

function save(core: Draft, isLast = false): void {
  if (!canSave(core)) return;
  if (!core.sent && (core.hasEdits || core.asked)) {
    seal(core, core.asked ? "user" : "autosave", core.asked?.message);
    core.asked = null;
  }
  const { sent } = core;
  if (!sent) return;
  core.isSending = true;
  core.effects.push({ do: "stopWaiting" }, { do: "send", sent, isLast });
}

/** Make a save of what is shown; from here on it is repeated as it is until it is answered. */
function seal(core: Draft, source: Source, message?: string): void {
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
  learn(core, Math.max(newest, version.version));
  core.effects.push({ do: "copy", version, isOnly: false }, { do: "tell", version: version.version });
  // A correction of what was sent is none of what has arrived.
  if (core.hasEdits) rebase(core, sent, version);
  else take(core, version);
  write(core);
  proceed(core);
}

function saveFailed(core: Draft, { key, error }: Events["saveFailed"]): void {
  const { sent } = core;
  if (sent?.key !== key) return;
  core.isSending = false;
  if (error.isTemporary || error.code === "user-changed") return failed(core, error);
  const isAsSent = core.mine === sent.config;
  core.sent = null;
  change(core, core.mine);
  write(core);
  core.asked = null;
  if (error instanceof ConflictError) conflicted(core, error, isAsSent);
  else failed(core, error);
}

function conflicted(core: Draft, error: ConflictError, isAsSent: boolean): void {
  const base = core.base?.config ?? null;
  const newest: Version = { config: toJson(error.current, core.mine), version: error.currentVersion, updatedAt: error.updatedAt };
  succeeded(core);
  learn(core, newest.version);
  // What was sent may have been edited back since.
  if (!core.hasEdits) take(core, newest);
  else {
    // The server compared what was sent; a base that history no longer holds is still here.
    const conflicts = (isAsSent && error.conflicts) || merge(base ?? EMPTY, newest.config, core.mine).conflicts;
    core.conflict = { base, theirs: newest.config, conflicts, currentVersion: newest.version, updatedAt: newest.updatedAt };
    if (!conflicts.length) return resolved(core, { choice: "mine" });
  }
  proceed(core);
}
