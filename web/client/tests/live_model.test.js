/**
 * Following on random sequences of saves, edits, networks that fail in every way, and pages that come and go.
 *
 * `RUNS=2000 SEED=7 node --test tests/live_model.test.js` runs longer, or repeats what failed.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import "./arbitrary.js";
import { ADDRESS, following, LiveServer, pass } from "./following.js";
import { setting } from "./opened.js";
import { Browser, CONFIG, settled, titled } from "./support.js";

const { RUNS = "50" } = process.env;
const MINUTE = 60_000;

/** Random numbers of one device. @param {number} seed */
function randomOf(seed) {
  let state = seed + 1;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

/** A device with a document of the project, and a part of the page that shows what its listener asks for. @param {LiveServer} server @param {number} seed */
async function device(server, seed) {
  const shown = { config: 0, data: "0.0" };
  /** The versions that the listener has heard of, and the questions that it asked although nothing was newer. */
  const told = { config: 0, data: "0.0", again: 0 };
  let isHidden = false;
  const ask = () => Object.assign(shown, { config: server.version, data: server.dataVersion });
  const made = await following({
    server,
    browser: new Browser(),
    random: randomOf(seed),
    getToken: () => server.tokenFor(900),
    /** @param {import("../dist/live.js").News} news */
    changed({ configVersion, dataVersion }) {
      assert.equal(isHidden, false, "a hidden page was asked to ask");
      if (configVersion !== null) {
        if (configVersion <= told.config && !isLater(dataVersion, told.data)) told.again += 1;
        Object.assign(told, { config: configVersion, data: dataVersion });
      }
      ask();
    },
  });
  return {
    ...made,
    shown,
    told,
    get isHidden() {
      return isHidden;
    },
    async hide(/** @type {boolean} */ hidden) {
      isHidden = hidden;
      await made.tab.happens(hidden ? "hidden" : "shown");
    },
  };
}

/** @param {string | null} one @param {string} other */
const isLater = (one, other) => (one ?? "").localeCompare(other, "en", { numeric: true }) > 0;

/** @typedef {Awaited<ReturnType<typeof device>>} Device */

const kinds = /** @type {const} */ (["save", "upload", "analyse", "edit", "save edits", "discard", "kill", "block", "unblock", "mute", "unmute", "deafen", "hear", "double", "old", "refuse", "hide", "show", "focus", "online", "wait", "wait long", "leave", "return"]);
const step = fc.record({ kind: fc.constantFrom(...kinds), device: fc.nat(1), amount: fc.nat(99) });

/** @typedef {{ server: LiveServer, devices: Device[], one: Device, amount: number, old: unknown[] }} At */
/** @type {Record<(typeof kinds)[number], (at: At) => unknown>} */
const STEPS = {
  "save": ({ server, amount }) => server.save({ ...server.config, theme: `theme ${server.version}-${amount}` }, "ada"),
  "upload": ({ server }) => change(server, Number(server.dataVersion.split(".")[0]) + 1, 0),
  "analyse": ({ server }) => change(server, Number(server.dataVersion.split(".")[0]), Number(server.dataVersion.split(".")[1]) + 1),
  "edit": ({ one, amount }) => one.document.edit(setting("extensions", { amount })),
  "save edits": ({ one, server }) => void one.document.save().then(() => server.announce("me"), () => {}),
  "discard": ({ one }) => one.document.discard(),
  "kill": ({ server, amount }) => server.open[amount % Math.max(1, server.open.length)]?.kill(),
  "block": ({ server }) => (server.isBlocked = true),
  "unblock": ({ server }) => (server.isBlocked = false),
  "mute": ({ server }) => (server.isMute = true),
  "unmute": ({ server }) => (server.isMute = false),
  "deafen": ({ server }) => (server.isDeaf = true),
  "hear": ({ server }) => (server.isDeaf = false),
  "double": ({ server }) => server.announce(),
  // A message that comes late, after newer ones.
  "old": ({ server, old, amount }) => server.open.forEach((socket) => socket.tell(old[amount % old.length])),
  "refuse": ({ server }) => void server.instead.push(undefined, new TypeError("fetch failed")),
  "hide": ({ one }) => one.hide(true),
  "show": ({ one }) => one.hide(false),
  "focus": ({ one }) => (one.isHidden ? undefined : one.tab.happens("shown")),
  "online": ({ one }) => one.tab.happens("online"),
  "wait": ({ devices, amount }) => wait(devices, amount),
  "wait long": ({ devices, amount }) => wait(devices, amount * 4_000),
  "leave": ({ one }) => one.goes("left"),
  "return": ({ one }) => (one.isHidden ? undefined : one.goes("back")),
};

/** Save a version of the table. @param {LiveServer} server @param {number} upload @param {number} analysis */
function change(server, upload, analysis) {
  server.dataVersion = `${upload}.${analysis}`;
  server.announce();
}

/** @param {Device[]} devices @param {number} milliseconds */
async function wait(devices, milliseconds) {
  await Promise.all(devices.map(({ browser }) => pass(browser, milliseconds)));
}

/** What a device has requested so far that it was not made to by its user. @param {LiveServer} server */
const asked = (server) => server.asked.length + server.loads.length;

/** What is true at every moment. @param {LiveServer} server @param {Device} one */
function checkNow(server, { connection, document, shown, told }) {
  assert.equal(told.again, 0, "a listener was asked to ask for what it has heard of");
  assert.ok(shown.config <= server.version);
  // A server that does not answer cannot be known to have closed the socket.
  if (connection.state === "live" && !server.isDeaf) assert.ok(server.open.some(({ follows }) => follows.includes(ADDRESS)), "live is claimed without a connection");
  if (document.state.status === "clean") assert.deepEqual(document.state.config, server.versions[document.state.version]?.config);
}

test("whatever happens, every page has the newest versions five minutes after it is over, and no hidden page asks", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.constantFrom("works", "blocked", "mute", "deaf"), async (steps, rest) => {
      const server = new LiveServer();
      server.save(CONFIG);
      const devices = [await device(server, 1), await device(server, 2)];
      const old = [server.announcement()];
      for (const { kind, device: index, amount } of steps) {
        const one = /** @type {Device} */ (devices[index]);
        const before = asked(server);
        const areHidden = devices.every(({ isHidden }) => isHidden);
        await STEPS[kind]({ server, devices, one, amount, old });
        await settled();
        old.push(server.announcement());
        for (const each of devices) checkNow(server, each);
        if (areHidden && devices.every(({ isHidden }) => isHidden) && !["discard", "save edits"].includes(kind)) assert.equal(asked(server), before, `a hidden page has asked at "${kind}"`);
      }
      await atRest(server, devices, rest);
    }),
    { numRuns: Number(RUNS) },
  );
});

