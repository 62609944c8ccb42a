// Follows an open dashboard: what others save is asked for as soon as the user holds nothing, and the page says who it was.
import { required } from "../client/dist/transport.js";
import { namesOf, newsInWords } from "./news_words.js";

/** How long the news are shown after the last of them. */
const SHOWN_MS = 10_000;
/** Documents ask by themselves when the page is shown. */
const JUST_SHOWN_MS = 1_000;
const SHOWN_EVENTS = ["focus", "visibilitychange"];

const nobody = () => ({ config: new Set(), table: new Set(), isWaiting: false });

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
  /** Who has saved which of the versions after this one; what came before is no news. */
  #savers = new Map();
  #newest = 0;
  /** How many calls are making a version now. */
  #revising = 0;
  #people = null;
  /** The names of those who have changed something, while the news are shown. */
  #told = nobody();
  #timer = null;

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
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#stop?.();
    this.#stop = null;
    for (const stop of this.#closing) stop();
  }

  // --- what is shown ---

  /** What others have changed just now, in words; empty if nothing. */
  get news() {
    return newsInWords(this.#told);
  }

  /** Whether changes arrive at once. */
  get isLive() {
    return this.#connection?.state === "live";
  }

  dismiss() {
    clearTimeout(this.#timer);
    this.#told = nobody();
    this.#app.redraw();
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

  /** Follow a change of the document's state; returns whether it shows what others have changed. */
  changed(state) {
    const before = this.#state;
    if (state.error || state.status === "loading") return false;
    this.#state = state;
    const isNews = before !== null && state.version > this.#newest && this.#sayWho(before, state);
    if (!before) this.#newest = state.version;
    // What it takes could not be loaded before.
    if (!this.#connection) void this.follow();
    this.proceed();
    return isNews;
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
    if (this.#table.shown.version > version) void this.#say({ table: [null] });
  }

  // --- who it was ---

  /** Say who has saved what the document has taken over; returns false if that was the user here alone. */
  #sayWho(before, state) {
    const isOwn = this.#revising > 0 || state.lastSavedAt !== before.lastSavedAt;
    const known = this.#saversUpTo(isOwn ? state.version - 1 : state.version);
    if (!isOwn) known.add(state.updatedBy ?? null);
    else if (!known.size && state.version - this.#newest > 1) known.add(null);
    this.#forgetUpTo(state.version);
    // The user has seen what others changed, and decided.
    if (!before.conflict) void this.#say({ config: known });
    return known.size > 0;
  }

  #sayWhoWaits(version) {
    const known = this.#saversUpTo(version);
    this.#forgetUpTo(version);
    void this.#say({ config: known.size ? known : [null], isWaiting: true });
  }

  #saversUpTo(last) {
    return new Set([...this.#savers].filter(([version]) => version <= last).map(([, id]) => id));
  }

  #forgetUpTo(last) {
    this.#newest = last;
    for (const version of this.#savers.keys()) if (version <= last) this.#savers.delete(version);
  }

  async #say({ config = [], table = [], isWaiting = false }) {
    const ids = [...config];
    if (!ids.length && !table.length) return;
    const people = await this.#peopleWith(ids);
    if (this.#isClosed) return;
    const { config: savers, table: uploaders } = this.#told;
    this.#told = { config: new Set([...savers, ...namesOf(ids, people)]), table: new Set([...uploaders, ...namesOf(table, people)]), isWaiting };
    this.#hushLater();
    this.#app.redraw();
  }

  /** Who may do what; asked for once, and again if somebody has come since. */
  async #peopleWith(ids) {
    const { people, strangers = new Set() } = this.#people ?? {};
    const known = people ? [people.you, people.owner.id, ...people.members.map(({ id }) => id)] : [];
    const unknown = ids.filter((id) => id && !known.includes(id) && !strangers.has(id));
    if (people && !unknown.length) return people;
    const found = await this.#page.people();
    // A viewer does not get to know everybody.
    if (found) this.#people = { people: found, strangers: new Set([...strangers, ...unknown]) };
    return found;
  }

  #hushLater() {
    clearTimeout(this.#timer);
    // Nothing disappears under the pointer or the focus.
    this.#timer = setTimeout(() => (document.querySelector(".news:is(:hover, :focus-within)") ? this.#hushLater() : this.dismiss()), SHOWN_MS);
  }
}
