/** The end of a sequence: faults stop, everything completes, and then everything is as promised. */

import { checkEdits, ensure } from "./checks.js";
import { Ledger } from "./ledger.js";
import { GO, Sequence } from "./sequence.js";
import { DENIALS } from "./tab.js";

/** @typedef {import("./tab.js").Tab} Tab */

export class WholeSequence extends Sequence {
  /** Let everything complete, and check that everything then is as promised. */
  settle() {
    this.number = 0;
    while (this.late.length) this.arrive();
    for (const user of this.servers.keys()) this.#settleUser(user);
  }

  /** @param {string} user */
  #settleUser(user) {
    for (const device of this.devices) device.user = user;
    for (const tab of this.tabs) this.flush(tab);
    this.#access(user);
    this.#onItsOwn(user);
    for (const tab of this.tabs) if (tab.user !== user || tab.core.isStopped) this.#crashWritten(tab);
    this.tabs = this.tabs.filter(({ isGone }) => !isGone);
    for (const device of this.devices) this.openTab(device, 1);
    for (let turn = 0; this.#settleTabs(user); turn += 1) {
      ensure(turn < 60, 8, "it never comes to rest");
      if (turn % 5 === 4) this.#openAgain(user);
    }
    this.#sameEverywhere(user);
  }

  /** Without access, nothing is tried again and again, and no edit is lost; once it is back, a look at the page is enough. @param {string} user */
  #access(user) {
    const server = this.serverOf(user);
    const denied = () => this.tabs.filter(({ core, user: owner, isOpen }) => owner === user && isOpen && DENIALS.includes(core.error?.code) && !core.isStopped);
    if (server.denial("save")) {
      for (let turn = 0; turn < 5; turn += 1) for (const tab of this.tabs) this.#tick(tab);
      for (const { operations, isWaiting } of denied()) ensure(!operations.length && !isWaiting, 4, "what is denied is tried again and again");
      checkEdits(this);
    }
    server.access = "editor";
    for (const tab of denied()) {
      tab.dispatch("shown", {});
      this.flush(tab);
      ensure(!DENIALS.includes(tab.core.error?.code), 4, `access is back, but the state says ${tab.core.error?.code}`);
    }
  }

  /** An unanswered save is taken up when a page is opened. @param {string} user */
  #openAgain(user) {
    for (const device of this.devices.filter((each) => each.unsaved(user).length)) {
      const tabs = this.tabs.filter((tab) => tab.device === device);
      if (tabs.some((tab) => this.client.isDirty(tab.core))) continue;
      for (const tab of tabs) this.#crashWritten(tab);
      this.openTab(device, 1);
    }
    this.tabs = this.tabs.filter(({ isGone }) => !isGone);
  }

  /** @param {Tab} tab */
  #crashWritten(tab) {
    while (tab.writing) tab.endWrite(GO);
    tab.crash(true);
  }

  /** Without any fault, and without being asked, what can be saved is saved. @param {string} user */
  #onItsOwn(user) {
    const goesOn = (/** @type {Tab} */ tab) => tab.operations.length > 0 || tab.writing || (tab.isOpen && tab.isWaiting);
    for (let turn = 0; turn < 30 && this.tabs.some(goesOn); turn += 1) for (const tab of this.tabs) this.#tick(tab);
    for (const { core, user: owner, isClosed } of this.tabs) {
      const isLeft = owner !== user || isClosed || core.isStopped || core.conflict || core.error || core.invalid;
      const isDue = core.sent || core.asked || (core.autosave && core.hasEdits);
      ensure(isLeft || !isDue, 4, "what is due is never saved");
      ensure(owner !== user || isClosed || !core.error?.isTemporary || core.isStopped || core.conflict, 4, `${core.error?.code} has passed, but stays`);
    }
  }

  /** @param {Tab} tab */
  #tick(tab) {
    this.flush(tab);
    if (tab.isOpen) this.timer(tab);
  }

  /** Whether something is left to be done. @param {string} user */
  #settleTabs(user) {
    const isBusy = (/** @type {Tab} */ { core, operations, isWaiting }) => operations.length > 0 || isWaiting || core.mine !== core.base?.config || this.client.isDirty(core) || !!core.invalid || !!core.error;
    for (const tab of this.tabs) {
      if (tab.isOpen) this.#settleTab(tab, isBusy(tab));
      else this.flush(tab);
    }
    checkEdits(this);
    this.tabs = this.tabs.filter(({ isGone }) => !isGone);
    const { version } = this.serverOf(user);
    return this.tabs.some((tab) => isBusy(tab) || tab.core.base?.version !== version) || this.devices.some((device) => device.unsaved(user).length > 0);
  }

  /** @param {Tab} tab @param {boolean} isBusy */
  #settleTab(tab, isBusy) {
    if (tab.core.invalid) this.edit(tab);
    if (tab.core.conflict) this.decide(tab, "mine");
    if (isBusy) this.save(tab);
    this.flush(tab);
    tab.dispatch("shown", {});
    this.flush(tab);
  }

  /** @param {string} user */
  #sameEverywhere(user) {
    const { newest } = this.serverOf(user);
    for (const { core } of this.tabs) {
      ensure(this.client.statusOf(core) === "clean", 8, `a tab is ${this.client.statusOf(core)} when all is quiet`);
      ensure(JSON.stringify(core.mine) === newest.text, 8, "a tab shows something else than the server has when all is quiet");
    }
    for (const edit of this.ledger.edits) {
      if (edit.user !== user) continue;
      ensure(!edit.isOpen, 2, `${edit.mark} never reached history`);
      const isBack = edit.discarded !== null && !edit.isLoose && !this.isReverted && Ledger.shows(newest.config, edit);
      ensure(!isBack || this.ledger.wasDecided(edit.mark), 5, `${edit.mark} was discarded and is there when all is quiet`);
    }
  }
}
