/** The model's server: the config of one user's project with its history, answering as the contract says. */

import { isExact, leaves, mergeShape, patched, toWire } from "./shape.js";

/** How many versions after its base a save is looked for. */
const LOOKED_AT = 25;

/** @typedef {{ config: any, key: string | null, by: "client" | "other", text: string }} Made */

export class ModelServer {
  /** The versions; a null before the newest one is no longer in history. @type {Made[]} */
  history = [{ config: null, key: null, by: "other", text: "null" }];
  /** The oldest version that can still be the base of a merge. */
  oldest = 0;
  /** What the user may do: editors load and save, viewers load, and without access the project is not there. @type {"editor" | "viewer" | "none"} */
  access = "editor";
  /** Called with every version that a save makes. @type {(version: number) => void} */
  made = () => {};
  /** What each key was first used for. @type {Map<string, string>} */
  used = new Map();
  /** Saves that were refused for good: a copy of them that is still on its way is not processed. @type {Set<string>} */
  refused = new Set();

  get version() {
    return this.history.length - 1;
  }

  get newest() {
    return /** @type {Made} */ (this.history[this.version]);
  }

  /** @param {number} version */
  at(version) {
    return version === 0 || version >= this.oldest || version === this.version ? this.history[version] : undefined;
  }

  /** Why the user may not do something; undefined if they may. @param {"load" | "save"} what */
  denial(what) {
    if (this.access === "none") return { status: 404, code: "not-found" };
    return this.access === "viewer" && what === "save" ? { status: 403, code: "forbidden" } : undefined;
  }

  /** The answer of a GET. @param {number} [version] */
  shown(version = this.version) {
    const { text } = /** @type {Made} */ (this.history[version]);
    return { config: JSON.parse(text), version, updatedAt: version ? `t${version}` : null };
  }

  /** @param {any} config @param {string | null} key @param {"client" | "other"} by */
  add(config, key, by) {
    this.history.push({ config, key, by, text: JSON.stringify(toWire(config)) });
    this.made(this.version);
  }

  /** Save as another writer. @param {any} config */
  save(config) {
    if (JSON.stringify(config) !== JSON.stringify(this.newest.config)) this.add(config, null, "other");
  }

  /**
   * Process a save: the version that it made or had made, or what refuses it.
   *
   * @param {{ key: string, base: number, patch: readonly any[] | null }} sent
   * @returns {{ version?: any, newest?: number, refusal?: any }}
   */
  process({ key, base, patch }) {
    const before = this.at(base);
    if (!before) return this.#repeated(base, key) ?? this.#conflict(undefined);
    const mine = patch && patched(before.config, patch);
    if (JSON.stringify(mine) === JSON.stringify(this.newest.config)) return this.#accepted(this.version);
    if (base === this.version) {
      this.add(mine, key, "client");
      return this.#accepted(this.version);
    }
    return this.#repeated(base, key) ?? this.#merged(before.config, mine, key);
  }

  /** @param {any} base @param {any} mine @param {string} key */
  #merged(base, mine, key) {
    const theirs = this.newest.config;
    if (mine && theirs === null && this.version) return this.#conflict([""]);
    const { config, conflicts } = mergeShape(base, theirs, mine);
    if (conflicts.length || mine === null) return this.#conflict(conflicts);
    if (JSON.stringify(config) !== JSON.stringify(theirs)) this.add(config, key, "client");
    return this.#accepted(this.version);
  }

  /** @param {number} base @param {string} key */
  #repeated(base, key) {
    const found = this.history.findIndex((each, version) => version > base && version <= base + LOOKED_AT && each.key === key);
    return found < 0 ? undefined : this.#accepted(found);
  }

  /** @param {number} version */
  #accepted(version) {
    return { version: this.shown(version), newest: this.version };
  }

  /** @param {string[] | undefined} conflicts */
  #conflict(conflicts) {
    const { config: current, version: currentVersion, updatedAt } = this.shown();
    return { refusal: { currentVersion, current, updatedAt, conflicts } };
  }

  /** The places that a version changed, with the values that it gave them; undefined where it removed one. @param {number} version */
  changes(version) {
    const [before, after] = [version - 1, version].map((each) => leaves(this.history[each]?.config));
    const places = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])]);
    return [...places].filter((place) => before?.get(place) !== after?.get(place)).map((place) => ({ place, value: after?.get(place) }));
  }

  /** Whether the config was ever deleted: what a user then puts back has the numbers that JavaScript made of it. */
  get wasRemoved() {
    return this.history.some(({ config }, version) => version > 0 && config === null);
  }

  /** @param {number} version */
  isExact(version) {
    return isExact(this.history[version]?.config);
  }
}
