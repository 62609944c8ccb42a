/** A tab: how its operations go on, stage by stage, as those of `document.ts` do. */

import { Rim } from "./rim.js";

/** @typedef {import("./rim.js").Outcome} Outcome */
/** @typedef {import("./rim.js").Operation} Operation */

/** How a request may fail before the server has seen it; the operation distinguishes `user-changed` from a lost answer. */
export const FAILURES = [
  { status: 0, code: "network" },
  { status: 0, code: "timeout" },
  { status: 0, code: "token" },
  { status: 401, code: "unauthorized" },
  { status: 0, code: "unreadable" },
  { status: 429, code: "rate-limited" },
  { status: 503, code: "storage-unavailable" },
  { status: 0, code: "signed-out" },
];
export const REFUSALS = [
  { status: 422, code: "invalid-config" },
  { status: 413, code: "config-too-large" },
  { status: 400, code: "malformed-json" },
];

/** What a server answers without access, or with too small a role. */
export const DENIALS = ["not-found", "forbidden"];

export class Tab extends Rim {
  /** Whether an operation can go on now. @param {Operation} operation */
  isReady(operation) {
    const { kind, waits } = operation;
    // Transactions run in the order in which they were made.
    if (kind === "copy") return operation === this.operations.find((each) => each.kind === kind);
    return !waits || waits.isDone;
  }

  /** @param {Operation} operation @param {Outcome} outcome */
  advance(operation, outcome) {
    this[/** @type {"begin"} */ (operation.kind === "load" ? "read" : operation.kind === "send" ? "post" : operation.kind === "copy" ? "keepCopy" : operation.kind)](operation, outcome);
  }

