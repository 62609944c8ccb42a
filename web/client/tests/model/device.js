/** A browser: what it keeps for each user, as `storage.ts` does, its locks, and who is signed in. */

import { leaves } from "./shape.js";

/** What a slot holds: the edits and their base as texts, and, for the checks, which values they have at which places. */
/** @typedef {{ edits: string, base: string, savedAt: number, values: Set<string> }} Kept */

/** A value at a place, as one text. @param {string} place @param {string} value */
export const mark = (place, value) => `${place}=${value}`;

/** @param {any[]} configs */
export function marksOf(...configs) {
  return new Set(configs.flatMap((config) => [...leaves(config)].map(([place, value]) => mark(place, value))));
}

export class Device {
  /** @type {Map<string, { copy: string | null, shown: number, slots: Map<string, Kept> }>} */
  #users = new Map();
  /** The user of the last document that was opened: a fact that the storage keeps. @type {string | null} */
  last = null;
  /** @type {Map<string, object>} */
  locks = new Map();
  user = "alice";

  /** @param {string} user */
  of(user) {
    const known = this.#users.get(user) ?? { copy: null, shown: 0, slots: new Map() };
    this.#users.set(user, known);
    return known;
  }

  /** @param {string} name @param {object} holder */
  hold(name, holder) {
    if (this.locks.has(name)) return false;
    this.locks.set(name, holder);
    return true;
  }

  /** @param {object} holder @param {string} [name] */
  release(holder, name) {
    for (const [held, by] of this.locks) if (by === holder && (name === undefined || name === held)) this.locks.delete(held);
  }

  /** @param {string} user @param {{ config: any, version: number, updatedAt: string | null, text?: string }} version @param {boolean} isOnly */
  keepCopy(user, { config, version, updatedAt, text }, isOnly) {
    const kept = this.of(user);
    if (!isOnly && kept.copy && JSON.parse(kept.copy).version > version) return;
    kept.copy = text ?? JSON.stringify({ config, version, updatedAt });
    kept.shown = Math.max(kept.shown, version);
  }

  /** Another call of this browser has changed the config. @param {string} user */
  dropCopy(user) {
    this.of(user).copy = null;
  }

  /** The copy as a version. @param {string} user */
  copy(user) {
    const { copy } = this.of(user);
    return copy && { ...JSON.parse(copy), text: copy };
  }

  /** @param {string} user @param {string} slot @param {any} edits @param {any} base @param {Set<string>} values */
  keepEdits(user, slot, edits, base, values) {
    const { slots } = this.of(user);
    const known = slots.get(slot)?.base ?? "";
    const text = base ? (base.text ?? JSON.stringify({ config: base.config, version: base.version, updatedAt: base.updatedAt })) : known;
    slots.set(slot, { edits: JSON.stringify(edits), base: text, savedAt: edits.savedAt, values });
  }

  /** The slots, the latest edits first. @param {string} user */
  slots(user) {
    return [...this.of(user).slots].sort(([, one], [, other]) => other.savedAt - one.savedAt).map(([name]) => name);
  }

  /** The slots with edits: one where everything was edited back is left until its next tab saves. @param {string} user */
  unsaved(user) {
    return [...this.of(user).slots.values()].filter(({ edits }) => !/^{"sent":null,"patch":\[\]/.test(edits));
  }

  /** Whether any slot has a value at a place. @param {string} user @param {string} marked */
  has(user, marked) {
    for (const { values } of this.of(user).slots.values()) if (values.has(marked)) return true;
    return false;
  }
}
