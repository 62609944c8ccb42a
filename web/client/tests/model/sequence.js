/**
 * The steps that a sequence is made of.
 *
 * A step is a number, whose parts choose what happens and to whom among what there is at that moment, so that any list of
 * numbers is a sequence, and a shorter list is a shorter one.
 */

import { checkEdits } from "./checks.js";
import { annotated, EMPTY, withValue } from "./shape.js";
import { FAILURES, REFUSALS } from "./tab.js";
import { PARTS, PLACES, Users } from "./users.js";

/** @typedef {import("./tab.js").Tab} Tab */
/** @typedef {import("./tab.js").Operation} Operation */

const TABS = 3;
const SAVED = { chartCustomizations: { a: { title: "s1", x: "s2", y: "s3" }, b: { title: "s4" } }, filters: [{ id: "f1", value: "s5", op: "s6" }], theme: "s7" };
export const GO = /** @type {const} */ ({ kind: "go" });

/** How often each step is chosen. */
const WEIGHTS = {
  edit: 14, finish: 14, advance: 16, flush: 6, timer: 6, other: 6, save: 4, correct: 3, resolve: 4, hear: 4, discard: 2, undo: 1, crash: 2, open: 3,
  close: 1, revert: 3, hidden: 1, online: 1, shown: 2, autosave: 1, ask: 3, remove: 1, arrive: 2, call: 1, overtake: 2, prune: 1, refuse: 1, report: 1, sign: 1, share: 3,
};
const CHOICES = Object.entries(WEIGHTS).flatMap(([name, weight]) => Array(weight).fill(name));
export const STEPS = CHOICES.length * 2 ** 20;

export class Sequence extends Users {
  /** @param {number} choice how the world is at first */
  begin(choice) {
    const server = this.serverOf("alice");
    if (choice % 4) server.save(choice % 3 ? SAVED : annotated(SAVED, "s8"));
    const tab = this.openTab(this.devices[0], choice >> 4);
    if (choice % 8 < 6) this.flush(tab);
  }

  /** @param {number} step */
  step(step) {
    this.number = step;
    this.moment += 1;
    const name = CHOICES[this.pick(CHOICES.length)];
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    const open = this.tabs.filter((tab) => tab.isOpen);
    const tab = open[this.pick(open.length)] ?? this.openTab(this.any(this.devices), step);
    this.note(() => `--- ${name} ${tab.name}`);
    /** @type {any} */ (this)[name](tab);
    this.tabs = this.tabs.filter((each) => !each.isGone);
    checkEdits(this);
  }

  // --- tabs ---

  open() {
    const device = this.any(this.devices);
    if (this.tabs.filter((tab) => tab.device === device).length < TABS) this.openTab(device, this.number);
  }

  /** @param {Tab} tab */
  close(tab) {
    tab.close();
  }

  /** @param {Tab} tab */
  crash(tab) {
    tab.crash(this.pick(2) === 1);
  }

  /** @param {Tab} tab */
  sign({ device }) {
    device.user = device.user === "alice" ? "bob" : "alice";
  }

  // --- what is under way ---

  /** @param {Tab} tab */
  ready(tab) {
    return tab.operations.filter((operation) => tab.isReady(operation));
  }

  /** One stage of one operation, or of a write, with or without a fault. @param {Tab} given */
  advance(given) {
    const tab = this.pick(4) ? given : this.any(this.tabs);
    const ready = this.ready(tab);
    const index = this.pick(ready.length + 1);
    const operation = ready[index];
    if (operation) tab.advance(operation, this.outcome(operation));
    else tab.endWrite(this.pick(3) ? GO : { kind: "fail", error: REFUSALS[0], isStuck: this.pick(3) === 0 });
  }

  /** @param {Operation} operation @returns {import("./tab.js").Outcome} */
  outcome({ kind, stage }) {
    if (this.pick(2)) return GO;
    if (kind === "send" && this.pick(5) === 4) return { kind: "late" };
    if (kind === "send" && stage === 0 && this.pick(5) === 4) return { kind: "fail", error: this.any(REFUSALS) };
    return { kind: "fail", error: stage === 0 ? this.any(FAILURES) : this.any(FAILURES.filter(({ code }) => ["network", "timeout", "unreadable"].includes(code))) };
  }

  /** One operation to its end. @param {Tab} tab */
  finish(tab) {
    const operation = this.any(this.ready(tab));
    if (!operation) return tab.endWrite(GO);
    while (tab.operations.includes(operation)) tab.advance(operation, GO);
  }

  /** Everything that a tab has under way. @param {Tab} tab */
  flush(tab) {
    for (let turn = 0; turn < 40; turn += 1) {
      const [operation] = this.ready(tab);
      if (tab.writing) tab.endWrite(GO);
      else if (operation) tab.advance(operation, GO);
      else return;
    }
  }

  // --- others ---

  other() {
    const server = this.serverOf(this.pick(5) ? "alice" : "bob");
    const { config } = server.newest;
    const what = this.pick(6);
    if (what === 0) server.save(annotated(config ?? EMPTY, this.fresh("o")));
    else server.save(withValue(config ?? EMPTY, what === 1 ? this.any(PARTS) : this.any(PLACES), what === 1 ? undefined : this.fresh("o")));
    this.note(() => `other: v${server.version} ${JSON.stringify(server.newest.config)}`);
  }

  remove() {
    this.serverOf("alice").save(null);
  }

  /** Somebody restores an earlier version. */
  revert() {
    const server = this.serverOf("alice");
    const back = 1 + this.pick(3);
    this.isReverted = true;
    if (server.version >= back) server.save(server.history[server.version - back]?.config);
    this.note(() => `revert: v${server.version} ${server.newest.text}`);
  }

  /** A call of this browser, outside of any document, saves. @param {Tab} tab */
  call(tab) {
    if (tab.user === null || tab.server.denial("save")) return;
    const { server, user } = tab;
    server.save(withValue(server.newest.config ?? EMPTY, this.any(PLACES), this.fresh("o")));
    tab.device.dropCopy(user);
    tab.device.of(user).shown = 0;
    this.tell(tab, user, Number.POSITIVE_INFINITY, server.version);
    tab.heard = Math.max(tab.heard, server.version);
    tab.dispatch("heard", { version: Number.POSITIVE_INFINITY });
  }

  /** A save passes a load that was answered before it. @param {Tab} tab */
  overtake(tab) {
    tab.dispatch("loadAsked", {});
    for (const load of tab.operations.filter(({ kind, stage }) => kind === "load" && stage < 2)) tab.advance(load, GO);
    this.writeAt(tab, this.any(PLACES), this.fresh("e"));
    this.save(tab);
    while (tab.writing) tab.endWrite(GO);
    for (const send of tab.operations.filter(({ kind }) => kind === "send")) while (tab.operations.includes(send)) tab.advance(send, GO);
  }

  /** The owner changes what the user may do. */
  share() {
    const server = this.serverOf("alice");
    server.access = this.any([/** @type {const} */ ("editor"), /** @type {const} */ ("viewer"), /** @type {const} */ ("none"), /** @type {const} */ ("editor")]);
    this.note(() => `share: ${server.access}`);
  }

  prune() {
    const server = this.serverOf("alice");
    server.oldest = Math.max(server.oldest, server.version - this.pick(3));
  }

  /** A request arrives that its tab no longer waits for. */
  arrive() {
    const index = this.pick(this.late.length);
    const [request] = this.late.splice(index, 1);
    if (request && !request.server.refused.has(request.sent.key) && !request.server.denial("save")) this.process(request.server, request.sent);
  }
}
