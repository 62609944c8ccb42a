/** Following projects: who asks for what, and when. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ADDRESS, following, LiveServer, page, pass, statesOf, waiting } from "./following.js";
import { setting } from "./opened.js";
import { charts, stored } from "./stores.js";
import { Browser, CONFIG, settled, titled, token } from "./support.js";
import { live } from "../dist/live.js";

const MINUTE = 60_000;
const UNKNOWN = { project: ADDRESS, configVersion: null, dataVersion: null, updatedBy: null };

/** Like `following`, with what is known in the beginning asked for, and forgotten. @param {any} [options] */
async function settledIn(options) {
  const made = await following(options);
  await made.browser.advance(0);
  made.server.requests.length = made.news.length = 0;
  return made;
}

// --- announcements ---

test("a page that follows a project shows another device's save within its spread, and who saved it", async () => {
  const { server, browser, document, connection } = await settledIn();
  assert.equal(connection.state, "live");
  server.save(titled("theirs"), "ada");
  await settled();
  await browser.advance(20);
  assert.deepEqual([document.state.version, document.state.config, document.state.updatedBy, document.state.status], [2, titled("theirs"), "ada", "clean"]);
  assert.deepEqual(server.loads, ['"1"']);
});

test("all documents of the client hear of it: those of a store, of components and of openings, but no draft and no other project", async () => {
  const { server, browser, client, document } = await settledIn();
  const { store } = await stored({ server, browser, client });
  const another = client.open("p");
  const [draft, other] = [client.open("p", { sessionId: "s" }), client.open("q")];
  for (const each of [draft, other]) await each.load();
  server.requests.length = 0;
  server.save(charts("c2"));
  await settled();
  await browser.advance(20);
  assert.deepEqual([document, another, store.dashkeep, draft, other].map(({ state }) => state.version), [2, 2, 2, 1, 1]);
  assert.deepEqual(store.getState().chartCustomizations, charts("c2").chartCustomizations);
  assert.deepEqual(server.requests.map(({ url }) => url.pathname + url.search), Array(2).fill("/api/projects/p/config"));
});

test("documents do not ask by themselves where the application says when, and a listener still hears of what others save alone", async () => {
  const made = page();
  made.server.save(CONFIG);
  const { server, browser, client, connection } = made;
  const document = client.open("p", { autosave: false });
  await document.load();
  const news = /** @type {unknown[]} */ ([]);
  const stop = connection.follow("p", { documents: false, changed: ({ configVersion }) => news.push(configVersion) });
  await settled();
  document.edit(titled("mine"));
  await document.save();
  server.announce("me");
  await settled();
  await browser.advance(20);
  assert.deepEqual([news, document.state.version], [[], 2]);
  server.requests.length = 0;
  server.save(titled("theirs"));
  await pass(browser, 5 * MINUTE);
  assert.deepEqual([news, document.state.version, server.loads], [[3, null], 2, []]);
  connection.follow("p");
  server.save(titled("more"));
  await pass(browser, 20);
  assert.deepEqual([news.at(-1), document.state.version, server.loads], [4, 4, ['"2"']]);
  stop();
});

test("a listener hears what is there when following begins, and then of every newer version", async () => {
  const { server, browser, news } = await following();
  await browser.advance(0);
  server.save(titled("theirs"), "ada");
  await settled();
  await browser.advance(20);
  server.dataVersion = "1.0";
  server.announce();
  await settled();
  await browser.advance(20);
  const known = { project: ADDRESS, configVersion: 2, dataVersion: "0.0" };
  assert.deepEqual(news, [
    { ...known, configVersion: 1, updatedBy: null },
    { ...known, updatedBy: "ada" },
    { ...known, dataVersion: "1.0", updatedBy: null },
  ]);
});

test("of a project without a config and a table there is nothing to hear in the beginning", async () => {
  const { browser, connection } = page();
  const news = /** @type {unknown[]} */ ([]);
  connection.follow("p", { changed: (each) => news.push(each) });
  await settled();
  await browser.advance(1_000);
  assert.deepEqual([connection.state, news], ["live", []]);
});

