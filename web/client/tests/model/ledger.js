/**
 * What users have done, kept apart from the client: every edit with what became of it, and what a tab may have saved.
 */

import { mark } from "./device.js";
import { leaves, valueAt } from "./shape.js";

/**
 * An edit: a new value at a place. `tab` made it, `holder` has it now.
 *
 * `isOpen` until it is in history, or was overwritten, discarded or lost with a state that had said so. `isLoose`: a tab
 * ended while what was decided about it was not durable, so the edit may come back.
 *
 * @typedef {{ id: number, user: string, place: string, value: string, mark: string, tab: string, holder: any, slot: string, device: any, isOpen: boolean, isLoose: boolean, saved: number | null, discarded: number | null, isWaived: boolean }} Edit
 */

/** What a line of tabs may save: values that were edited or corrected, and those that a decision put back. */
export class Intent {
  /** @type {Set<string>} */
  made = new Set();
  /** @type {Set<string>} */
  decided = new Set();
  /** @type {Set<string>} */
  corrected = new Set();
  /** Values that a tab held when another one took it up. @param {Intent} other */
  add(other) {
    for (const each of other.made) this.made.add(each);
    for (const each of other.decided) this.decided.add(each);
    for (const each of other.corrected) this.corrected.add(each);
  }

  /** Whether a change is the user's. @param {string} changed */
  explains(changed) {
    return this.made.has(changed) || this.decided.has(changed) || this.corrected.has(changed);
  }

  /** Take note of what a decision changed. @param {any} before @param {any} after */
  decide(before, after) {
    for (const changed of differences(before, after)) this.decided.add(changed);
  }
}

/** The marks of what differs, as the second config has it. @param {any} before @param {any} after */
export function differences(before, after) {
  const [old, now] = [leaves(before), leaves(after)];
  const places = [...new Set([...old.keys(), ...now.keys()])].filter((place) => old.get(place) !== now.get(place));
  return places.map((place) => mark(place, now.get(place) ?? "-"));
}

/** @param {string} place @param {string} other the place, or what it is in */
function isAt(place, other) {
  return place === other || place.startsWith(`${other}/`);
}

export class Ledger {
  /** @type {Edit[]} */
  edits = [];
  /** Those that are open. @type {Set<Edit>} */
  open = new Set();
  /** @type {Map<string, Edit>} */
  byMark = new Map();
  /** By the name that a tab's keys begin with. @type {Map<string, Intent>} */
  intents = new Map();
  /** By the slot that a tab has used; `acts` counts what was done since its last save was made. @type {Map<string, { intent: Intent, acts: number }>} */
  left = new Map();
  /** By key, the moment when a save was made. @type {Map<string, number>} */
  sealed = new Map();

  /** @param {string} tab @returns {Intent} */
  intent(tab) {
    const known = this.intents.get(tab) ?? new Intent();
    this.intents.set(tab, known);
    return known;
  }

  /** Whether a decision of any tab put a value back. @param {string} marked */
  wasDecided(marked) {
    return [...this.intents.values()].some(({ decided }) => decided.has(marked));
  }

  /** @param {any} tab @param {number} id @param {string} place @param {string} value */
  edit(tab, id, place, value) {
    const marked = mark(place, JSON.stringify(value));
    const edit = { id, user: "", place, value, mark: marked, tab: tab.name, holder: tab, slot: "", device: tab.device, isOpen: true, isLoose: false, saved: null, discarded: null, isWaived: false };
    this.edits.push(edit);
    this.open.add(edit);
    this.byMark.set(marked, edit);
    this.intent(tab.name).made.add(marked);
  }

  /** @param {Edit} edit */
  close(edit) {
    edit.isOpen = false;
    this.open.delete(edit);
  }

  /** The user has put something else where these edits were. @param {any} tab @param {string} place */
  overwrite(tab, place) {
    for (const edit of this.open) if (edit.holder === tab && isAt(edit.place, place)) this.close(edit);
  }

  /** @param {any} tab @param {any} before @param {number} moment */
  discard(tab, before, moment) {
    for (const edit of this.edits) {
      const isUnanswered = Ledger.shows(before.sent?.config, edit) && !Ledger.shows(before.base?.config, edit);
      if (edit.holder !== tab || !(edit.isOpen || isUnanswered)) continue;
      edit.discarded ??= moment;
      this.close(edit);
    }
  }

  /** What a choice does not show was decided against; what it shows is no longer discarded. @param {any} tab @param {any} mine */
  choose(tab, mine) {
    for (const edit of this.edits) {
      if (edit.holder !== tab) continue;
      if (Ledger.shows(mine, edit)) edit.discarded = null;
      else if (edit.isOpen) this.close(edit);
    }
  }

  /** A tab gives up its slot: what is not durable may come back, or is lost if the state had said so. @param {any} tab */
  leave(tab) {
    const { core, user, slot, device, client } = tab;
    const isDurable = core.written === core.writes;
    for (const edit of this.edits) {
      if (edit.holder !== tab) continue;
      Object.assign(edit, { holder: null, slot: slot.name, isLoose: edit.isLoose || !isDurable });
      if (edit.isOpen && !client.isKept(core) && !(user !== null && device.has(user, edit.mark))) this.close(edit);
    }
    const left = this.left.get(slot.name);
    this.intent(tab.name).add(left?.intent ?? new Intent());
    this.left.set(slot.name, { intent: this.intent(tab.name), acts: Math.max(tab.acts, left?.acts ?? 0, isDurable ? 0 : 1) });
  }

  /** A tab has taken up a slot; what was edited here before, at the same places, holds. @param {any} tab @param {string} slot */
  takeUp(tab, slot) {
    const own = this.edits.filter((edit) => edit.holder === tab);
    for (const edit of this.edits) {
      if (edit.slot !== slot || edit.holder) continue;
      edit.holder = tab;
      if (own.some(({ place, isOpen }) => isOpen && place === edit.place) || tab.early.some((/** @type {string} */ place) => isAt(edit.place, place))) this.close(edit);
    }
    const left = this.left.get(slot);
    if (!left) return;
    this.intent(tab.name).add(left.intent);
    tab.acts += left.acts;
  }

  /** Whether a config shows an edit. @param {any} config @param {Edit} edit */
  static shows(config, { place, value }) {
    return config !== null && config !== undefined && valueAt(config, place) === value;
  }
}
