/**
 * One dashboard as an application edits it: what the server has, what was changed since, and the saving in between.
 *
 * The server's copy (`base`) and the edited one (`mine`) are kept apart. A save sends `mine` in place of `base`'s
 * version and lets the server merge what others saved; nothing counts as saved before the server has answered.
 */

import { read } from "./cache.js";
import { rebase, same, withValuesOf } from "./conflict.js";
import { ConflictError, DashkeepError, waitBefore } from "./transport.js";

const FRESH_ENOUGH = 5_000;
/** Where dashboards kept their parts before there was a server, by the config's member. */
const LEGACY_KEYS = {
  chartCustomizations: "chartCustomizations",
  currentLayout: "currentLayout",
  theme: "currentTheme",
  filters: "dashboardFilters",
};

/**
 * @typedef {import("./index.js").DocumentState} DocumentState
 * @typedef {{ config: any, version: number }} Base
 * @typedef {ReturnType<typeof import("./cache.js").createCache>} Cache
 */

export class DashboardDocument {
  /** @type {Set<(state: DocumentState) => void>} */
  #listeners = new Set();
  /** @type {Base} */
  #base = { config: null, version: 0 };
  /** @type {any} */
  #mine = null;
  /** @type {string | null} */
  #updatedAt = null;
  /** @type {DocumentState["origin"]} */
  #origin = null;
  #isLoaded = false;
  /** @type {number | null} */
  #lastSavedAt = null;
  /** @type {DashkeepError | null} */
  #error = null;
  /** @type {DocumentState["conflict"]} */
  #conflict = null;
  /** @type {Promise<void> | null} */
  #saving = null;
  #isSaving = false;
  #saveAgain = false;
  /** @type {string | undefined} */
  #message;
  /** @type {any} what an older version of the application left, and the server has not taken yet */
  #legacy = null;
  #attempt = 0;
  /** @type {AbortController | null} */
  #timer = null;
  #checkedAt = 0;
  /** @type {(() => void)[]} */
  #closing = [];
  #isClosed = false;