test("a version that is there is not asked for: not if its announcement is doubled, late, or older than another", async () => {
  const { server, browser, document, news } = await settledIn();
  const late = server.announcement();
  server.save(titled("theirs"));
  server.announce();
  await settled();
  await browser.advance(20);
  server.announce();
  server.socket.tell(late);
  server.socket.tell({ ...late, configVersion: 0, dataVersion: "0.0" });
  await settled();
  await browser.advance(1_000);
  assert.deepEqual([document.state.version, server.loads, news.length], [2, ['"1"'], 1]);
});

test("what a document of the page has saved is not asked for, whether its announcement is there before the answer or after", async () => {
  for (const isBefore of [true, false]) {
    const { server, browser, document, news } = await settledIn();
    document.edit(titled("mine"));
    server.instead = [
      async () => {
        const answer = server.answer(server.requests.at(-1));
        if (isBefore) server.announce("me");
        await settled();
        return answer;
      },
    ];
    await document.save();
    server.announce("me");
    await settled();
    await browser.advance(1_000);
    assert.deepEqual([document.state.version, server.loads, news], [2, [], []]);
  }
});

test("a call that saves is announced like anybody's save, and later versions are heard of, too", async () => {
  const { server, browser, client, news } = await settledIn();
  await client.save("p", titled("called"), { ifMatch: 1 });
  for (const by of ["me", "ada"]) {
    if (by === "ada") server.save(titled("theirs"), by);
    else server.announce(by);
    await pass(browser, 20);
  }
  assert.deepEqual(news.map(({ configVersion, updatedBy }) => [configVersion, updatedBy]), [[2, "me"], [3, "ada"]]);
});

test("another tab of the browser hears of the save as well", async () => {
  const { server, browser, document } = await settledIn();
  const { news, document: other } = await settledIn({ server, browser });
  document.edit(titled("mine"));
  await document.save();
  server.announce("me");
  await settled();
  await browser.advance(1_000);
  assert.deepEqual([news.map(({ configVersion }) => configVersion), other.state.version, server.loads], [[2], 2, ['"1"']]);
});

test("the moment is random within the spread, and what is announced meanwhile is asked for at the same moment", async () => {
  for (const [first, moment] of /** @type {const} */ ([[0.25, 5_000], [0.75, 15_000]])) {
    /** @type {number} */
    let random = first;
    const { server, browser, document, news } = await settledIn({ random: () => random });
    server.spread = 20_000;
    server.save(titled("one"), "ada");
    await settled();
    await pass(browser, 4_000);
    random = 0;
    server.save(titled("two"), "bob");
    await settled();
    await pass(browser, moment - 4_001);
    assert.deepEqual([server.loads, news], [[], []]);
    await browser.advance(1);
    assert.deepEqual([document.state.version, server.loads], [3, ['"1"']]);
    assert.deepEqual(news.map(({ configVersion, updatedBy }) => [configVersion, updatedBy]), [[3, "bob"]]);
  }
});

test("a table that is newer is not asked for by documents, and its versions are ordered as numbers, the upload first", async () => {
  const { server, browser, news } = await settledIn();
  for (const version of ["9.0", "9.10", "9.9", "10.1", "9.11", "10.0", "11.0"]) {
    server.dataVersion = version;
    server.announce("ada");
    await settled();
    await browser.advance(20);
  }
  assert.deepEqual(news.map(({ dataVersion, updatedBy }) => [dataVersion, updatedBy]), ["9.0", "9.10", "10.1", "11.0"].map((each) => [each, null]));
  assert.deepEqual(server.loads, []);
});

test("a message that is not understood, or names another project, changes nothing", async () => {
  const { server, browser, connection, news } = await settledIn();
  for (const message of ["", "null", "7", "[", '"text"', {}, { message: "Internal server error", connectionId: "c" }, { projects: [] }, { type: "urn:problem:invalid-message" }, { project: "x~p", configVersion: 7, dataVersion: "1.0" }, { project: "x~p", gone: true }]) server.socket.tell(message);
  server.socket.tell({ project: ADDRESS, spreadMs: 20 });
  await settled();
  await browser.advance(1_000);
  assert.deepEqual([connection.state, server.loads, news, server.open.length], ["live", [], [], 1]);
});

// --- edits ---

test("a document with edits keeps them, does not ask, and merges with its next save", async () => {
  const { server, browser, document } = await settledIn();
  document.edit(setting("theme", "dark"));
  server.save(titled("theirs"));
  await settled();
  await browser.advance(20);
  const { status, version, config, origin } = document.state;
  assert.deepEqual([status, version, config, origin, server.loads], ["dirty", 1, { ...CONFIG, theme: "dark" }, "cache", []]);
  await document.save();
  assert.deepEqual([server.config, document.state.config, document.state.version], [{ ...titled("theirs"), theme: "dark" }, server.config, 3]);
});

