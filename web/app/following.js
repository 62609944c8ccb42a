// Follows an open dashboard: what others save is asked for as soon as the user holds nothing, and the page says who it was.
import { required } from "../client/dist/transport.js";
import { changesBetween } from "./changes.js";
import { News } from "./news.js";

/** Documents ask by themselves when the page is shown. */
const JUST_SHOWN_MS = 1_000;
const SHOWN_EVENTS = ["focus", "visibilitychange"];

/** Loaded once the dashboard is shown. Rejects with a DashkeepError. */
async function connected(client) {
  const { live } = await required(import("../client/dist/live.js"));
  return live(client);
}

export class Following {
  #app;
  #page;
  #table;
  #connect;
  #connection = null;
  #closing = [];
  #isClosed = false;
  /** Ends following; null while the dashboard is not followed. */
  #stop = null;
  #isConnecting = false;
  /** The newest versions that are known to be there, and those that were asked for; the table's are numbers of uploads. */
  #heard = { config: 0, table: 0 };
  #asked = { config: 0, table: 0 };
  /** What may be newer than what is shown: only asking tells. */
  #unsure = { config: false, table: false };
  #shownAt = Number.NEGATIVE_INFINITY;
  /** The document's last state, once it is loaded. */
  #state = null;
  /** The config of its version as it came: the grid may have moved charts since. */
  #arrived = null;
  /** Who has saved which of the versions after this one; what came before is no news. */
  #savers = new Map();
  #newest = 0;
  /** How many calls are making a version now. */
  #revising = 0;
  /** @type {News} */
  #news;

  /**
   * @param {object} app
   * @param {import("./dashboard.js").DashboardPage} page
   * @param {import("./table.js").ProjectTable} table
   * @param {(client: object) => Promise<import("../client/dist/live.js").LiveConnection>} connect
   */
  constructor(app, page, table, connect = connected) {
    this.#app = app;
    this.#page = page;
    this.#table = table;
    this.#connect = connect;
    this.#news = new News(page, () => app.redraw());
  }

  close() {
    this.#isClosed = true;
    this.#news.close();
    this.#stop?.();
    this.#stop = null;
    for (const stop of this.#closing) stop();
  }

  // --- what is shown ---

  /** What others have changed just now, in words; empty if nothing. */
  get news() {
    return this.#news.text;
  }

  /** Whether changes arrive at once. */
  get isLive() {
    return this.#connection?.state === "live";
  }

  dismiss() {
    this.#news.dismiss();
  }

  // --- what is heard ---

  /** Follow the dashboard once it is loaded, unless it is followed already. */
  async follow() {
    if (!this.#state || this.#stop || this.#isConnecting || this.#isClosed) return;
    this.#isConnecting = true;
    try {
      this.#connection ??= await this.#begin();
    } catch (error) {
      // It is tried again with the next change of the document's state.
      if (error.status === undefined) throw error;
    }
    this.#isConnecting = false;
    if (!this.#connection) return;
    const gone = () => {
      this.#stop = null;
      this.#page.checkAccess();
    };
    // The page has the document ask, when nothing is held.
    this.#stop = this.#connection.follow(this.#page.id, { documents: false, changed: (news) => this.#hear(news), gone });
  }

  async #begin() {
    const connection = await this.#connect(this.#app.client);
    if (this.#isClosed) return null;
    this.#closing.push(connection.subscribe(() => this.#app.redraw()));
    const onShown = () => {
      this.#shownAt = Date.now();
      // Access that had ended may be back.
      if (!this.#page.state.error) void this.follow();
    };
    for (const type of SHOWN_EVENTS) {
      addEventListener(type, onShown);
      this.#closing.push(() => removeEventListener(type, onShown));
    }
    return connection;
  }

  #hear({ configVersion, dataVersion, updatedBy }) {
    if (configVersion === null) {
      this.#unsure = { config: Date.now() - this.#shownAt > JUST_SHOWN_MS, table: true };
    } else {
      this.#heard = { config: Math.max(this.#heard.config, configVersion), table: Math.max(this.#heard.table, Number.parseInt(dataVersion, 10)) };
      if (updatedBy && configVersion > this.#newest) this.#savers.set(configVersion, updatedBy);
    }
    this.proceed();
  }

  /** Follow a change of the document's state; returns the ids of the charts that others have changed, null if nothing is news. */
  changed(state) {
    const before = this.#state;
    if (state.error || state.status === "loading") return null;
    this.#state = state;
    const changed = before !== null && state.version > this.#newest ? this.#sayWho(before, state) : null;
    if (!before) this.#newest = state.version;
    if (before?.version !== state.version) this.#arrived = state.config;
    // What it takes could not be loaded before.
    if (!this.#connection) void this.follow();
    this.proceed();
    return changed;
  }

  /** Make a version by a call: it is the user's own. */
  async own(call) {
    this.#revising += 1;
    try {
      return await call();
    } finally {
      this.#revising -= 1;
    }
  }

  // --- asking ---

  /** Ask for what is newer than what is shown, as soon as nothing is held. */
  proceed() {
    if (this.#stop) this.#app.holding.wait(this.#ask);
  }

  #ask = () => {
    if (!this.#stop) return;
    this.#askForConfig();
    void this.#askForTable();
  };

  #askForConfig() {
    const { version, isDirty, autosave, status, error } = this.#page.state;
    const newest = this.#heard.config;
    // After a failure, the document asks again by itself.
    if (error || status === "loading") return;
    if (isDirty) {
      // The next save merges it.
      if (!autosave && status === "dirty" && newest > Math.max(version, this.#newest)) this.#sayWhoWaits(newest);
      return;
    }
    if (!this.#unsure.config && newest <= Math.max(version, this.#asked.config)) return;
    this.#unsure.config = false;
    this.#asked.config = newest;
    // The state has the result and is shown.
    this.#page.document.refresh().catch(() => {});
  }

  async #askForTable() {
    const { version = 0 } = this.#table.shown;
    if (this.#table.isBusy || !(this.#unsure.table || this.#heard.table > Math.max(version, this.#asked.table))) return;
    this.#unsure.table = false;
    this.#asked.table = this.#heard.table;
    await this.#table.load();
    if (this.#table.shown.version > version) void this.#news.say({ table: [null] });
  }

  // --- who it was ---

  /** Say who has saved what the document has taken over, and what changed; returns null if that was the user here alone. */
  #sayWho(before, state) {
    const isOwn = this.#revising > 0 || state.lastSavedAt !== before.lastSavedAt;
    const known = this.#saversUpTo(isOwn ? state.version - 1 : state.version);
    if (!isOwn) known.add(state.updatedBy ?? null);
    else if (!known.size && state.version - this.#newest > 1) known.add(null);
    this.#forgetUpTo(state.version);
    if (!known.size) return null;
    // What is edited here is in both.
    const changes = changesBetween(before.isDirty ? before.config : this.#arrived, state.config);
    // The user has seen what others changed, and decided.
    if (!before.conflict) void this.#news.say({ config: known, deeds: changes.map(({ deed }) => deed) });
    return changes.flatMap(({ ids }) => ids);
  }

  #sayWhoWaits(version) {
    const known = this.#saversUpTo(version);
    this.#forgetUpTo(version);
    void this.#news.say({ config: known.size ? known : [null], isWaiting: true });
  }

  #saversUpTo(last) {
    return new Set([...this.#savers].filter(([version]) => version <= last).map(([, id]) => id));
  }

  #forgetUpTo(last) {
    this.#newest = last;
    for (const version of this.#savers.keys()) if (version <= last) this.#savers.delete(version);
  }
}