  /**
   * @param {{
   *   calls: any, cache: Promise<Cache>, tab: string,
   *   environment: import("./environment.js").Environment, storage: Storage | null, name: string,
   *   autosave?: boolean, autosaveDelay?: number, legacyKeys?: import("./index.js").OpenOptions["legacyKeys"],
   * }} options `calls` are the client's for this project; `name` is the document's among all tabs
   */
  constructor({ calls, cache, tab, environment, storage, name, autosave, autosaveDelay, legacyKeys }) {
    this.#calls = calls;
    this.#environment = environment;
    this.#storage = storage;
    this.#name = name;
    this.#autosave = autosave ?? true;
    this.#autosaveDelay = autosaveDelay ?? 1_500;
    this.#legacyKeys = legacyKeys === undefined ? LEGACY_KEYS : legacyKeys;
    this.state = this.#snapshot();
    this.#opening = this.#openCache(cache, tab);
    // A token that cannot be had is said when it is needed: at the load.
    this.#opening.catch(() => {});
    this.#channel = environment.openChannel("dashkeep");
    if (this.#channel) this.#channel.onmessage = ({ data }) => this.#heard(data);
    this.#closing.push(
      environment.listen("online", () => this.#retry()),
      environment.listen("focus", () => this.#revalidate()),
      () => this.#channel?.close(),
    );
  }

  #calls;
  /** @type {Promise<void>} */
  #opening;
  /** @type {Cache | null} */
  #cache = null;
  #tab = "";
  #environment;
  #storage;
  #name;
  #autosave;
  #autosaveDelay;
  #legacyKeys;
  #channel;

  /** Tell a listener of every change of `state`; returns how to stop. @param {(state: DocumentState) => void} listener */
  subscribe = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Load the config, with edits that were not saved when the page was left. */
  async load() {
    await this.#opening;
    await this.#adoptUnsaved();
    try {
      this.#take(await this.#calls.load());
      this.#error = null;
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      this.#isLoaded = true;
      this.#changed();
    }
    if (this.#base.version === 0 && !this.#isDirty) await this.#migrate();
    if (this.#isDirty) this.#scheduleSave();
    return this.state;
  }

  /** Ask the server whether there is something newer, which a load does at most every five minutes. */
  async refresh() {
    this.#checkedAt = Number.NEGATIVE_INFINITY;
    await this.#revalidate();
    return this.state;
  }

  /** Change the config here; it is kept in this browser at once, and saved later. @param {any} change */
  edit(change) {
    const before = this.#mine ?? { chartCustomizations: {} };
    this.#mine = typeof change === "function" ? change(before) : change;
    this.#legacy = null;
    if (this.#error && !this.#error.isPassing) this.#error = null;
    this.#keepUnsaved();
    this.#scheduleSave();
    this.#changed();
  }

  /**
   * Save what was edited. Resolves once the server has it; rejects with what it said.
   *
   * One save is on its way at a time; what is edited meanwhile goes with the next one.
   *
   * @param {{ message?: string }} [options]
   */
  async save({ message } = {}) {
    this.#stopTimer();
    this.#message = message ?? this.#message;
    if (this.#saving) this.#saveAgain = true;
    await this.#startSaving("user");
    return this.state;
  }

  /** @param {boolean} on */
  setAutosave(on) {
    this.#autosave = on;
    this.#stopTimer();
    if (on && this.#isDirty) this.#scheduleSave();
    this.#changed();
  }

  /**
   * Decide a conflict: at the places that both sides changed `mine` wins, or `theirs`; or the given config is saved.
   *
   * All else is kept of both sides, and both of the disputed values are in history afterwards.
   *
   * @param {"mine" | "theirs" | object} choice
   */
  async resolve(choice) {
    const conflict = this.#conflict;
    if (!conflict) return this.state;
    this.#conflict = null;
    try {
      await this.#decide(choice, conflict);
    } catch (error) {
      this.#conflict = conflict;
      this.#refused(error, this.#mine);
      throw error;
    }
    this.#changed();
    return this.state;
  }

  /** Forget what was edited since the last save. */
  discard() {
    this.#stopTimer();
    this.#mine = this.#conflict?.theirs ?? this.#base.config;
    if (this.#conflict) this.#base = { config: this.#mine, version: this.#conflict.currentVersion };
    this.#conflict = null;
    this.#error = null;
    this.#cache?.dropUnsaved(this.#tab);
    this.#changed();
  }

  /** Bring a version of history back as the newest. @param {number} version */
  async restore(version) {
    await this.#calls.restore(version, { ifMatch: this.#base.version });
    this.discard();
    this.#take(await this.#calls.load({ fresh: true }));
    this.#tellOthers();
    this.#changed();
    return this.state;
  }

  close() {
    this.#isClosed = true;
    this.#stopTimer();
    for (const stop of this.#closing) stop();
    this.#listeners.clear();
  }

  // --- what the state is made of ---

  get #isDirty() {
    return !same(this.#mine, this.#base.config);
  }

  /** @returns {DocumentState} */
  #snapshot() {
    return Object.freeze({
      status: this.#status(),
      config: this.#mine,
      version: this.#base.version,
      updatedAt: this.#updatedAt,
      origin: this.#origin,
      isDirty: this.#isDirty,
      lastSavedAt: this.#lastSavedAt,
      error: this.#error,
      conflict: this.#conflict,
      autosave: this.#autosave,
    });
  }

  /** @returns {DocumentState["status"]} */
  #status() {
    if (!this.#isLoaded) return "loading";
    if (this.#conflict) return "conflict";
    if (this.#isSaving) return "saving";
    if (this.#error) return this.#error.status === 0 ? "offline" : "failed";
    if (this.#isDirty) return "dirty";
    return this.#origin === "offline" ? "offline" : "clean";
  }

  #changed() {
    if (this.#isClosed) return;
    this.state = this.#snapshot();
    for (const listener of this.#listeners) listener(this.state);
  }

  // --- loading ---

  /** @param {{ config: any, version: number, updatedAt: string | null, origin: DocumentState["origin"] }} loaded */
  #take(loaded) {
    this.#origin = loaded.origin;
    this.#updatedAt = loaded.updatedAt;
    this.#checkedAt = this.#environment.now();
    // Edits stay edits of the version that they were made of: the server merges what was saved since.
    if (this.#isDirty) return;
    this.#base = { config: loaded.config, version: loaded.version };
    this.#mine = loaded.config;
  }

  /** Open what the browser keeps, under a name that no other living tab has. @type {(cache: Promise<Cache>, tab: string) => Promise<void>} */
  async #openCache(cache, tab) {
    const opened = await cache;
    let release = await this.#environment.hold(opened.holdName(tab));
    this.#tab = tab;
    if (!release) {
      // A duplicated tab begins with its model's name.
      this.#tab = crypto.randomUUID();
      release = await this.#environment.hold(opened.holdName(this.#tab));
    }
    this.#closing.push(() => release?.());
    this.#cache = opened;
  }

  /** Take up edits that this tab left at a reload, or that a tab which is gone left for good. */
  async #adoptUnsaved() {
    const cache = this.#cache;
    for (const tab of [this.#tab, ...(cache?.tabsWithUnsaved() ?? [])]) {
      const unsaved = cache?.unsaved(tab);
      if (!unsaved || this.#isDirty) continue;
      const isGone = tab === this.#tab || (await this.#isGone(tab));
      if (!isGone) continue;
      this.#base = unsaved.base;
      this.#mine = unsaved.config;
      this.#keepUnsaved();
      if (tab !== this.#tab) cache?.dropUnsaved(tab);
    }
  }

  /** @param {string} tab */
  async #isGone(tab) {
    const release = await this.#environment.hold(this.#cache?.holdName(tab) ?? "");
    release?.();
    return release !== null;
  }

  async #revalidate() {
    const isFresh = this.#environment.now() - this.#checkedAt < FRESH_ENOUGH;
    if (!this.#isLoaded || this.#isDirty || this.#saving || isFresh) return;
    try {
      this.#take(await this.#calls.load({ fresh: true }));
      this.#error = null;
    } catch (error) {
      this.#fail(error);
    }
    this.#changed();
  }

  /** @param {any} message from another tab */
  #heard(message) {
    if (message?.document !== this.#name || message.version <= this.#base.version) return;
    this.#checkedAt = Number.NEGATIVE_INFINITY;
    void this.#revalidate();
  }

  #tellOthers() {
    this.#channel?.postMessage({ document: this.#name, version: this.#base.version });
  }

  // --- saving ---

  #keepUnsaved() {
    if (!this.#isDirty) return this.#cache?.dropUnsaved(this.#tab);
    const savedAt = this.#environment.now();
    this.#cache?.keepUnsaved(this.#tab, { config: this.#mine, base: this.#base, savedAt });
  }

  #scheduleSave() {
    if (this.#autosave && !this.#conflict) this.#later(this.#autosaveDelay, () => this.#saveQuietly());
  }

  async #saveQuietly() {
    // The state says what came of it; nobody waits for a save that nobody asked for.
    await this.#startSaving("autosave").catch(() => {});
  }

  /** Begin to save, or join the save that is on its way. @type {(source: "user" | "autosave") => Promise<void>} */
  #startSaving(source) {
    if (this.#saving) return this.#saving;
    this.#isSaving = true;
    this.#saving = this.#saveAll(source).finally(() => {
      this.#isSaving = false;
      this.#saving = null;
      this.#changed();
    });
    return this.#saving;
  }

  /** @param {"user" | "autosave"} source */
  async #saveAll(source) {
    do {
      this.#saveAgain = false;
      if (!this.#isDirty || this.#conflict) break;
      const sent = this.#mine;
      this.#changed();
      try {
        const message = this.#message;
        const ifMatch = this.#base.version;
        this.#accepted(await this.#calls.save(sent, { ifMatch, merge: true, source, message, attempts: 1 }), sent);
        this.#message = undefined;
      } catch (error) {
        this.#refused(error, sent);
        throw error;
      }
    } while (this.#saveAgain || (this.#autosave && this.#isDirty && !this.#conflict));
  }

  /** @param {{ version: number, updatedAt: string | null, config?: any }} saved @param {any} sent */
  #accepted(saved, sent) {
    const config = saved.config ?? sent;
    // What was edited while the save was on its way goes onto what the server made of it.
    const { config: mine, conflicts } = rebase(sent, config, this.#mine);
    if (conflicts.length) {
      this.#conflict = this.#disputed({ mine: this.#mine, theirs: config, base: sent, conflicts, currentVersion: saved.version });
    } else {
      this.#mine = mine;
    }
    this.#base = { config, version: saved.version };
    this.#updatedAt = saved.updatedAt;
    this.#origin = "network";
    this.#error = null;
    this.#attempt = 0;
    this.#checkedAt = this.#lastSavedAt = this.#environment.now();
    this.#keepUnsaved();
    this.#tellOthers();
  }

  /** @type {(error: unknown, sent: any) => void} */
  #refused(error, sent) {
    if (error instanceof ConflictError && error.code === "version-conflict") {
      const { current: theirs, currentVersion, conflicts } = error;
      // Without a common base the server cannot name places: then it is all of it.
      this.#conflict = this.#disputed({ mine: sent, theirs, base: this.#base.config, conflicts: conflicts ?? [""], currentVersion });
      this.#error = null;
    } else {
      this.#fail(error);
    }
    this.#changed();
  }

  /** @param {NonNullable<DocumentState["conflict"]>} conflict */
  #disputed(conflict) {
    return Object.freeze(conflict);
  }

  /** @param {unknown} error */
  #fail(error) {
    if (!(error instanceof DashkeepError)) throw error;
    this.#error = error;
    if (!error.isPassing) return;
    this.#later(waitBefore(this.#attempt, error.retryAfter, this.#environment.random), () => this.#retry());
    this.#attempt += 1;
  }

  async #retry() {
    if (!this.#error?.isPassing && this.#origin !== "offline") return;
    this.#stopTimer();
    if (this.#legacy) return this.#migrate();
    if (this.#isDirty) return this.#saveQuietly();
    this.#checkedAt = Number.NEGATIVE_INFINITY;
    await this.#revalidate();
  }

  /** @type {(choice: "mine" | "theirs" | object, conflict: NonNullable<DocumentState["conflict"]>) => Promise<void>} */
  async #decide(choice, { theirs, base, conflicts, currentVersion }) {
    const mine = this.#mine;
    if (typeof choice === "object") return this.#put(choice, currentVersion);
    if (conflicts.includes("")) return this.#put(choice === "mine" ? mine : theirs, currentVersion);
    const named = [theirs, base, mine];
    // First all that nobody disputes, with their values where there is a dispute; the server joins it.
    await this.#put(withValuesOf(mine, theirs, conflicts, named), this.#base.version);
    const joined = this.#base;
    await this.#put(withValuesOf(joined.config, mine, conflicts, named), joined.version);
    // My values are in history now, where they can be found again.
    if (choice === "theirs") await this.#put(joined.config, this.#base.version);
  }

  /** @type {(config: any, ifMatch: number) => Promise<void>} */
  async #put(config, ifMatch) {
    const saved = await this.#calls.save(config, { ifMatch, merge: true, attempts: 1 });
    this.#mine = config;
    this.#accepted(saved, config);
  }

  // --- what older versions of the application kept in this browser ---

  async #migrate() {
    this.#legacy = this.#cache?.isMigrated() ? null : this.#readLegacy();
    if (!this.#legacy) return;
    const config = this.#legacy;
    try {
      // Create only: what another device has saved is never overwritten by an old copy.
      const saved = await this.#calls.save(config, { create: true, source: "localStorage" });
      this.#mine = config;
      this.#accepted(saved, config);
    } catch (error) {
      if (!(error instanceof ConflictError)) {
        this.#mine = this.#base.config;
        this.#fail(error);
        this.#changed();
        return;
      }
      this.#take(await this.#calls.load({ fresh: true }));
    }
    this.#legacy = null;
    this.#cache?.keepMigrated();
    this.#changed();
  }

  #readLegacy() {
    if (typeof this.#legacyKeys === "function") return this.#storage && this.#legacyKeys(this.#storage);
    const found = Object.entries(this.#legacyKeys ?? {}).flatMap(([member, key]) => {
      const value = read(this.#storage, key) ?? this.#storage?.getItem(key);
      return value == null ? [] : [[member, value]];
    });
    return found.length ? { chartCustomizations: {}, ...Object.fromEntries(found) } : null;
  }

  // --- time ---

  /** @type {(milliseconds: number, then: () => void) => void} */
  #later(milliseconds, then) {
    this.#stopTimer();
    const timer = new AbortController();
    this.#timer = timer;
    this.#environment.wait(milliseconds, timer.signal).then(then, () => {});
  }

  #stopTimer() {
    this.#timer?.abort();
    this.#timer = null;
  }
}