/** End all that is under way, and compare what is shown five minutes later. @param {LiveServer} server @param {Device[]} devices @param {string} rest */
async function atRest(server, devices, rest) {
  server.instead = [];
  Object.assign(server, { isBlocked: rest === "blocked", isMute: rest === "mute", isDeaf: rest === "deaf" });
  if (rest === "blocked") for (const each of server.open) each.kill();
  for (const each of devices) await each.hide(false);
  // What one device gives up is no news for the other.
  for (const { document } of devices) {
    document.discard();
    await document.save().catch(() => {});
  }
  await wait(devices, 20_000);
  server.save(titled("the last"), "ada");
  change(server, Number(server.dataVersion.split(".")[0]) + 1, 0);
  await wait(devices, 5 * MINUTE);
  for (const { document, shown, connection } of devices) {
    assert.deepEqual([document.state.version, document.state.config, document.state.status], [server.version, server.config, "clean"], rest);
    assert.deepEqual(shown, { config: server.version, data: server.dataVersion });
    // A wait before the next attempt may have been as long as five minutes.
    if (rest === "works") await wait(devices, 5 * MINUTE);
    if (rest === "works" || rest === "blocked") assert.equal(connection.state, rest === "works" ? "live" : "asking");
  }
}

test("announcements alone, however they arrive, lead to one question each at most, and to no answer that nothing is new", { timeout: 120_000 }, async () => {
  const message = fc.record({ kind: fc.constantFrom("save", "upload", "double", "old", "kill", "wait"), amount: fc.nat(99) });
  await fc.assert(
    fc.asyncProperty(fc.array(message, { maxLength: 30 }), async (messages) => {
      const server = new LiveServer();
      server.save(CONFIG);
      const one = await device(server, 3);
      await wait([one], 1);
      server.requests.length = 0;
      const old = [server.announcement()];
      let saves = 0;
      for (const { kind, amount } of messages) {
        saves += Number(kind === "save");
        await STEPS[kind]({ server, devices: [one], one, amount, old });
        await settled();
        old.push(server.announcement());
      }
      await wait([one], 20_000);
      assert.deepEqual([one.document.state.version, one.shown], [server.version, { config: server.version, data: server.dataVersion }]);
      // Each question names an older version than the one before has brought: none is answered with 304.
      const named = server.loads.map((tag) => Number(tag?.replaceAll('"', "")));
      assert.deepEqual([named, named.length <= saves, one.told.again], [[...new Set(named)].sort((a, b) => a - b), true, 0]);
      assert.ok(named.every((version) => version < server.version));
    }),
    { numRuns: Number(RUNS) },
  );
});