test("a document asks once its edits are discarded", async () => {
  const { server, browser, document } = await settledIn();
  document.edit(titled("mine"));
  server.save(titled("theirs"));
  await settled();
  await browser.advance(20);
  document.discard();
  await settled();
  assert.deepEqual([document.state.status, document.state.config, server.loads], ["clean", titled("theirs"), ['"1"']]);
});

test("a version that is announced while an older one is loading is loaded after it", async () => {
  const { server, browser, document } = await settledIn();
  server.isMute = true;
  server.save(titled("two"));
  server.isMute = false;
  server.instead = [
    async (request) => {
      const answer = server.answer(request);
      server.save(titled("three"));
      await settled();
      await browser.advance(20);
      return answer;
    },
  ];
  await document.refresh();
  await settled();
  assert.deepEqual([document.state.version, document.state.config, server.loads], [3, titled("three"), ['"1"', '"1"']]);
});

// --- who follows ---

test("all that follow a project share one, whether they name it by its id or its address", async () => {
  const { server, connection } = page();
  const stops = ["p", ADDRESS, "p", "b~q"].map((name) => connection.follow(name));
  server.others["b~q"] = { configVersion: 1, dataVersion: "0.0" };
  await settled();
  assert.deepEqual([server.asked.length, server.sockets.length, server.socket.named], [1, 1, [[ADDRESS, "b~q"]]]);
  for (const stop of stops.slice(0, 2)) stop();
  await settled();
  assert.equal(server.socket.named.length, 1);
  for (const stop of [stops[2], stops[2]]) stop?.();
  await settled();
  assert.deepEqual([connection.state, server.socket.named.at(-1)], ["live", ["b~q"]]);
});

test("a client has one connection, and two clients have two", () => {
  const [one, other] = [page(), page()];
  assert.equal(live(one.client), one.connection);
  assert.notEqual(one.connection, other.connection);
});

test("what is announced is not asked for once nobody follows any more", async () => {
  const { server, browser, news, stop } = await settledIn();
  server.spread = 100_000;
  server.save(titled("theirs"));
  await settled();
  stop();
  await pass(browser, 5_000);
  assert.equal(waiting(browser), 0);
  await pass(browser, 100_000);
  assert.deepEqual([server.loads, news], [[], []]);
});

test("who follows later hears what the others have heard, and the others hear nothing again", async () => {
  const { server, browser, connection, news } = await settledIn();
  server.save(titled("theirs"), "ada");
  await settled();
  await browser.advance(20);
  const later = /** @type {unknown[]} */ ([]);
  connection.follow("p", { changed: ({ configVersion }) => later.push(configVersion) });
  await settled();
  await browser.advance(20);
  assert.deepEqual([later, news.length, server.socket.named.length], [[2], 1, 1]);
});

test("a component that is mounted twice, as in React's strict mode, follows once", async () => {
  const { server, connection } = page();
  connection.follow("p")();
  connection.follow("p");
  await settled();
  assert.deepEqual([server.asked.length, server.socket.named], [1, [[ADDRESS]]]);
});

test("projects that are followed or left at the same time are named in one message, and messages wait for each other's answer", async () => {
  const { server, connection } = page();
  for (const name of ["q", "r", "s"]) server.others[ADDRESS.replace("~p", `~${name}`)] = { configVersion: 1, dataVersion: "0.0" };
  connection.follow("p");
  await settled();
  const { socket } = server;
  server.isDeaf = true;
  connection.follow("q");
  const stop = connection.follow("r");
  await settled();
  stop();
  connection.follow("s");
  await settled();
  const ids = () => socket.named.map((each) => each.map((/** @type {string} */ one) => one.at(-1)).join(""));
  assert.deepEqual([ids(), connection.state], [["p", "pqr"], "connecting"]);
  server.isDeaf = false;
  server.received(socket, socket.sent.at(-1));
  await settled();
  assert.deepEqual([ids(), connection.state, server.sockets.length], [["p", "pqr", "pqs"], "live", 1]);
});

