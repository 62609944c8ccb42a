/**
 * A tab of a browser, as far as the rim of `document.ts` keeps state: its slot, its writes, and what the core asks for, which
 * becomes an operation that waits until a step of the sequence completes it, fails it, or loses it.
 */

import { ensure } from "./checks.js";
import { marksOf } from "./device.js";

/** What becomes of the next stage of an operation. */
/** @typedef {{ kind: "go" } | { kind: "fail", error: { status: number, code: string }, isStuck?: boolean } | { kind: "late" }} Outcome */
/** @typedef {{ kind: "begin" | "load" | "send" | "adopt" | "copy", stage: number, waits?: any, [member: string]: any }} Operation */

let names = 0;

export class Rim {
  /** @type {string | null} */
  user = null;
  /** @type {{ name: string, base: any }} */
  slot = { name: "", base: null };
  /** @type {{ at: number, pending: any, user: string | null, slot: string, isDone: boolean } | null} */
  writing = null;
  toWrite = 0;
  isWaiting = false;
  isStarted = false;
  isClosed = false;
  isCrashed = false;
  /** @type {Operation[]} */
  operations = [];
  /** Versions that other tabs have told of, and the newest that it may stand for. @type {{ user: string, version: number, newest: number }[]} */
  inbox = [];
  /** The answer to the request for a token that opening made. @type {{ user?: string, error?: any } | null} */
  opening = null;
  /** The newest version that was shown, and that was heard of. */
  shown = 0;
  heard = 0;
  /** What the user has done since the last save was made, a request to save included. */
  acts = 0;
  /** Where the user has edited before there was a config. @type {string[]} */
  early = [];
  /** The key of a save whose outcome is not known. @type {string | null} */
  unanswered = null;
  /** The key of a save that was tried before, without an answer, by this tab or an earlier one. @type {string | null} */
  tried = null;
  /** Whether the last change was made during a conflict. */
  editsConflict = false;
  /** The merge with what conflicts need, null until it is loaded. @type {any} */
  merging = null;
  #depth = 0;

  /** @param {any} world @param {import("./device.js").Device} device @param {{ autosave: boolean, initial: any }} options */
  constructor(world, device, { autosave, initial }) {
    this.world = world;
    this.device = device;
    this.client = world.client;
    this.name = `tab${(names += 1)}`;
    this.core = this.client.start(this.name, autosave, this.client.toJson(initial));
  }

  get isGone() {
    return this.isCrashed || (this.isClosed && !this.operations.length && !this.writing && !this.core.isSending);
  }

  get isOpen() {
    return !this.isClosed && !this.isGone;
  }

  get server() {
    return this.world.serverOf(this.user ?? this.device.user);
  }

  /** @param {string} name @param {any} event */
  dispatch(name, event) {
    const before = this.core;
    const { core, effects } = this.client.step(before, name, event, this.merging);
    this.core = core;
    this.#depth += 1;
    for (const effect of effects) this[/** @type {"load"} */ (effect.do)](/** @type {any} */ (effect));
    this.#depth -= 1;
    if (!this.#depth) this.world.stepped(this, name, event, before);
    this.releaseIfDone();
  }

  // --- effects ---

  /** @param {{ news: number }} effect */
  load({ news }) {
    if (!this.isClosed) this.operations.push({ kind: "load", stage: 0, news });
  }

  /** @param {{ sent: any, isLast: boolean }} effect */
  send({ sent, isLast }) {
    this.world.sealed(this, sent);
    this.operations.push({ kind: "send", stage: 0, sent, isLast, waits: isLast ? null : this.writing });
  }

  wait() {
    this.isWaiting = !this.isClosed;
  }

  stopWaiting() {
    this.isWaiting = false;
  }

  /** @param {{ write: number }} effect */
  write({ write }) {
    this.toWrite = write;
    if (!this.writing) this.#beginWrite({ at: 0, pending: null, user: null, slot: "", isDone: false });
  }

  /** @param {{ version: any, isOnly: boolean }} effect */
  copy({ version, isOnly }) {
    if (this.user !== null) this.operations.push({ kind: "copy", stage: 0, version, isOnly });
  }

  /** @param {{ version: number }} effect */
  tell({ version }) {
    if (this.user === null) return;
    this.world.tell(this, this.user, version, version);
    this.dispatch("heard", { version });
  }

  // --- the storage ---

  /** @param {any} writing */
  #beginWrite(writing) {
    const { pendingOf, diff } = this.client;
    const kept = pendingOf(this.core);
    const edits = kept && { sent: kept.sent && { ...kept.sent, config: null }, patch: diff(kept.base.config, kept.mine), savedAt: this.world.clock() };
    this.writing = Object.assign(writing, { at: this.toWrite, user: this.user, slot: this.slot.name, pending: kept && { kept, edits } });
  }

