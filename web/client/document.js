/**
 * A dashboard that an application edits: the server's copy, the local changes, and how they are saved.
 *
 * The server's copy (`base`) and the edited copy (`mine`) are separate. A save sends `mine` with `base`'s version and
 * lets the server merge other saves. Nothing counts as saved before the server has responded.
 */

import { read } from "./cache.js";
import { rebase, same, withValuesOf } from "./conflict.js";
import { ConflictError, DashkeepError, waitBefore } from "./transport.js";

const FRESH_ENOUGH = 5_000;
/** The storage keys that dashboards used before there was a server, by config member. */
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
  /** @type {any} the copy left by an older version of the application, until the server has accepted it */
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
   * }} options `calls` are the client's methods for this project; `name` identifies the document across tabs
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
    // A failure to get a token is reported when the token is needed: by the load.
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

  /** Call a listener on every change of `state`; returns a function to stop. @param {(state: DocumentState) => void} listener */
  subscribe = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Load the config, including edits that were not saved when the page was closed. */
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

  /** Check the server for a newer version; a load does this at most every five minutes. */
  async refresh() {
    this.#checkedAt = Number.NEGATIVE_INFINITY;
    await this.#revalidate();
    return this.state;
  }

  /** Change the config locally: it is stored in this browser at once and saved later. @param {any} change */
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
   * Save the edits. Resolves when the server has accepted them; rejects with the server's error.
   *
   * Only one save is in flight at a time; later edits go with the next one.
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
   * Settle a conflict: `mine` or `theirs` wins at the places that both sides changed, or the given config is saved.
   *
   * All other changes of both sides are kept, and both disputed values are in history afterwards.
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

  /** Discard the edits since the last save. */
  discard() {
    this.#stopTimer();
    this.#mine = this.#conflict?.theirs ?? this.#base.config;
    if (this.#conflict) this.#base = { config: this.#mine, version: this.#conflict.currentVersion };
    this.#conflict = null;
    this.#error = null;
    this.#cache?.dropUnsaved(this.#tab);
    this.#changed();
  }

  /** Restore a version from history as the newest. @param {number} version */
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

  // --- state ---

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
    // Edits keep the version they were based on: the server merges later saves.
    if (this.#isDirty) return;
    this.#base = { config: loaded.config, version: loaded.version };
    this.#mine = loaded.config;
  }

  /** Open the browser's cache, under a name that no other open tab has. @type {(cache: Promise<Cache>, tab: string) => Promise<void>} */
  async #openCache(cache, tab) {
    const opened = await cache;
    let release = await this.#environment.hold(opened.holdName(tab));
    this.#tab = tab;
    if (!release) {
      // A duplicated tab starts with the name of the original.
      this.#tab = crypto.randomUUID();
      release = await this.#environment.hold(opened.holdName(this.#tab));
    }
    this.#closing.push(() => release?.());
    this.#cache = opened;
  }

  /** Adopt unsaved edits from before a reload of this tab, or from a closed tab. */
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
    // The state shows the result; no caller waits for an automatic save.
    await this.#startSaving("autosave").catch(() => {});
  }

  /** Start a save, or join the one in flight. @type {(source: "user" | "autosave") => Promise<void>} */
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
    // Edits made while the save was in flight are applied to the saved config.
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
      // Without a common base the server cannot name places: the whole config is in conflict.
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
    // First save the undisputed changes, with their values at the disputed places; the server merges them.
    await this.#put(withValuesOf(mine, theirs, conflicts, named), this.#base.version);
    const joined = this.#base;
    await this.#put(withValuesOf(joined.config, mine, conflicts, named), joined.version);
    // My values are now in history, where they can be found again.
    if (choice === "theirs") await this.#put(joined.config, this.#base.version);
  }

  /** @type {(config: any, ifMatch: number) => Promise<void>} */
  async #put(config, ifMatch) {
    const saved = await this.#calls.save(config, { ifMatch, merge: true, attempts: 1 });
    this.#mine = config;
    this.#accepted(saved, config);
  }

  // --- copies left in this browser by older versions of the application ---

  async #migrate() {
    this.#legacy = this.#cache?.isMigrated() ? null : this.#readLegacy();
    if (!this.#legacy) return;
    const config = this.#legacy;
    try {
      // Create only: an old copy never overwrites what another device has saved.
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

  // --- timers ---

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