test("a page that goes from one dashboard to another keeps its connection, and closes it once nothing is followed", async () => {
  const { server, browser, connection, stop, tab } = await settledIn();
  stop();
  assert.equal(connection.state, "idle");
  await browser.advance(4_000);
  const again = connection.follow("p");
  await settled();
  await pass(browser, 2 * MINUTE);
  assert.deepEqual([server.sockets.length, server.open.length, connection.state], [1, 1, "live"]);
  again();
  await browser.advance(5_000);
  assert.deepEqual([server.open.length, connection.state], [0, "idle"]);
  server.requests.length = 0;
  await tab.happens("online");
  await pass(browser, 20 * MINUTE);
  assert.deepEqual([server.asked.length, server.requests], [1, []]);
});

test("nothing that a listener throws stops anything, and one that is stopped by another hears nothing", async (t) => {
  const { browser, connection } = await following();
  const uncaught = /** @type {unknown[]} */ ([]);
  t.mock.method(Promise, "reject", async (/** @type {unknown} */ error) => void uncaught.push(error));
  const heard = /** @type {string[]} */ ([]);
  connection.follow("p", {
    changed() {
      stop();
      throw new RangeError("mine");
    },
  });
  const stop = connection.follow("p", { changed: () => heard.push("stopped") });
  connection.follow("p", { changed: () => heard.push("last") });
  await browser.advance(0);
  assert.deepEqual([heard, uncaught.map(String)], [["last"], ["RangeError: mine"]]);
});

// --- hidden pages ---

test("a hidden page asks nothing, and asks once it is shown", async () => {
  const { server, browser, tab, document, news, connection } = await settledIn();
  await tab.happens("hidden");
  server.save(titled("theirs"));
  server.dataVersion = "1.0";
  server.announce();
  await settled();
  await tab.happens("online");
  await pass(browser, 50_000);
  assert.deepEqual([server.requests, news, connection.state, server.socket.sent.length], [[], [], "live", 1]);
  await tab.happens("shown");
  await browser.advance(100);
  assert.deepEqual([document.state.version, server.loads, news], [2, ['"1"'], [UNKNOWN]]);
});

test("a page that is hidden before its moment has come asks once it is shown", async () => {
  const { server, browser, tab, document, news } = await settledIn();
  server.save(titled("theirs"));
  await settled();
  await tab.happens("hidden");
  await browser.advance(1_000);
  assert.deepEqual([server.loads, news], [[], []]);
  await tab.happens("shown");
  await browser.advance(100);
  assert.deepEqual([document.state.version, server.loads, news], [2, ['"1"'], [UNKNOWN]]);
});

test("a page that stays hidden is disconnected after a minute, asks for no ticket, and connects once it is shown", async () => {
  const { server, browser, tab, connection } = await settledIn();
  const states = statesOf(connection);
  await tab.happens("hidden");
  await pass(browser, MINUTE - 1);
  assert.equal(server.open.length, 1);
  await browser.advance(1);
  assert.deepEqual([server.open.length, connection.state], [0, "idle"]);
  await tab.happens("online");
  await pass(browser, 180 * MINUTE);
  assert.deepEqual([server.asked.length, server.requests], [1, []]);
  await tab.happens("shown");
  assert.deepEqual([server.open.length, states], [1, ["live", "idle", "connecting", "live"]]);
});

test("a page that is looked at again within a minute keeps its connection", async () => {
  const { server, browser, tab, connection } = await settledIn();
  for (let turn = 0; turn < 5; turn += 1) {
    await tab.happens("hidden");
    await browser.advance(40_000);
    await tab.happens("shown");
    await browser.advance(1_000);
  }
  await pass(browser, 2 * MINUTE);
  assert.deepEqual([server.sockets.length, server.open.length, connection.state], [1, 1, "live"]);
});

test("a page that is hidden while nothing is followed is disconnected a minute after something is", async () => {
  let isHidden = false;
  const { server, browser, connection, stop } = await settledIn({ isHidden: () => isHidden });
  stop();
  isHidden = true;
  connection.follow("p");
  await pass(browser, MINUTE - 1);
  assert.equal(server.open.length, 1);
  await browser.advance(1);
  assert.deepEqual([server.open.length, connection.state, waiting(browser)], [0, "idle", 0]);
});

