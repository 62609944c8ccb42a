/**
 * An open document: the rim around `core.ts`, which runs its effects and reports their results as events.
 */

import type { Merging } from "./conflicts.js";
import { EMPTY, isDirty, isKept, MergeNeeded, pendingOf, start, statusOf, step, type Dispute, type Effects, type Events, type Pending, type Sent, type Version } from "./core.js";
import type { Environment } from "./environment.js";
import { ConflictError, DashkeepError, DENIED, GONE, KEPT, type FieldError } from "./errors.js";
import { isObject, toJson, type Json } from "./json.js";
import type { Moved, Persisted } from "./legacy.js";
import { diff } from "./patch.js";
import { frozen, lockOf, type BrowserStorage, type Key, type Slot } from "./storage.js";
import type { Found } from "./takeover.js";
import { failure, required, waitBefore, type Token, type Transport } from "./transport.js";
import type { DashboardDocument, DocumentState, OpenOptions } from "./types.js";
import type { Change, Direction, Steps } from "./undo.js";

/** What a document needs from the client that opens it. */
export interface Surroundings {
  readonly environment: Environment;
  readonly transport: Transport;
  readonly storage: BrowserStorage;
  /** Where the tab keeps the steps that can be undone; null if nothing may be stored. */
  session(): Storage | null;
  /** The key of a user's copy of the document. */
  keyOf(user: string): Key;
  load(known: Version | null, user: string, token?: Token): Promise<Version>;
  restore(version: number, base: number, user: string, message?: string): Promise<unknown>;
  undoVersion(version: number, user: string, message?: string): Promise<unknown>;
  /** The path of the config in the API. */
  readonly path: string;
  save(sent: Sent, user: string, isLast: boolean): Promise<{ version: Version; newest: number }>;
  /** Announce a version to the other documents and tabs, and listen for theirs; returns a function to stop. */
  tell(key: Key, version: number): void;
  hear(heard: (key: Key, version: number | null) => void): () => void;
}

export interface InternalOptions<Config extends object> extends OpenOptions<Config> {
  readonly persisted?: Persisted;
  /** Whether no other opening shares the document. */
  readonly isOwn?: boolean;
}

export interface InternalDocument<Config extends object> extends DashboardDocument<Config> {
  /** Report in the state why an edit or a loaded config failed. */
  report(error: DashkeepError, isEdit: boolean): void;
  /** Load if this is a page; a server renders what is there. */
  loadIfPage(): void;
}

type Purpose = "load" | "save";

const AUTOSAVE_DELAY = 1_500;