  /** @param {Operation} operation */
  #end(operation) {
    this.operations = this.operations.filter((each) => each !== operation);
  }

  /** @param {Outcome} outcome */
  #error(outcome) {
    const { status, code } = outcome.kind === "fail" ? outcome.error : { status: 0, code: outcome.kind === "late" ? "timeout" : "network" };
    return new this.client.DashkeepError(status, code);
  }

  start() {
    if (this.isStarted) return;
    this.isStarted = true;
    this.operations.push({ kind: "begin", stage: 0 });
  }

  /** @param {Operation} operation @param {Outcome} outcome */
  begin(operation, outcome) {
    if (operation.stage === 0) {
      const isIn = outcome.kind === "go";
      const error = isIn ? undefined : this.#error(outcome.kind === "fail" && outcome.error.code === "signed-out" ? outcome : { kind: "fail", error: { status: 0, code: "token" } });
      this.opening = isIn ? { user: this.device.user } : { error };
      const known = isIn ? this.device.user : error?.code === "signed-out" ? null : this.device.last;
      if (known !== null) return this.#belongTo(operation, known, true);
      this.#end(operation);
      return this.dispatch("opened", { copy: null, pending: null });
    }
    this.#opened(operation);
    this.#end(operation);
  }

  /** @param {Operation} operation @param {string} user @param {boolean} canRead */
  #belongTo(operation, user, canRead) {
    this.user = user;
    this.device.last = user;
    this.world.belongs(this);
    const copy = canRead ? this.device.copy(user) : null;
    Object.assign(operation, { stage: operation.stage + 1, copy, canRead, least: copy ? this.device.of(user).shown : 0 });
  }

  /** @param {Operation} operation */
  #opened({ copy, least, canRead }) {
    const { slot, pending = null } = (canRead && this.findEdits()) || {};
    const name = `slot-${this.name}`;
    if (!slot) this.device.hold(name, this);
    this.slot = slot ?? { name, base: null };
    if (pending) this.#takeUp(pending);
    this.heard = Math.max(this.heard, least);
    this.dispatch("opened", { copy: copy && this.frozen(copy), pending });
  }

  /** @param {any} pending */
  #takeUp(pending) {
    this.world.tookUp(this, this.slot.name);
    this.unanswered = this.tried = pending.sent?.key ?? null;
  }

  /** @param {Operation} operation @param {Outcome} outcome */
  read(operation, outcome) {
    if (operation.stage === 0) return this.#request(operation, outcome);
    if (operation.stage === 1) {
      this.#opened(operation);
      operation.stage = 2;
      return this.#fetch(operation);
    }
    this.#end(operation);
    if (this.isClosed) return;
    const { version, news, denial } = operation;
    if (outcome.kind !== "go") return this.dispatch("loadFailed", { error: this.#error(outcome) });
    if (denial) return this.dispatch("loadFailed", { error: this.#denied(denial) });
    this.dispatch("loaded", { version: version === this.core.base ? version : this.frozen(version, this.core.mine), news });
    this.operations.push({ kind: "adopt", stage: 0, waits: this.writing });
  }

  /** @param {Operation} operation @param {Outcome} outcome */
  #request(operation, outcome) {
    const { opening } = this;
    this.opening = null;
    if (opening?.error || outcome.kind !== "go") return this.#loadFailed(operation, opening?.error ?? this.#error(outcome));
    const owner = opening?.user ?? this.device.user;
    if (this.user === null) return this.#belongTo(operation, owner, true);
    if (this.user !== owner) return this.#loadFailed(operation, this.#error({ kind: "fail", error: { status: 0, code: "user-changed" } }));
    this.#fetch(operation);
  }

  /** @param {Operation} operation */
  #fetch(operation) {
    const known = this.core.base;
    const shown = this.server.shown();
    const version = known?.version === shown.version ? known : { ...shown, text: JSON.stringify(shown) };
    Object.assign(operation, { stage: 2, version, denial: this.server.denial("load") });
  }

  /** @param {Operation} operation @param {any} error */
  #loadFailed(operation, error) {
    this.#end(operation);
    this.dispatch("loadFailed", { error });
  }

  /** @param {Operation} operation @param {Outcome} outcome */
  post(operation, outcome) {
    const { sent } = operation;
    if (operation.stage === 1) return this.#answered(operation, outcome);
    if (operation.stage === 2) return this.#mergeLoaded(operation, outcome);
    if (this.user !== this.device.user && !operation.isLast) return this.#sendFailed(operation, this.#error({ kind: "fail", error: { status: 0, code: "user-changed" } }));
    if (outcome.kind === "late") this.world.late.push({ server: this.server, sent });
    if (outcome.kind !== "go") return this.#sendFailed(operation, this.#error(outcome));
    const denial = this.server.denial("save");
    Object.assign(operation, { stage: 1, answer: denial ? { denial } : this.world.process(this.server, sent) });
  }

  /** @param {Operation} operation @param {Outcome} outcome */
  #answered(operation, outcome) {
    const { sent, answer } = operation;
    if (outcome.kind !== "go") return this.#sendFailed(operation, this.#error(outcome));
    if (answer.denial) return this.#sendFailed(operation, this.#denied(answer.denial));
    const refusal = answer.refusal && new this.client.ConflictError(412, "version-conflict", answer.refusal);
    const { version } = answer;
    const text = sent.patch ? { text: JSON.stringify(version) } : {};
    const saved = refusal ? null : { version: this.frozen({ ...version, ...text }, sent.config), newest: sent.patch ? answer.newest : version.version };
    if (this.#needsMerge(sent.key, refusal, saved)) return void Object.assign(operation, { stage: 2 });
    if (refusal) return this.#sendFailed(operation, refusal);
    this.#end(operation);
    this.unanswered = null;
    this.dispatch("saved", { key: sent.key, ...saved, at: this.world.clock() });
    this.operations.push({ kind: "adopt", stage: 0, waits: this.writing });
  }

  /** Whether an answer cannot be processed before the merge is loaded. @param {string} key @param {any} error @param {any} saved */
  #needsMerge(key, error, saved) {
    try {
      this.client.step(this.core, error ? "saveFailed" : "saved", { key, error, at: 0, ...saved }, this.merging);
      return false;
    } catch (thrown) {
      if (!(thrown instanceof this.client.MergeNeeded)) throw thrown;
      return true;
    }
  }

  /** @param {Operation} operation @param {Outcome} outcome */
  #mergeLoaded(operation, outcome) {
    if (outcome.kind !== "go") return this.#sendFailed(operation, this.#error({ kind: "fail", error: { status: 0, code: "network" } }));
    this.merging = this.client;
    this.#answered(operation, outcome);
  }

  /** @param {Operation} operation @param {any} error */
  #sendFailed(operation, error) {
    this.#end(operation);
    const { key } = operation.sent;
    if (error.isTemporary) this.tried = key;
    // A denial says nothing of an earlier attempt.
    else if (error.code !== "user-changed" && !(DENIALS.includes(error.code) && this.tried === key)) this.#refused(key);
    this.dispatch("saveFailed", { key, error });
  }

  /** What may no longer be read leaves no copy. @param {{ status: number, code: string }} denial */
  #denied({ status, code }) {
    if (code === "not-found" && this.user !== null) this.operations.push({ kind: "copy", stage: 0, isDrop: true });
    return new this.client.DashkeepError(status, code);
  }

  /** What was refused is not saved yet. @param {string} key */
  #refused(key) {
    this.server.refused.add(key);
    this.unanswered = null;
    this.acts += 1;
  }

  /** Take over the edits of a tab that has closed since, if this document has no edits. @param {Operation} operation @param {Outcome} outcome */
  adopt(operation, outcome) {
    const isBusy = this.client.isDirty(this.core) || this.isClosed || this.user === null;
    if (operation.stage === 0) {
      operation.found = isBusy || outcome.kind !== "go" ? null : this.findEdits();
      operation.stage = 1;
      if (operation.found) return;
    }
    this.#end(operation);
    const { found } = operation;
    if (!found) return;
    if (isBusy || this.writing) return this.device.release(this, found.slot.name);
    this.world.left(this);
    this.device.release(this, this.slot.name);
    this.slot = found.slot;
    this.#takeUp(found.pending);
    this.dispatch("opened", { copy: null, pending: found.pending });
  }

  /** @param {Operation} operation @param {Outcome} outcome */
  keepCopy(operation, outcome) {
    this.#end(operation);
    if (outcome.kind !== "go") return;
    if (operation.isDrop) this.device.dropCopy(this.user ?? "");
    else this.device.keepCopy(this.user ?? "", operation.version, operation.isOnly);
  }

  // --- the end ---

  close() {
    if (this.isClosed) return;
    this.dispatch("hidden", {});
    this.isClosed = true;
    this.isWaiting = false;
    this.inbox = [];
    this.releaseIfDone();
  }

  /** End without a word; a request that was made may arrive, and a write that was begun may complete. @param {boolean} isWritten */
  crash(isWritten) {
    for (const { kind, stage, sent, waits } of this.operations) if (kind === "send" && stage === 0 && (!waits || waits.isDone)) this.world.late.push({ server: this.server, sent });
    if (isWritten && this.writing?.user) {
      this.commit(this.writing.pending, this.writing.user, this.writing.slot);
      if (this.writing.at === this.toWrite) this.core = { ...this.core, written: this.writing.at };
    }
    this.world.left(this);
    Object.assign(this, { isCrashed: true, operations: [], inbox: [], isWaiting: false });
    this.device.release(this);
  }
}