test("a page that is opened in the background connects once it is shown", async () => {
  const { server, browser, tab, connection } = page({ isHidden: true });
  connection.follow("p");
  await settled();
  await pass(browser, 20 * MINUTE);
  assert.deepEqual([connection.state, server.asked.length, server.requests.length, waiting(browser)], ["idle", 0, 0, 0]);
  await tab.happens("shown");
  assert.deepEqual([connection.state, server.asked.length], ["live", 1]);
});

test("a ticket that arrives once the page is hidden is not used", async () => {
  const { server, tab, connection } = page();
  server.instead = [(request) => (void tab.happens("hidden"), server.answer(request))];
  connection.follow("p");
  await settled();
  assert.deepEqual([server.sockets.length, connection.state], [0, "idle"]);
  await tab.happens("shown");
  assert.deepEqual([server.sockets.length, connection.state, server.asked.length], [1, "live", 2]);
});

test("a page that is left disconnects at once, so that the browser can keep it, and connects when it comes back", async () => {
  const { server, connection, goes } = await settledIn();
  await goes("left");
  assert.deepEqual([server.open.length, connection.state], [0, "idle"]);
  await goes("back");
  assert.deepEqual([server.open.length, connection.state], [1, "live"]);
});

// --- questions ---

test("the focus has everything asked for, once, although browsers report it twice", async () => {
  const { server, browser, tab, news } = await settledIn();
  await tab.happens("shown");
  await browser.advance(10);
  await tab.happens("shown");
  await browser.advance(100);
  assert.deepEqual(news, [UNKNOWN]);
  // The document asks by itself each time.
  assert.deepEqual(server.loads, ['"1"', '"1"']);
});

test("the network's return has everything asked for, within a second and at random", async () => {
  const { server, browser, tab, news } = await settledIn({ random: () => 0.25 });
  server.isMute = true;
  server.save(titled("theirs"));
  await tab.happens("online");
  await browser.advance(249);
  assert.deepEqual(server.loads, []);
  await browser.advance(1);
  assert.deepEqual([server.loads, news], [['"1"'], [UNKNOWN]]);
});

for (const isBlocked of [true, false]) {
  test(`a visible page has everything asked for every five minutes, ${isBlocked ? "without a connection" : "with one"}`, async () => {
    const server = new LiveServer();
    server.isBlocked = isBlocked;
    const { browser, document, connection, news } = await settledIn({ server });
    server.isMute = true;
    for (const version of [2, 3, 4]) {
      server.save(titled(`version ${version}`));
      // Nothing else wakes the page: a socket that is tried again fails.
      await pass(browser, 300_000);
      assert.deepEqual([document.state.version, news.length], [version, version - 1]);
    }
    assert.equal(connection.state, isBlocked ? "asking" : "live");
    assert.deepEqual([news, server.loads], [Array(3).fill(UNKNOWN), ['"1"', '"2"', '"3"']]);
  });
}

test("pages that were opened together do not ask together", async () => {
  const server = new LiveServer();
  server.save(CONFIG);
  const browser = new Browser();
  for (let index = 0; index < 40; index += 1) await following({ server, browser, random: () => (index + 0.5) / 40 });
  await browser.advance(0);
  server.requests.length = 0;
  let most = 0;
  for (let second = 0; second < 300; second += 1) {
    const before = server.requests.length;
    await browser.advance(1_000);
    most = Math.max(most, server.requests.length - before);
  }
  assert.deepEqual([server.requests.length, most <= 4], [40, true]);
});

// --- the end of access ---

test("whose access has ended hears so, once; documents say so; and nothing more is asked or followed", async () => {
  let ends = 0;
  const { server, browser, document, connection, news, stop } = await settledIn({ gone: () => (ends += 1) });
  server.end();
  await settled();
  assert.deepEqual([ends, connection.state], [1, "idle"]);
  await pass(browser, 30 * MINUTE);
  assert.deepEqual([ends, document.state.status, document.state.error?.code, news], [1, "failed", "not-found", []]);
  assert.deepEqual([server.loads.length, server.asked.length], [1, 1]);
  stop();
});

test("the connection that the end of access has closed is opened again for what else is followed", async () => {
  const { server, browser, connection } = await settledIn();
  server.others["b~q"] = { configVersion: 1, dataVersion: "0.0" };
  connection.follow("b~q");
  await settled();
  server.end();
  await settled();
  await pass(browser, 1_000);
  assert.deepEqual([connection.state, server.open.map(({ follows }) => follows)], ["live", [["b~q"]]]);
});

