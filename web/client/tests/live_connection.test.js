/** The connection of `live`: tickets, handshakes, pings, renewals, and what happens where they fail. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ADDRESS, following, LiveServer, page, pass, statesOf, waiting } from "./following.js";
import { Browser, CONFIG, problem, settled, titled, token } from "./support.js";

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;

/** Random numbers that are the same every time. @param {number} seed */
function randomOf(seed) {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

/** A page that follows a project, without a document; what it asks for is its listener's news. @param {any} [options] */
async function follower(options) {
  const made = page(options);
  if (!made.server.version) made.server.save(CONFIG);
  /** @type {import("../dist/live.js").News[]} */
  const news = [];
  made.connection.follow("p", { changed: (each) => news.push(each) });
  await settled();
  return { ...made, news };
}

/** The versions of the config that a listener has heard of; null where only asking can say. @param {import("../dist/live.js").News[]} news */
const versions = (news) => news.map(({ configVersion }) => configVersion);

// --- connecting ---

test("a ticket is requested with the user's token, and its address is used as it is", async () => {
  const { server, connection } = await follower();
  const [{ method, url, headers, body }] = server.requests;
  assert.deepEqual([method, url.pathname, body], ["POST", "/api/live", null]);
  assert.match(headers.get("Authorization") ?? "", /^Bearer /);
  assert.deepEqual([server.socket.url, server.socket.sent, connection.state], ["wss://live.example.com/live?ticket=1", [{ action: "follow", projects: [ADDRESS] }], "live"]);
});

test("live is claimed once the server has answered for all that is followed, and not before", async () => {
  const server = new LiveServer();
  server.others["b~q"] = { configVersion: 1, dataVersion: "0.0" };
  server.isDeaf = true;
  const { connection } = await follower({ server });
  assert.equal(connection.state, "connecting");
  server.socket.open();
  await settled();
  assert.deepEqual([connection.state, server.socket.named], ["connecting", [[ADDRESS]]]);
  server.isDeaf = false;
  server.received(server.socket, server.socket.sent[0]);
  await settled();
  assert.equal(connection.state, "live");
  connection.follow("b~q");
  assert.equal(connection.state, "connecting");
  await settled();
  assert.equal(connection.state, "live");
});

test("a rejected token is refreshed once", async () => {
  const asked = /** @type {unknown[]} */ ([]);
  const server = new LiveServer();
  server.instead = [() => problem(401, "unauthorized")];
  const { connection } = await follower({ server, getToken: (/** @type {unknown} */ options) => (asked.push(options), server.tokenFor(3_600)) });
  assert.deepEqual([connection.state, asked], ["live", [{ refresh: false }, { refresh: true }]]);
});

// --- failures ---

/** @type {[string, (server: LiveServer) => void, number][]} what fails once, and the milliseconds until it is tried again, at least */
const FAILURES = [
  ["no network", (server) => (server.instead = [new TypeError("fetch failed")]), 0],
  ["a page instead of an answer", (server) => (server.instead = [() => new Response("<!doctype html>")]), 0],
  ["an answer without an address", (server) => (server.instead = [() => Response.json({ expiresAt: "2026-11-30T10:00:00Z" }, { status: 201 })]), 0],
  ["an answer without an end", (server) => (server.instead = [() => Response.json({ url: "wss://live.example.com" }, { status: 201 })]), 0],
  ["500", (server) => (server.instead = [() => problem(500, "internal-error")]), 0],
  ["503 with Retry-After", (server) => (server.instead = [() => problem(503, "storage-unavailable", {}, { "Retry-After": "7" })]), 7_000],
  ["429 with Retry-After", (server) => (server.instead = [() => problem(429, "rate-limited", {}, { "Retry-After": "30" })]), 30_000],
  ["401 twice", (server) => (server.instead = Array(2).fill(() => problem(401, "unauthorized"))), 0],
  ["403, because the user has too many connections", (server) => (server.instead = [() => problem(403, "quota-exceeded", { used: 20, limit: 20 })]), 120_000],
  ["404, because the API is older", (server) => (server.instead = [() => problem(404, "not-found")]), 120_000],
];
for (const [what, fail, least] of FAILURES) {
  test(`${what} instead of a ticket: the page asks, and tries again ${least ? `after ${least / SECOND} s` : "within a second"}`, async () => {
    const server = new LiveServer();
    fail(server);
    const { browser, connection } = await follower({ server });
    const states = statesOf(connection);
    assert.deepEqual([connection.state, server.sockets.length], ["asking", 0]);
    await pass(browser, least);
    assert.deepEqual([connection.state, server.asked.length], ["asking", 0]);
    await pass(browser, SECOND);
    assert.deepEqual([states, server.asked.length], [["asking", "live"], 1]);
  });
}

test("where sockets are blocked, tickets are requested less and less often, at most every few minutes", async () => {
  for (const seed of [1, 2, 3]) {
    const server = new LiveServer();
    server.isBlocked = true;
    const { browser, connection } = await follower({ server, random: randomOf(seed) });
    const states = statesOf(connection);
    await pass(browser, HOUR);
    const inHours = [server.asked.filter((each) => each < HOUR).length];
    await pass(browser, HOUR);
    inHours.push(server.asked.length - (inHours[0] ?? 0));
    assert.ok(inHours.every((count) => count <= 45 && count >= 12), `${inHours}`);
    assert.ok(server.asked.filter((each) => each < MINUTE).length <= 10);
    assert.deepEqual(new Set(states), new Set(["asking"]));
    server.isBlocked = false;
    await pass(browser, 5 * MINUTE);
    assert.equal(connection.state, "live");
  }
});

test("where the API refuses, tickets are requested every two minutes at most", async () => {
  const server = new LiveServer();
  server.instead = Array(100).fill(() => problem(403, "quota-exceeded"));
  const { browser } = await follower({ server, random: () => 0 });
  await pass(browser, 20 * MINUTE);
  assert.equal(server.requests.length, 11);
});

test("a wait that grows ends when the network is back", async () => {
  const server = new LiveServer();
  server.isBlocked = true;
  const { browser, connection, tab } = await follower({ server, random: () => 0.9 });
  await pass(browser, 4 * MINUTE);
  server.isBlocked = false;
  await pass(browser, 10 * SECOND);
  assert.equal(connection.state, "asking");
  await tab.happens("online");
  assert.equal(connection.state, "connecting");
  await pass(browser, SECOND);
  assert.equal(connection.state, "live");
});

test("a wait goes on while the page is hidden, so that showing it again and again requests nothing", async () => {
  const server = new LiveServer();
  server.instead = [() => problem(404, "not-found")];
  const { browser, tab, connection } = await follower({ server });
  for (let turn = 0; turn < 10; turn += 1) {
    await tab.happens("hidden");
    await browser.advance(10 * SECOND);
    await tab.happens("shown");
  }
  assert.equal(server.asked.length, 0);
  await tab.happens("hidden");
  await browser.advance(30 * SECOND);
  assert.equal(server.asked.length, 0);
  await tab.happens("shown");
  assert.deepEqual([connection.state, server.asked.length], ["live", 1]);
});

test("a handshake, an answer or a pong that is missing for ten seconds ends the connection, and another one is opened", async () => {
  const server = new LiveServer();
  server.isDeaf = true;
  const { browser, connection } = await follower({ server });
  await pass(browser, 10 * SECOND);
  assert.deepEqual([server.socket.isClosed, connection.state], [true, "asking"]);
  await pass(browser, SECOND);
  server.socket.open();
  await pass(browser, 10 * SECOND);
  assert.deepEqual([server.sockets.map(({ isClosed }) => isClosed), server.socket.named], [[true, true], [[ADDRESS]]]);
  server.isDeaf = false;
  await pass(browser, 2 * SECOND);
  assert.equal(connection.state, "live");
  server.isDeaf = true;
  await pass(browser, 10 * MINUTE);
  assert.deepEqual([server.sockets[2]?.isClosed, connection.state, server.sockets.length > 3], [true, "asking", true]);
});

test("a handshake that is under way when the page is left, or the connection is closed, is given up", async () => {
  for (const end of [(/** @type {any} */ { goes }) => goes("left"), (/** @type {any} */ { connection }) => connection.close()]) {
    const server = new LiveServer();
    server.isDeaf = true;
    const made = await follower({ server });
    await end(made);
    assert.deepEqual([server.socket.isClosed, made.connection.state, waiting(made.browser)], [true, "idle", 0]);
  }
});

for (const code of ["storage-unavailable", "unauthorized", "invalid-message"]) {
  test(`a message that is refused (${code}) ends the connection, and another one is opened`, async () => {
    const server = new LiveServer();
    const { received } = server;
    let count = 0;
    server.received = (socket, message) => ((count += 1) > 1 ? received.call(server, socket, message) : socket.tell({ type: `urn:problem:${code}`, status: 503 }));
    const { browser, connection } = await follower({ server });
    assert.deepEqual([connection.state, server.socket.isClosed], ["asking", true]);
    await pass(browser, SECOND);
    assert.deepEqual([connection.state, server.sockets.length], ["live", 2]);
  });
}

// --- lost connections ---

test("what was saved while there was no connection is asked for as soon as there is one, and nothing else", async () => {
  const { server, browser, connection, news } = await follower();
  await browser.advance(2 * SECOND);
  server.socket.kill();
  await settled();
  server.save(titled("theirs"));
  assert.equal(connection.state, "connecting");
  await pass(browser, SECOND);
  assert.deepEqual([connection.state, versions(news)], ["live", [1, 2]]);
  server.socket.kill();
  await pass(browser, SECOND);
  assert.deepEqual([connection.state, versions(news)], ["live", [1, 2]]);
});

test("a connection that is killed every few seconds is opened again within a second, and nothing is lost", async () => {
  const { server, browser, news, connection } = await follower({ random: randomOf(4) });
  for (let turn = 0; turn < 40; turn += 1) {
    await pass(browser, 3 * SECOND);
    server.socket.kill();
    await settled();
    server.save(titled(`turn ${turn}`));
    await pass(browser, SECOND + 100);
    assert.deepEqual([connection.state, news.at(-1)?.configVersion], ["live", turn + 2]);
  }
  assert.equal(news.filter(({ configVersion }) => configVersion !== null).length, 41);
});

test("once a connection has lasted, the failures before it are over", async () => {
  const server = new LiveServer();
  server.isBlocked = true;
  const { browser, connection } = await follower({ server, random: () => 0.9 });
  await pass(browser, 4 * MINUTE);
  server.isBlocked = false;
  await pass(browser, 10 * MINUTE);
  server.isBlocked = true;
  server.socket.kill();
  await settled();
  assert.equal(connection.state, "connecting");
  server.asked.length = 0;
  await pass(browser, 4 * SECOND);
  assert.deepEqual([connection.state, server.asked.length], ["asking", 3]);
});

test("a connection that ends at once each time is opened less and less often: a ticket counts as a write", async () => {
  const server = new LiveServer();
  const { received } = server;
  server.received = (socket, message) => (received.call(server, socket, message), setImmediate(() => socket.kill()));
  const { browser } = await follower({ server, random: randomOf(5) });
  await pass(browser, HOUR);
  assert.ok(server.asked.length <= 45, `${server.asked.length}`);
});

test("pages that lose their connections together do not come back together", async () => {
  const server = new LiveServer();
  const browser = new Browser();
  const pages = [];
  for (let index = 0; index < 100; index += 1) pages.push(await follower({ server, browser, random: randomOf(7_919 * (index + 1)) }));
  await browser.advance(2 * SECOND);
  server.asked.length = 0;
  server.isBlocked = true;
  for (const each of server.open) each.kill();
  await settled();
  await pass(browser, MINUTE);
  // Most are in the first seconds, and ever fewer come later.
  const perSecond = Array.from({ length: 60 }, (_, second) => server.asked.filter((at) => at >= (second + 2) * SECOND && at < (second + 3) * SECOND).length);
  const most = Math.max(...Array.from({ length: 600 }, (_, tenth) => server.asked.filter((at) => at >= 2 * SECOND + tenth * 100 && at < 2 * SECOND + (tenth + 1) * 100).length));
  assert.ok(most <= 40, `${most} in a tenth of a second`);
  assert.ok(perSecond.slice(30).every((count) => count <= 20), `${perSecond}`);
  server.isBlocked = false;
  await pass(browser, 5 * MINUTE);
  assert.deepEqual(new Set(pages.map(({ connection }) => connection.state)), new Set(["live"]));
});

test("pages that follow a project with many come back, and ask for what they missed, over the time in which these should ask", async () => {
  for (const [random, moment] of [[0.1, 2_000], [0.9, 18_000]]) {
    const server = new LiveServer();
    const { browser, connection, news } = await follower({ server, random: () => random });
    server.spread = 20_000;
    server.announce();
    await pass(browser, MINUTE);
    server.socket.kill();
    await settled();
    server.save(titled("theirs"));
    await pass(browser, moment - 1);
    assert.deepEqual([connection.state, server.asked.length], ["connecting", 1]);
    await pass(browser, 1);
    assert.deepEqual([connection.state, server.asked.length], ["live", 2]);
    await pass(browser, moment - 1);
    assert.deepEqual(versions(news), [1]);
    await pass(browser, 1);
    assert.deepEqual(versions(news), [1, 2]);
  }
});

// --- pings ---

test("a connection without messages is pinged before ten minutes, and every message counts", async () => {
  for (const random of [0, 0.999]) {
    const { server, browser, connection } = await follower({ random: () => random });
    const pings = () => server.socket.sent.filter(({ action }) => action === "ping").length;
    await pass(browser, 7 * MINUTE);
    server.socket.tell(server.announcement());
    await settled();
    await pass(browser, 7 * MINUTE);
    assert.equal(pings(), 0);
    await pass(browser, 2 * MINUTE);
    assert.equal(pings(), 1);
    await pass(browser, 7 * MINUTE);
    assert.equal(pings(), 1);
    await pass(browser, 50 * MINUTE);
    assert.deepEqual([server.sockets.length, connection.state], [1, "live"]);
    assert.ok(pings() >= 6 && pings() <= 8);
  }
});

test("a connection that has died unnoticed is found out when the page is shown, and when the network is back", async () => {
  for (const event of /** @type {const} */ (["shown", "online"])) {
    const { server, browser, tab, connection } = await follower();
    server.isDeaf = true;
    server.socket.follows = [];
    await tab.happens(event);
    await pass(browser, 5 * SECOND);
    assert.equal(connection.state, "live");
    server.isDeaf = false;
    await pass(browser, 7 * SECOND);
    assert.deepEqual([server.sockets.length, connection.state], [2, "live"]);
    await tab.happens(event);
    await pass(browser, 12 * SECOND);
    assert.equal(server.sockets.length, 2);
  }
});

// --- renewals ---

test("before its token ends, a connection is replaced by one with a new token, without a gap", async () => {
  for (const random of [0, 0.999]) {
    const asked = /** @type {{ at: number, refresh: boolean }[]} */ ([]);
    const [server, browser] = [new LiveServer(), new Browser()];
    const getToken = (/** @type {{ refresh: boolean }} */ { refresh }) => (asked.push({ at: browser.time, refresh }), server.tokenFor(3_600));
    const { connection, news } = await follower({ server, browser, random: () => random, getToken });
    const states = statesOf(connection);
    for (let second = 0; second < 4 * 3_600; second += 10) {
      await pass(browser, 10 * SECOND);
      if (second % 600 === 0) server.save(titled(`second ${second}`));
    }
    await pass(browser, SECOND);
    assert.deepEqual([states, server.open.length, news.filter(({ configVersion }) => configVersion).at(-1)?.configVersion], [["live"], 1, server.version]);
    // Within the last third of an hour, and not in its last minutes.
    const lives = asked.slice(1).map(({ at }, index) => at - (asked[index]?.at ?? 0));
    assert.ok(lives.length >= 4 && lives.every((each) => each >= 0.69 * HOUR && each <= 0.91 * HOUR), `${lives}`);
    assert.deepEqual([asked[0]?.refresh, new Set(asked.slice(1).map(({ refresh }) => refresh))], [false, new Set([true])]);
  }
});

test("what is announced to both connections is asked for once, and what is announced to neither is, too", async () => {
  const server = new LiveServer();
  const { browser, news } = await follower({ server, getToken: () => server.tokenFor(3_600) });
  const { received } = server;
  server.received = (socket, message) => {
    // The new one is registered, and has no answer yet.
    if (server.open.length > 1) {
      for (const each of server.open) each.follows = [ADDRESS];
      server.save(titled("to both"));
      for (const each of server.open) each.follows = [];
      server.save(titled("to neither"));
    }
    received.call(server, socket, message);
  };
  await pass(browser, HOUR);
  assert.deepEqual([server.sockets.length, versions(news).filter(Boolean)], [2, [1, 3]]);
});

test("however long the token lasts, a connection is replaced before two hours", async () => {
  for (const made of [() => token("user-1"), (/** @type {LiveServer} */ server) => server.tokenFor(86_400)]) {
    const server = new LiveServer();
    const { browser, connection } = await follower({ server, random: () => 0.999, getToken: () => made(server) });
    const states = statesOf(connection);
    await pass(browser, 2 * HOUR);
    assert.deepEqual([server.sockets.length, server.open.length, states], [2, 1, ["live"]]);
  }
});

test("the server's clock counts, not the page's", async () => {
  for (const wrong of [-5 * HOUR, 5 * HOUR]) {
    const server = new LiveServer();
    const browser = new Browser();
    const tab = browser.tab();
    tab.environment.now = () => browser.time + wrong;
    const { connection } = await follower({ server, browser, tab, random: () => 0.999, getToken: () => server.tokenFor(3_600) });
    const states = statesOf(connection);
    await pass(browser, 53 * MINUTE);
    assert.equal(server.sockets.length, 1);
    await pass(browser, 2 * MINUTE);
    assert.deepEqual([server.sockets.length, states], [2, ["live"]]);
  }
});

test("a renewal that fails is tried again, and the connection serves until its token ends: then nothing is claimed", async () => {
  const server = new LiveServer();
  const { browser, connection, news } = await follower({ server, random: () => 0.5, getToken: () => server.tokenFor(3_600) });
  const states = statesOf(connection);
  await pass(browser, 40 * MINUTE);
  server.isBlocked = true;
  await pass(browser, 19 * MINUTE);
  server.save(titled("late"));
  await pass(browser, SECOND);
  assert.deepEqual([states, versions(news).filter(Boolean), server.sockets.length > 3], [["live"], [1, 2], true]);
  await pass(browser, MINUTE);
  assert.deepEqual([states, server.open.length], [["live", "asking"], 0]);
  await pass(browser, 5 * MINUTE);
  // The end of the connection shortens no wait.
  const waits = server.asked.slice(2).map((at, index) => at - (server.asked[index + 1] ?? 0));
  assert.deepEqual(waits, [...waits].sort((one, other) => one - other));
  server.isBlocked = false;
  await pass(browser, 5 * MINUTE);
  assert.equal(connection.state, "live");
});

test("tokens that end within seconds lead to no loop of requests", async () => {
  for (const seconds of [-30, 0, 1, 20, 90]) {
    const server = new LiveServer();
    const { browser } = await follower({ server, random: randomOf(6), getToken: () => server.tokenFor(seconds) });
    await pass(browser, 10 * MINUTE);
    assert.ok(server.asked.length <= 100, `${server.asked.length} of ${seconds} s`);
  }
});

test("no renewal begins on a hidden page; one that was due begins when it is shown", async () => {
  const server = new LiveServer();
  const { browser, tab } = await follower({ server, random: () => 0.5, getToken: () => server.tokenFor(3_600) });
  await pass(browser, 47 * MINUTE + 40 * SECOND);
  await tab.happens("hidden");
  await pass(browser, 50 * SECOND);
  assert.deepEqual([server.asked.length, server.open.length], [1, 1]);
  await tab.happens("shown");
  assert.deepEqual([server.asked.length, server.open.length], [2, 1]);
});

test("what begins to be followed during a renewal is followed by both connections", async () => {
  const server = new LiveServer();
  server.others["b~q"] = { configVersion: 1, dataVersion: "0.0" };
  const { browser, connection } = await follower({ server, random: () => 0.5, getToken: () => server.tokenFor(3_600) });
  await pass(browser, 47 * MINUTE + 50 * SECOND);
  server.instead = [
    async (request) => {
      connection.follow("b~q");
      await settled();
      return server.answer(request);
    },
  ];
  await pass(browser, 30 * SECOND);
  assert.deepEqual(server.sockets.map(({ named }) => named.at(-1)), [[ADDRESS, "b~q"], [ADDRESS, "b~q"]]);
  assert.equal(connection.state, "live");
});

test("documents of a page that is hidden for hours ask once when it is shown", async () => {
  const { server, browser, tab, document } = await following();
  await browser.advance(0);
  await tab.happens("hidden");
  for (let turn = 0; turn < 5; turn += 1) {
    server.save(titled(`turn ${turn}`));
    await pass(browser, HOUR);
  }
  server.requests.length = 0;
  await tab.happens("shown");
  await pass(browser, SECOND);
  assert.deepEqual([document.state.version, server.loads], [6, ['"1"']]);
});