export function openDocument<Config extends object>(at: Surroundings, options: InternalOptions<Config>): InternalDocument<Config> {
  type State = DocumentState<Config>;
  type Edit = Config | ((config: Config) => Config);

  const { environment, transport, storage } = at;
  const { autosave = true, autosaveDelay = AUTOSAVE_DELAY, initial } = options;
  const loaded = options.loaded ? frozen(options.loaded as Version) : null;
  const listeners = new Set<(state: State) => void>();
  const closing: (() => void)[] = [];
  let core = start(environment.id(), autosave, loaded?.config ?? toJson(initial ?? EMPTY));
  let notMoved: readonly FieldError[] = [];
  /** Null until it is needed. */
  let merging: Merging | null = null;
  let steps: Steps | null = null;
  /** What has changed from the first edit on, until `steps` is there. */
  const changes: Change[] = [];
  let state = snapshot();
  let waiters: { purpose: Purpose; resolve: (state: State) => void; reject: (error: unknown) => void }[] = [];
  let isStarted = false;
  let isClosed = false;
  let stopWaiting = () => {};
  let user: string | null = null;
  /** The key of the user's copy, once they are known. */
  let place: Key = [];
  /** The token request made on opening, which the first load reuses. */
  let opening: Promise<Token> | null = null;
  let slot: Slot = { name: "", release: null };
  let writing: Promise<void> | null = null;
  let toWrite = 0;

  const load = async () => {
    requireOpen();
    return until("load", () => (isStarted ? dispatch("loadAsked", {}) : void begin()));
  };
  const save = async ({ message, signal }: { message?: string; signal?: AbortSignal } = {}) => {
    requireOpen();
    signal?.throwIfAborted();
    if (!isStarted) void begin();
    return until("save", () => dispatch("saveAsked", { message }), signal);
  };

  const effects: { readonly [Name in keyof Effects]: (effect: Effects[Name]) => void } = {
    load: ({ news }) => isClosed || void read(news),
    send: ({ sent, isLast }) => void send(sent, isLast),
    wait({ attempt, retryAfter }) {
      stopWaiting();
      const wait = attempt === null ? autosaveDelay : waitBefore(attempt, retryAfter, environment.random);
      if (!isClosed) stopWaiting = environment.after(wait, () => dispatch("timer", {}));
    },
    stopWaiting: () => stopWaiting(),
    write({ write }) {
      toWrite = write;
      writing ??= writeAll();
    },
    copy: ({ version, isOnly }) => quietly((key) => storage.keepCopy(key, version, isOnly)),
    tell: ({ version }) => user !== null && at.tell(place, version),
  };

  return {
    get state() {
      return state;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    load,
    refresh: load,
    edit: (change) => dispatch("edited", { config: changed(change) }),
    correct: (change) => dispatch("corrected", { config: changed(change) }),
    save,
    setAutosave: (on) => dispatch("autosaveSet", { on }),
    async resolve(choice) {
      const decided = typeof choice === "object" ? { config: changed(choice) } : choice;
      return until("save", () => dispatch("resolved", { choice: decided }));
    },
    discard: () => dispatch("discarded", {}),
    undo: () => revert("undo"),
    redo: () => revert("redo"),
    loadIfPage: () => environment.isPage() && void load().catch(() => {}),
    report: (error, isEdit) => dispatch(isEdit ? "refused" : "reported", { error }),
    restore: (version, { message } = {}) => revise((owner) => at.restore(version, core.base?.version ?? 0, owner, message)),
    undoVersion: (version, { message } = {}) => revise((owner) => at.undoVersion(version, owner, message)),
    close() {
      if (isClosed) return;
      dispatch("hidden", {});
      isClosed = true;
      stopWaiting();
      for (const stop of closing) stop();
      listeners.clear();
      for (const { reject } of waiters.splice(0)) reject(failure("closed"));
      releaseIfDone();
    },
  };

  // --- state ---

  function snapshot(): State {
    const { base, conflict, mine } = core;
    const known = base ?? (core.isOpened ? null : loaded);
    return Object.freeze({
      status: statusOf(core),
      config: (mine ?? (base ? null : known?.config) ?? null) as Config | null,
      version: known?.version ?? 0,
      updatedAt: known?.updatedAt ?? null,
      updatedBy: known?.updatedBy ?? null,
      origin: known && (core.isCopy || known.version < core.newest ? "cache" : "network"),
      isDirty: isDirty(core),
      isKept: isKept(core),
      lastSavedAt: core.lastSavedAt,
      error: core.invalid ?? core.error,
      conflict: conflict && ({ ...conflict, mine } as State["conflict"]),
      autosave: core.autosave,
      canUndo: steps?.canUndo ?? false,
      canRedo: steps?.canRedo ?? false,
      notMoved,
    });
  }

  function dispatch<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const [next, before] = [step(core, name, event, merging), shown()];
    ({ core } = next);
    record(name, before);
    for (const effect of next.effects) (effects[effect.do] as (effect: object) => void)(effect);
    publish();
    settle("error" in event && name.endsWith("Failed") ? (event.error as DashkeepError | undefined) : undefined, name);
    releaseIfDone();
  }

  /** Dispatch the answer to a save; if the merge cannot be loaded, that counts as no answer, so the save is repeated. */
  async function answered<Name extends "saved" | "saveFailed">(name: Name, event: Events[Name]): Promise<void> {
    try {
      dispatch(name, event);
    } catch (error) {
      if (!(error instanceof MergeNeeded)) throw error;
      await loadMerge();
      dispatch(name, event);
    }
  }

  async function loadMerge(): Promise<Merging> {
    return (merging = await required(import("./merge.js")));
  }

  function publish(): void {
    const before = state;
    const after = snapshot();
    const isSame = (Object.keys(after) as (keyof State)[]).every((name) => after[name] === before[name] || (name === "conflict" && after.conflict && before.conflict));
    if (isSame) return;
    state = after;
    for (const listener of [...listeners]) listener(state);
  }

  function shown(): Json {
    return core.mine ?? (core.base ? EMPTY : core.initial);
  }

  function changed(change: Edit): Json {
    requireOpen();
    const before = shown();
    try {
      const made: unknown = typeof change === "function" ? change(before as unknown as Config) : change;
      const config = toJson(made, before);
      if (!isObject(config)) throw failure("not-json");
      return made === before ? core.mine : config;
    } catch (error) {
      if (error instanceof DashkeepError) dispatch("refused", { error });
      throw error;
    }
  }

  function requireOpen(): void {
    if (isClosed) throw failure("closed");
  }

  // --- undo ---

  function record(name: keyof Events, before: Json): void {
    const change = { name, before, after: shown(), at: environment.now() };
    if (steps) return steps.record(change);
    if (name !== "edited" && !changes.length) return;
    changes.push(change);
    // If the module cannot be loaded, the next edit or `undo` asks for it again.
    if (core.isOpened) loadSteps().catch(() => {});
  }

  async function loadSteps(): Promise<Steps> {
    const { openSteps } = await required(import("./undo.js"));
    if (!steps) {
      // Steps of an unknown user last as long as the page.
      const storage = user === null ? null : at.session();
      steps = openSteps({ storage, name: lockOf(place, "undo"), merging: () => merging, loadMerge, shown, show, changed: publish }, changes.splice(0));
      publish();
    }
    return steps;
  }

  async function revert(direction: Direction): Promise<void> {
    await (await loadSteps()).revert(direction);
  }

  function show(config: Json): void {
    requireOpen();
    dispatch("reverted", { config });
  }

  /** Make a version from older ones; unsaved edits become a version before it, so that it loses nothing. */
  async function revise(call: (owner: string) => Promise<unknown>): Promise<State> {
    if (!core.isLoaded) await load();
    while (isDirty(core)) await save();
    // The call makes every document reload, even if it fails.
    await call(user as string);
    return load();
  }

  // --- what callers wait for ---

  /** `begun` starts what the caller waits for; what it throws is the rejection. */
  function until(purpose: Purpose, begun: () => void, signal?: AbortSignal): Promise<State> {
    return new Promise((resolve, reject) => {
      waiters.push({ purpose, resolve, reject });
      signal?.addEventListener("abort", () => reject(signal.reason));
      begun();
    });
  }

  function settle(error: DashkeepError | undefined, name: keyof Events): void {
    const { conflict, sent } = core;
    // A conflict that was merged here is resolved, and the save continues.
    const failed = error instanceof ConflictError && !conflict ? undefined : error;
    const done = { load: core.isLoaded && !core.isLoading, save: !core.asked && !sent };
    const before = waiters;
    waiters = [];
    for (const waiter of before) {
      const isSave = waiter.purpose === "save";
      const isOver = name !== "written" && ((isSave && conflict && conflictError(conflict)) || (core.isStopped && core.error));
      const problem = failed && (isSave || name === "loadFailed") ? failed : isOver;
      if (problem) waiter.reject(problem);
      else if (done[waiter.purpose]) waiter.resolve(state);
      else waiters.push(waiter);
    }
  }

  // --- effects ---

  async function begin(): Promise<void> {
    isStarted = true;
    closing.push(
      ...(["online", "shown", "hidden"] as const).map((kind) => environment.listen(kind, () => dispatch(kind, {}))),
      at.hear((key, version) => user !== null && String(key) === String(place) && dispatch(version === null ? "shown" : "heard", { version: version as number })),
    );
    opening = transport.token();
    let known: string | null = null;
    try {
      known = (await opening).user;
    } catch (error) {
      // Show the last user's copy, unless they have signed out.
      if (errorOf(error).code !== "signed-out") known = await storage.fact([transport.root, "user"]).catch(() => null);
    }
    if (known === null) dispatch("opened", { copy: loaded, pending: null });
    else await belongTo(known);
  }

  /** Open a user's stored copy and edits; the document belongs to that user from here on. */
  async function belongTo(owner: string): Promise<void> {
    user = owner;
    place = at.keyOf(owner);
    quietly(() => storage.setFact([transport.root, "user"], owner));
    const [copy, found] = await Promise.all([storage.copy(place).catch(() => null), findEdits().catch(() => null)]);
    const name = environment.id();
    // Assign the slot and dispatch its edits in one turn: an early edit between them would overwrite the stored edits.
    slot = found?.slot ?? { name, release: await environment.hold(lockOf(place, name), true) };
    dispatch("opened", { copy: loaded && loaded.version >= (copy?.version ?? 0) ? loaded : copy && frozen(copy), pending: found?.pending ?? null });
    if (changes.length || at.session()?.getItem(lockOf(place, "undo"))) loadSteps().catch(() => {});
  }

  async function read(news: number): Promise<void> {
    try {
      const requested = opening ?? transport.token();
      opening = null;
      const token = await requested;
      if (user === null) await belongTo(token.user);
      let version = await at.load(core.base, user as string, token);
      const moved = version.version === 0 && (options.persisted ?? options.legacyKeys) !== null ? await move() : null;
      notMoved = moved?.notMoved ?? notMoved;
      if (moved?.isSaved) version = await at.load(null, user as string);
      // A closed document has released its slot, so another tab may have taken over the edits.
      if (isClosed) return;
      dispatch("loaded", { version: version === core.base ? version : frozen(version, core.mine), news });
      if (moved?.error) dispatch("reported", { error: moved.error });
      void adopt();
    } catch (error) {
      dispatch("loadFailed", { error: failureOf(error) });
    }
  }

  /** Move the copy that an older version of the application left in this browser. */
  async function move(): Promise<Moved> {
    const { moveOldCopy } = await required(import("./legacy.js"));
    return moveOldCopy({ ...at, ...options, place, user: user as string });
  }

  async function send(sent: Sent, isLast: boolean): Promise<void> {
    const { key } = sent;
    try {
      // The key must be durable before the server sees it: a tab that takes these edits over repeats the save with it.
      if (!isLast) await writing;
      // A page that is being closed may not live to see the write before this one.
      else quietly(() => keep(pendingOf(core)));
      const { version, newest } = await at.save(sent, user as string, isLast);
      await answered("saved", { key, version: frozen(version, sent.config), newest, at: environment.now() });
      void adopt();
    } catch (error) {
      const fail = (cause: unknown) => answered("saveFailed", { key, error: failureOf(cause) });
      await fail(error).catch(fail);
    }
  }

  /** Say what the end of access means for the edits here, and keep no copy of what may no longer be read. */
  function failureOf(cause: unknown): DashkeepError {
    const error = errorOf(cause);
    const isGone = error.code === "not-found";
    if (isGone) quietly((key) => storage.dropCopies(key.slice(0, -1)));
    if (core.base && DENIED.includes(error.code)) error.message = (isGone ? GONE : error.message) + (isDirty(core) && core.written >= 0 ? KEPT : "");
    return error;
  }

  // --- what is kept in this browser ---

  function quietly(work: (key: Key) => Promise<unknown>): void {
    // Failures are ignored: `isKept` reports whether edits are durable.
    if (user !== null) work(place).catch(() => {});
  }

  async function writeAll(): Promise<void> {
    for (let done = -1; done !== toWrite; ) {
      done = toWrite;
      try {
        await keep(pendingOf(core));
        dispatch("written", { write: done });
      } catch {
        // The slot's older edits must not outlive a newer edit, or the next tab would save them.
        quietly((key) => storage.dropEdits(key, slot.name));
        dispatch("writeFailed", {});
      }
    }
    writing = null;
    releaseIfDone();
  }

  async function keep(pending: Pending | null): Promise<void> {
    if (user === null) throw failure("token");
    if (pending) {
      const { base, sent, mine } = pending;
      // The config that was sent can be rebuilt from its patch.
      const edits = { sent: sent && { ...sent, config: null }, patch: diff(base.config, mine), savedAt: environment.now() };
      await storage.keepEdits(place, slot.name, edits, base);
    } else await storage.dropEdits(place, slot.name);
  }

  /** Find the edits of a closed tab, and lock their slot; most pages find none and need no more code. */
  async function findEdits(): Promise<Found | null> {
    const others = (await storage.slots(place)).filter(({ key }) => key.at(-1) !== slot.name);
    if (!others.length) return null;
    // Edits whose base is older than the version shown are merged with it.
    const [{ takeOver }] = await Promise.all([import("./takeover.js"), core.base && loadMerge()]);
    return takeOver(others, { environment, storage, place, shown: () => core.base });
  }

  /** Take over the edits of a tab that has closed since, if this document has no edits. */
  async function adopt(): Promise<void> {
    const isBusy = () => isDirty(core) || isClosed || user === null;
    await writing;
    const found = isBusy() ? null : await findEdits().catch(() => null);
    if (!found) return;
    if (isBusy() || writing) return found.slot.release?.();
    slot.release?.();
    ({ slot } = found);
    dispatch("opened", { copy: null, pending: found.pending });
  }

  function releaseIfDone(): void {
    if (!isClosed || core.isSending || writing) return;
    slot.release?.();
    slot = { ...slot, release: null };
  }
}

function errorOf(error: unknown): DashkeepError {
  if (error instanceof DashkeepError) return error;
  throw error;
}

function conflictError(conflict: Dispute): ConflictError {
  return new ConflictError(412, "version-conflict", { ...conflict, current: conflict.theirs, updatedBy: { id: conflict.updatedBy }, detail: `The config is at version ${conflict.currentVersion}.` });
}