test("a project that an answer leaves out is gone, and the others are live", async () => {
  const { server, browser, connection } = page();
  server.access = "none";
  server.others["b~q"] = { configVersion: 1, dataVersion: "0.0" };
  const gone = /** @type {string[]} */ ([]);
  const [stop] = ["p", "b~q"].map((name) => connection.follow(name, { gone: () => gone.push(name) }));
  await settled();
  assert.deepEqual([gone, connection.state, server.socket.named], [["p"], "live", [[ADDRESS, "b~q"], ["b~q"]]]);
  // Once it is there, it can be followed again.
  server.access = "owner";
  connection.follow("p", { gone: () => gone.push("again") });
  await settled();
  await browser.advance(1_000);
  stop?.();
  await settled();
  assert.deepEqual([gone, server.socket.follows], [["p"], ["b~q", ADDRESS]]);
});

test("pages whose project is deleted ask at random moments, for as long as its followers were to ask", async () => {
  const { server, browser } = await settledIn({ random: () => 0.75 });
  server.spread = 20_000;
  server.announce();
  await settled();
  server.end();
  await settled();
  await pass(browser, 14_000);
  assert.deepEqual(server.loads, []);
  await pass(browser, 1_000);
  assert.deepEqual(server.loads, ['"1"']);
});

test("no document asks about the end of access while its page is hidden, or if the application says when it asks", async () => {
  const one = await settledIn();
  await one.tab.happens("hidden");
  const other = await settledIn({ documents: false });
  for (const { server, browser } of [one, other]) {
    server.end();
    await pass(browser, 40_000);
    assert.deepEqual(server.loads, []);
  }
});

// --- what cannot be followed ---

test("a project with too many followers is asked for every five minutes, and followed once there is room", async () => {
  const server = new LiveServer();
  server.full = [ADDRESS];
  server.others["b~q"] = { configVersion: 1, dataVersion: "0.0" };
  const { browser, document, connection, news, stop } = await settledIn({ server });
  connection.follow("b~q");
  await settled();
  assert.deepEqual([connection.state, server.socket.follows, server.sockets.length], ["asking", ["b~q"], 1]);
  server.save(titled("theirs"));
  await pass(browser, 300_000);
  assert.deepEqual([document.state.version, news], [2, [UNKNOWN]]);
  server.full = [];
  await pass(browser, 300_000);
  assert.deepEqual([connection.state, server.socket.follows, server.sockets.length], ["live", [ADDRESS, "b~q"], 1]);
  server.full = [ADDRESS];
  stop();
  await settled();
  assert.equal(connection.state, "live");
});

test("of more projects than a connection may follow, the first are followed and the others asked for", async () => {
  const { server, browser, connection } = page();
  server.maxFollowed = 2;
  const heard = /** @type {[string, number | null][]} */ ([]);
  const stops = ["a", "b", "c"].map((id) => {
    server.others[`b~${id}`] = { configVersion: 1, dataVersion: "0.0" };
    return connection.follow(`b~${id}`, { changed: ({ project, configVersion }) => heard.push([project, configVersion]), gone: () => assert.fail() });
  });
  await settled();
  await browser.advance(0);
  assert.deepEqual([connection.state, server.socket.follows, server.sockets.length], ["asking", ["b~a", "b~b"], 1]);
  assert.deepEqual(heard, [["b~a", 1], ["b~b", 1]]);
  await pass(browser, 300_000);
  assert.deepEqual(heard.slice(2), [["b~a", null], ["b~b", null], ["b~c", null]]);
  stops[0]?.();
  await settled();
  assert.deepEqual([connection.state, server.socket.follows, server.sockets.length], ["live", ["b~b", "b~c"], 1]);
});

test("no message is larger than a frame may be, however many projects are followed", async () => {
  const { server, connection } = page();
  server.maxFollowed = 1_000;
  const owner = "b".repeat(340);
  for (let index = 0; index < 70; index += 1) {
    const address = `${owner}~${String(index).padStart(128, "p")}`;
    server.others[address] = { configVersion: 0, dataVersion: "0.0" };
    connection.follow(address);
  }
  await settled();
  assert.deepEqual([server.socket.follows.length, connection.state], [65, "asking"]);
  assert.ok(JSON.stringify(server.socket.sent[0]).length <= 32 * 1024);
});

// --- others ---

