/** What the tests of `live` share: a server with its WebSockets, and pages that follow projects. */

import { live } from "../dist/live.js";
import { addressOf } from "../dist/transport.js";
import { Browser, CONFIG, Server, settled, token, world } from "./support.js";

export const ADDRESS = addressOf("p", "user-1");
/** What the server's clock says, in epoch seconds, when a browser's says 0: the two are never compared. */
const NOW = 1_900_000_000;

/** A WebSocket as the server sees it. */
class Socket {
  isOpen = false;
  isClosed = false;
  /** What the page has sent. @type {any[]} */
  sent = [];
  /** The addresses that it follows. @type {string[]} */
  follows = [];

  /** @param {LiveServer} server @param {string} url @param {import("../dist/live.js").SocketEvents} events */
  constructor(server, url, events) {
    Object.assign(this, { server, url });
    this.events = events;
    this.server = server;
    this.url = url;
    setImmediate(() => this.server.handshake(this));
  }

  open() {
    if (this.isClosed) return;
    this.isOpen = true;
    this.events.opened();
  }

  /** Close it, as the server or the network does. */
  kill() {
    if (this.isClosed) return;
    this.close();
    setImmediate(() => this.events.closed());
  }

  /** Send the page a message; a text as it is. It arrives even if the page closes the socket meanwhile. @param {unknown} message */
  tell(message) {
    if (this.isOpen) setImmediate(() => this.events.heard(typeof message === "string" ? message : JSON.stringify(message)));
  }

  /** @param {string} text */
  send(text) {
    if (!this.isOpen) return;
    const message = JSON.parse(text);
    this.sent.push(message);
    if (!this.server.isDeaf) this.server.received(this, message);
  }

  close() {
    this.isOpen = false;
    this.isClosed = true;
    this.follows = [];
  }

  /** What the page has asked to follow, message by message. */
  get named() {
    return this.sent.filter(({ action }) => action === "follow").map(({ projects }) => projects);
  }
}

/** The server of one project, "p", that also announces its versions. */
export class LiveServer extends Server {
  /** @type {Socket[]} */
  sockets = [];
  /** When tickets were requested. @type {number[]} */
  asked = [];
  dataVersion = "0.0";
  /** The versions of other projects, by their addresses. @type {Record<string, { configVersion: number, dataVersion: string }>} */
  others = {};
  /** Whether handshakes fail, whether messages of pages get lost, and whether announcements do. */
  isBlocked = false;
  isDeaf = false;
  isMute = false;
  /** The addresses that have too many followers. @type {string[]} */
  full = [];
  maxFollowed = 50;
  /** Milliseconds for each follower. */
  spread = 20;
  /** The browser whose clock times what pages do. @type {Browser | null} */
  browser = null;

  /** The WebSockets that are open. */
  get open() {
    return this.sockets.filter(({ isOpen }) => isOpen);
  }

  /** The last WebSocket. @returns {Socket} */
  get socket() {
    return this.sockets.at(-1) ?? fail("There is no socket.");
  }

  /** The loads of the config, with the version that each named. */
  get loads() {
    return this.made("GET").map(({ headers }) => headers.get("If-None-Match"));
  }

  /** How long after now a token lasts, in seconds. @param {number} seconds @param {string} [user] */
  tokenFor(seconds, user = "user-1") {
    return token(user, /** @type {any} */ ({ exp: NOW + (this.browser?.time ?? 0) / 1_000 + seconds }));
  }

  /** @override @param {any} request */
  answer(request) {
    if (request.url.pathname !== "/api/live") return super.answer(request);
    this.asked.push(this.browser?.time ?? 0);
    const expiresAt = new Date(NOW * 1_000 + (this.browser?.time ?? 0) + 60_000).toISOString();
    return Response.json({ url: `wss://live.example.com/live?ticket=${this.asked.length}`, expiresAt }, { status: 201 });
  }

  /** Save as somebody else, and announce it. @override @param {any} config @param {string} [by] */
  save(config, by) {
    super.save(config, by);
    this.announce(by);
  }

  /** Announce what is newest. @param {string} [by] */
  announce(by) {
    const followers = this.sockets?.filter(({ follows }) => follows.includes(ADDRESS)) ?? [];
    if (this.isMute) return;
    for (const each of followers) each.tell(this.announcement(by, followers.length));
  }