  /** End a write: it completes, or fails, and then what was kept before is dropped unless the storage is stuck. @param {Outcome} outcome */
  endWrite(outcome) {
    const { writing } = this;
    if (!writing) return;
    if (outcome.kind === "go" && writing.user !== null) this.#written(writing);
    else {
      this.slot.base = null;
      if (this.user !== null && !(outcome.kind === "fail" && outcome.isStuck)) this.device.of(this.user).slots.delete(writing.slot);
      this.dispatch("writeFailed", {});
    }
    if (writing.at !== this.toWrite) return this.#beginWrite(writing);
    writing.isDone = true;
    this.writing = null;
    this.releaseIfDone();
  }

  /** @param {any} writing */
  #written({ at, pending, user, slot }) {
    this.commit(pending, user, slot);
    this.dispatch("written", { write: at });
  }

  /** @param {any} pending @param {string} user @param {string} slot */
  commit(pending, user, slot) {
    if (pending) {
      const { kept, edits } = pending;
      const { base } = kept;
      const made = (/** @type {any} */ patch) => patch && this.applied(base.config, JSON.parse(JSON.stringify(patch)));
      this.device.keepEdits(user, slot, edits, base === this.slot.base ? null : base, marksOf(made(edits.patch), made(edits.sent?.patch)));
    } else this.device.of(user).slots.delete(slot);
    this.slot.base = pending?.kept.base ?? null;
  }

  /** @param {any} config @param {any} patch */
  applied(config, patch) {
    try {
      return this.client.apply(config, patch);
    } catch (error) {
      ensure(!(error instanceof TypeError), 2, "what is kept cannot be read again");
      throw error;
    }
  }

  /** Find edits that a closed tab has left, and hold their slot. */
  findEdits() {
    const { device, client } = this;
    const user = this.user ?? "";
    const name = device.slots(user).find((each) => each !== this.slot.name && this.mayTake(user, each) && device.hold(each, this));
    const found = name === undefined ? undefined : device.of(user).slots.get(name);
    if (!found || name === undefined) return null;
    if (this.core.base) this.merging = client;
    const base = this.frozen({ ...JSON.parse(found.base), text: found.base });
    const { sent, patch } = JSON.parse(found.edits);
    const pending = { base, sent: sent && { ...sent, config: sent.patch && client.apply(base.config, sent.patch) }, mine: client.apply(base.config, patch) };
    return { slot: { name, base }, pending };
  }

  /** An unanswered save is repeated from its own version, so not by a tab that shows a newer one. @param {string} user @param {string} name */
  mayTake(user, name) {
    const { edits = "{}", base = "{}" } = this.device.of(user).slots.get(name) ?? {};
    return !JSON.parse(edits).sent || !this.core.base || this.core.base.version <= JSON.parse(base).version;
  }

  /** @param {any} version @param {any} [previous] */
  frozen(version, previous) {
    return { ...version, config: this.client.toJson(version.config, previous) };
  }

  releaseIfDone() {
    if (!this.isClosed || this.core.isSending || this.writing || (this.user === null && this.operations.length)) return;
    this.world.left(this);
    this.device.release(this);
  }
}