test("tabs are independent: each has its connection, and closing one leaves the other", async () => {
  const one = await settledIn();
  const other = await settledIn({ server: one.server, browser: one.browser });
  assert.equal(one.server.open.length, 2);
  one.connection.close();
  one.server.save(titled("theirs"));
  await settled();
  await one.browser.advance(1_000);
  assert.deepEqual([one.document.state.version, other.document.state.version, one.news, other.news.length], [1, 2, [], 1]);
});

test("closing is final: nothing is followed, asked or listened to any more; the client can have another connection", async () => {
  const { server, browser, client, connection, listeners, news, tab } = await settledIn();
  const states = statesOf(connection);
  assert.deepEqual([listeners(), waiting(browser) > 0], [2, true]);
  // This announcement is on its way.
  server.save(titled("theirs"));
  connection.close();
  await settled();
  assert.deepEqual([connection.state, server.open.length, listeners(), waiting(browser)], ["idle", 0, 0, 0]);
  assert.throws(() => connection.follow("p"), { code: "closed" });
  server.save(titled("theirs"));
  await tab.happens("online");
  await pass(browser, 30 * MINUTE);
  assert.deepEqual([server.asked.length, news, server.loads, states], [1, [], [], ["live", "idle"]]);
  connection.close();
  assert.notEqual(live(client), connection);
});

test("closing while a ticket is requested, or a handshake is under way, leaves nothing open", async () => {
  for (const turns of [0, 1, 2, 3, 5, 8, 13]) {
    const { server, connection, browser } = page();
    connection.follow("p");
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    connection.close();
    await settled();
    await pass(browser, 10 * MINUTE);
    assert.deepEqual([server.open.length, connection.state, server.asked.length <= 1], [0, "idle", true]);
  }
});

test("on a server that renders a page, nothing is connected, asked, listened to or waited for", async () => {
  const { server, browser, connection, listeners } = page({ isPage: false });
  const following = { changed: () => assert.fail(), gone: () => assert.fail() };
  const stops = ["p", "p", "b~q"].map((name) => connection.follow(name, following));
  for (const stop of stops) {
    await settled();
    assert.deepEqual([connection.state, server.requests, browser.waits, listeners()], ["idle", [], [], 0]);
    stop();
  }
  await settled();
  assert.deepEqual([server.requests, browser.waits], [[], []]);
  connection.follow("p");
  connection.close();
});

test("the connection ends when somebody else has signed in, and theirs follows their own project of that name", async () => {
  let user = "user-1";
  const server = new LiveServer();
  const { browser, client, connection, news } = await settledIn({ server, getToken: () => server.tokenFor(36_000, user) });
  user = "user-2";
  const theirs = ADDRESS.replace(/.*~/, `${Buffer.from(user).toString("base64url")}~`);
  server.others[theirs] = { configVersion: 1, dataVersion: "0.0" };
  await client.limits().catch(() => {});
  server.save(titled("theirs"));
  await settled();
  await pass(browser, 2_000);
  assert.deepEqual([connection.state, server.open.map(({ follows }) => follows)], ["live", [[theirs]]]);
  assert.deepEqual(news, [{ project: theirs, configVersion: 1, dataVersion: "0.0", updatedBy: null }]);
});

test("while nobody is signed in, nothing can be asked for, and the connection begins once somebody is", async () => {
  let isSignedIn = false;
  const { server, browser, tab, connection, client } = page({ getToken: () => (isSignedIn ? token("user-1") : null) });
  const news = /** @type {unknown[]} */ ([]);
  connection.follow("p", { changed: (each) => news.push(each) });
  await settled();
  await pass(browser, 10 * MINUTE);
  assert.deepEqual([connection.state, news, server.requests], ["asking", [], []]);
  isSignedIn = true;
  await client.limits().catch(() => {});
  await tab.happens("online");
  await pass(browser, 1_000);
  assert.equal(connection.state, "live");
});

test("a listener of the state hears of every change, until it stops", async () => {
  const { server, browser, connection } = page();
  const states = statesOf(connection);
  const stop = connection.subscribe(() => states.push("idle"));
  stop();
  connection.follow("p");
  await settled();
  server.isBlocked = true;
  server.socket.kill();
  await settled();
  await pass(browser, 1_000);
  server.isBlocked = false;
  await pass(browser, 10_000);
  assert.deepEqual(states, ["idle", "connecting", "live", "asking", "live"]);
});