  /** @param {string} [by] @param {number} [followers] */
  announcement(by, followers = 1) {
    return { project: ADDRESS, ...this.#versions(ADDRESS), ...(by && { updatedBy: { id: by } }), spreadMs: this.spread * followers };
  }

  /** End the access of all who follow the project. */
  end() {
    this.access = "none";
    for (const each of this.open) {
      if (!each.follows.includes(ADDRESS)) continue;
      each.tell({ project: ADDRESS, gone: true });
      setImmediate(() => each.kill());
    }
  }

  /** @type {import("../dist/live.js").LiveEnvironment["connect"]} */
  connect = (url, events) => {
    const socket = new Socket(this, url, events);
    this.sockets.push(socket);
    return socket;
  };

  /** @param {Socket} socket */
  handshake(socket) {
    if (this.isBlocked) socket.kill();
    else if (!this.isDeaf) socket.open();
  }

  /** @param {Socket} socket @param {any} message */
  received(socket, { action, projects }) {
    if (action === "ping") return socket.tell({ pong: true });
    if (projects.length > this.maxFollowed) {
      return socket.tell({ type: "urn:problem:quota-exceeded", title: "Forbidden", status: 403, detail: "Too many.", used: projects.length, limit: this.maxFollowed });
    }
    const found = projects.filter((/** @type {string} */ each) => this.#versions(each));
    const full = found.filter((/** @type {string} */ each) => this.full.includes(each));
    socket.follows = found.filter((/** @type {string} */ each) => !full.includes(each));
    socket.tell({ projects: socket.follows.map((project) => ({ project, ...this.#versions(project) })), ...(full.length && { full }) });
  }

  /** @param {string} address */
  #versions(address) {
    if (address !== ADDRESS) return this.others[address];
    return this.access === "none" ? undefined : { configVersion: this.version, dataVersion: this.dataVersion };
  }
}

/**
 * A page that can follow projects; `documents` opens the project's document. The page is visible, unless it `isHidden`, which may be a function.
 *
 * @param {any} [options] those of `world`
 */
export function page({ server = new LiveServer(), browser = new Browser(), tab = browser.tab(), getToken = () => server.tokenFor(36_000), isHidden = false, isPage = true, random = tab.environment.random, ...options } = {}) {
  server.browser ??= browser;
  Object.assign(tab.environment, { random, isPage: () => isPage });
  timed(browser, tab.environment);
  /** @type {Record<string, Set<() => void>>} */
  const leaving = { left: new Set(), back: new Set() };
  const made = world({ server, browser, tab, getToken, ...options });
  const environment = {
    connect: server.connect,
    isHidden: typeof isHidden === "function" ? isHidden : () => isHidden,
    listen: (/** @type {"left" | "back"} */ kind, /** @type {() => void} */ listener) => {
      leaving[kind]?.add(listener);
      return () => leaving[kind]?.delete(listener);
    },
  };
  const connection = live(made.client, { environment });
  return {
    ...made,
    server: /** @type {LiveServer} */ (made.server),
    connection,
    /** How many listen to the page. */
    listeners: () => Object.values(leaving).reduce((sum, { size }) => sum + size, 0),
    /** @param {"left" | "back"} kind */
    goes: async (kind) => {
      for (const listener of leaving[kind] ?? []) listener();
      await settled();
    },
  };
}

/** A page that has opened the project's document, version 1 unless the server has more, and follows it. @param {any} [options] */
export async function following({ changed, gone, documents = true, open, ...options } = {}) {
  const made = page(options);
  if (!made.server.version) made.server.save(CONFIG);
  const document = made.client.open("p", { autosave: false, ...open });
  await document.load();
  /** @type {import("../dist/live.js").News[]} */
  const news = [];
  const stop = made.connection.follow("p", { changed: changed ?? ((each) => void news.push(each)), gone, documents });
  await settled();
  return { ...made, document, news, stop };
}

/** When something is due in a browser. @type {WeakMap<Browser, Set<{ at: number }>>} */
const due = new WeakMap();

/** Keep in mind when a tab's timers are due. @param {Browser} browser @param {import("../dist/environment.js").Environment} environment */
function timed(browser, environment) {
  const { after } = environment;
  const all = due.get(browser) ?? new Set();
  due.set(browser, all);
  environment.after = (milliseconds, then) => {
    const each = { at: browser.time + milliseconds };
    all.add(each);
    const cancel = after(milliseconds, () => (all.delete(each), then()));
    return () => (all.delete(each), cancel());
  };
}

/** How many things are due in a browser. @param {Browser} browser */
export const waiting = (browser) => due.get(browser)?.size ?? 0;

/** Let time pass, from one thing that is due to the next. @param {Browser} browser @param {number} milliseconds */
export async function pass(browser, milliseconds) {
  await settled();
  const end = browser.time + milliseconds;
  while (browser.time < end) {
    const next = Math.min(end, ...[...(due.get(browser) ?? [])].map(({ at }) => at).filter((at) => at > browser.time));
    await browser.advance(next - browser.time);
  }
}

/** The states of a connection from now on. @param {import("../dist/live.js").LiveConnection} connection */
export function statesOf(connection) {
  const states = [connection.state];
  connection.subscribe((state) => states.push(state));
  return states;
}

/** @param {string} why @returns {never} */
function fail(why) {
  throw new Error(why);
}
