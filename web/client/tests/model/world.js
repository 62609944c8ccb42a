/** The model's world: users' servers, devices and tabs, and the books that are kept of what happens there. */

import { checkTab, checkVersion, ensure } from "./checks.js";
import { Device, mark } from "./device.js";
import { Ledger } from "./ledger.js";
import { ModelServer } from "./server.js";
import { EMPTY, leaves } from "./shape.js";
import { Tab } from "./tab.js";

const DEVICES = 2;
const INITIAL = { chartCustomizations: { a: { title: "i1", x: "i2", y: "i3" } }, theme: "i4" };

export class World {
  /** @type {Map<string, ModelServer>} */
  servers = new Map();
  devices = Array.from({ length: DEVICES }, () => new Device());
  /** @type {Tab[]} */
  tabs = [];
  ledger = new Ledger();
  /** Requests whose tab no longer waits for them. @type {{ server: ModelServer, sent: any }[]} */
  late = [];
  /** @type {Record<string, number>} */
  counts = {};
  values = 0;
  moment = 0;
  number = 0;
  isReverted = false;
  /** @type {string[]} */
  trace = [];

  /** @param {any} client @param {boolean} isTraced */
  constructor(client, isTraced = false) {
    this.client = client;
    this.isTraced = isTraced;
  }

  // --- what tabs tell of ---

  /** @param {string} user @returns {ModelServer} */
  serverOf(user) {
    const known = this.servers.get(user);
    if (known) return known;
    const made = new ModelServer();
    made.made = (version) => checkVersion(this, made, version);
    this.servers.set(user, made);
    return made;
  }

  /** A clock that nobody may rely on. */
  clock() {
    return (this.number * 7919) % 1000;
  }

  /** @param {Tab} tab @param {string} name @param {any} event @param {any} before */
  stepped(tab, name, event, before) {
    this.note(() => `${tab.name} ${name} ${event.error?.code ?? ""} → ${this.client.statusOf(tab.core)} v${tab.core.base?.version} ${JSON.stringify(tab.core.mine)}`);
    if (tab.isGone) return;
    if (before.base === null && tab.core.base?.config === null) this.touched(tab);
    checkTab(tab, name, event, before);
  }

  /** @param {() => string} text */
  note(text) {
    if (this.isTraced) this.trace.push(text());
  }

  /** A save is on its way, perhaps again. @param {Tab} tab @param {any} sent */
  sealed(tab, sent) {
    const { sealed } = this.ledger;
    ensure(tab.unanswered === null || tab.unanswered === sent.key, 7, `the unanswered save ${tab.unanswered} is repeated as ${sent.key}`);
    tab.unanswered = sent.key;
    if (sealed.has(sent.key)) return;
    sealed.set(sent.key, this.moment);
    ensure(tab.acts > 0, 3, "something is saved that no user has done");
    // A save that was made by a tab that has ended leaves what was done after it.
    if (sent.key.startsWith(`${tab.name}-`)) tab.acts = 0;
  }

  /** @param {ModelServer} server @param {any} sent */
  process(server, sent) {
    const content = JSON.stringify([sent.base, sent.patch]);
    const known = server.used.get(sent.key);
    ensure(known === undefined || known === content, 7, "a save has changed while it was unanswered");
    server.used.set(sent.key, content);
    const answer = this.processed(server, sent);
    this.note(() => `server processes ${sent.key} from v${sent.base}: ${answer.refusal ? `412 ${answer.refusal.conflicts}` : `v${answer.version.version}`} ${content}`);
    if (answer.refusal) server.refused.add(sent.key);
    return answer;
  }

  /** @param {ModelServer} server @param {any} sent */
  processed(server, sent) {
    try {
      return server.process(sent);
    } catch (error) {
      ensure(!(error instanceof RangeError || error instanceof TypeError), 3, "a save does not fit the version that it was made from");
      throw error;
    }
  }

  /** @param {Tab} tab @param {string} user @param {number} version @param {number} newest */
  tell(tab, user, version, newest) {
    for (const other of this.tabs) if (other !== tab && other.device === tab.device && other.isOpen && other.isStarted) other.inbox.push({ user, version, newest });
  }

  /** @param {Tab} tab */
  belongs(tab) {
    for (const edit of this.ledger.edits) if (edit.holder === tab && !edit.user) edit.user = tab.user ?? "";
  }

  /** @param {Tab} tab */
  left(tab) {
    this.ledger.leave(tab);
  }

  /** @param {Tab} tab @param {string} slot */
  tookUp(tab, slot) {
    this.ledger.takeUp(tab, slot);
  }

  /** Where nothing is saved, what was touched before there was a config is saved whole. @param {Tab} tab */
  touched({ name, core, early }) {
    const tops = early.map((place) => place.slice(0, 1));
    for (const [at, value] of leaves(core.initial)) if (tops.includes(at.slice(0, 1))) this.ledger.intent(name).decided.add(mark(at, value));
  }

  // --- what steps choose from ---

  /** Take the next part of the step's number. @param {number} count */
  pick(count) {
    if (count < 2) return 0;
    const part = this.number % count;
    this.number = Math.floor(this.number / count);
    return part;
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  any(list) {
    return /** @type {T} */ (list[this.pick(list.length)]);
  }

  /** @param {Device | undefined} device @param {number} choice */
  openTab(device, choice) {
    const tab = new Tab(this, /** @type {Device} */ (device), { autosave: choice % 4 !== 0, initial: choice % 8 < 3 ? INITIAL : EMPTY });
    this.tabs.push(tab);
    tab.start();
    return tab;
  }

  /** @param {string} letter */
  fresh(letter) {
    return `${letter}${(this.values += 1)}`;
  }
}
