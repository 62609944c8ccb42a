/** The calls that share projects, and public links, which need no token. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { openLink, sharing } from "../dist/sharing.js";
import { Browser, CONFIG, MOMENT, problem, settled, world } from "./support.js";

/** @param {any} [options] */
function shared(options) {
  const { server, browser, client } = world(options);
  return { server, browser, calls: sharing(client) };
}

/** A request as a line. @param {any} request */
const lineOf = ({ method, url, body }) => [`${method} ${url.pathname.replace("/api", "")}${url.search}`, ...(body ? [JSON.stringify(body)] : [])].join(" ");

/** @typedef {import("../dist/sharing.js").Sharing} Sharing */
/** @type {[string, (calls: Sharing) => Promise<unknown>, string, unknown?][]} */
const CALLS = [
  ["what others share", ({ shared }) => shared({ limit: 5, cursor: "c" }), "GET /projects?scope=shared&limit=5&cursor=c", { projects: [], nextCursor: null }],
  ["the first page of what others share", ({ shared }) => shared(), "GET /projects?scope=shared", { projects: [], nextCursor: null }],
  ["the members", ({ members }) => members("b~p"), "GET /projects/b~p/members", { you: "i", owner: { id: "i" }, members: [] }],
  ["a member's role", ({ setRole }) => setRole("p", "i", "editor"), 'PUT /projects/p/members/i {"role":"editor"}', { id: "i", role: "editor", since: MOMENT }],
  ["a member's removal", ({ removeMember }) => removeMember("p", "i"), "DELETE /projects/p/members/i", { stillThrough: ["sales"] }],
  ["an invitation", ({ invite }) => invite("p", { role: "viewer" }), 'POST /projects/p/invitations {"role":"viewer"}', { invitationId: "n", token: "t" }],
  ["an invitation for several", ({ invite }) => invite("p", { role: "editor", expiresInDays: 30, uses: 10 }), 'POST /projects/p/invitations {"role":"editor","expiresInDays":30,"uses":10}', { token: "t" }],
  ["an invitation taken back", ({ takeBack }) => takeBack("p", "n"), "DELETE /projects/p/invitations/n"],
  ["a look at an invitation", ({ preview }) => preview("t"), 'POST /invitations/preview {"token":"t"}', { project: { name: "Sales" }, owner: {}, role: "viewer", expiresAt: MOMENT }],
  ["an invitation accepted", ({ accept }) => accept("t"), 'POST /invitations/accept {"token":"t"}', { project: { id: "p" }, role: "viewer" }],
  ["a team", ({ teams }) => teams.set("p", "a/b c", "viewer"), 'PUT /projects/p/teams/a%252Fb%2520c {"role":"viewer"}', { name: "a/b c", role: "viewer", since: MOMENT }],
  ["a team's removal", ({ teams }) => teams.remove("p", "a/b c"), "DELETE /projects/p/teams/a%252Fb%2520c"],
  ["a public link", ({ links }) => links.create("p"), "POST /projects/p/links {}", { linkId: "l", token: "t", createdAt: MOMENT }],
  ["a public link to a version", ({ links }) => links.create("p", { version: 7, expiresAt: new Date(MOMENT) }), `POST /projects/p/links {"version":7,"expiresAt":"${MOMENT}"}`, { linkId: "l", token: "t" }],
  ["a public link taken back", ({ links }) => links.remove("p", "l"), "DELETE /projects/p/links/l"],
];
for (const [what, call, request, answer] of CALLS) {
  test(`${what}: ${request}`, async () => {
    const { server, calls } = shared();
    server.instead = [() => (answer === undefined ? new Response(null, { status: 204 }) : Response.json(answer))];
    assert.deepEqual(await call(calls), answer);
    assert.deepEqual(server.requests.map(lineOf), [request]);
    assert.ok(server.requests[0]?.headers.get("Authorization"));
  });

  test(`${what} rejects with the server's error, and without a second request`, async () => {
    const { server, calls } = shared();
    for (const [status, code] of /** @type {const} */ ([[403, "forbidden"], [403, "quota-exceeded"], [404, "not-found"], [422, "invalid-sharing"]])) {
      server.instead = [() => problem(status, code)];
      await assert.rejects(call(calls), { status, code, message: `It is ${code}.` });
    }
    assert.equal(server.requests.length, 4);
  });
}

test("a call ends with its signal", async () => {
  const { server, calls } = shared();
  const options = { signal: AbortSignal.abort(new Error("left")) };
  const { shared: list, members, setRole, removeMember, invite, takeBack, preview, accept, teams, links } = calls;
  const ofMembers = [members("p", options), setRole("p", "i", "viewer", options), removeMember("p", "i", options)];
  const ofInvitations = [invite("p", { role: "viewer", ...options }), takeBack("p", "n", options), preview("t", options), accept("t", options)];
  const others = [teams.set("p", "t", "viewer", options), teams.remove("p", "t", options), links.create("p", options), links.remove("p", "l", options), list(options)];
  for (const ended of [...ofMembers, ...ofInvitations, ...others]) await assert.rejects(ended, { message: "left" });
  assert.equal(server.requests.length, 0);
});

/** Let time pass until a call has ended. @type {<T>(browser: Browser, call: Promise<T>) => Promise<T>} */
async function patiently(browser, call) {
  call.catch(() => {});
  for (let turn = 0; turn < 6; turn += 1) await settled().then(() => browser.advance(60_000));
  return call;
}

test("a lost answer to an acceptance is asked for again: accepting twice changes nothing", async () => {
  const { server, browser, calls } = shared();
  server.instead = [new TypeError("The connection was lost."), () => Response.json({ project: { id: "p" }, role: "viewer" })];
  assert.equal((await patiently(browser, calls.accept("t"))).role, "viewer");
  assert.deepEqual(server.requests.map(lineOf), Array(2).fill('POST /invitations/accept {"token":"t"}'));
});

test("an invitation and a link whose answer is lost are not made again: nobody would have the first one", async () => {
  const { server, browser, calls } = shared();
  server.instead = Array(2).fill(new TypeError("The connection was lost."));
  await assert.rejects(patiently(browser, calls.invite("p", { role: "viewer" })), { code: "network" });
  await assert.rejects(patiently(browser, calls.links.create("p")), { code: "network" });
  assert.equal(server.requests.length, 2);
});

// --- public links ---

const SCHEMA = { fileName: "t.csv", rowCount: 1, columnCount: 1, columnNames: ["a"], columnTypes: { a: "integer" } };

/** A link, whose requests are recorded and answered in turn. @param {(Error | (() => Response))[]} answers */
function linked(...answers) {
  const browser = new Browser();
  const lines = /** @type {string[]} */ ([]);
  const requests = /** @type {any[]} */ ([]);
  const fetch = async (/** @type {any} */ url, /** @type {any} */ request) => {
    lines.push(`${request.method ?? "GET"} ${url}`);
    requests.push(request);
    const answer = answers.shift();
    if (!answer || answer instanceof Error) throw answer;
    return answer();
  };
  const link = openLink({ baseUrl: "https://api.example.com/", token: "t/k", fetch, timeout: 1_000, environment: browser.tab().environment });
  return { browser, link, lines, requests };
}

test("a public link's config is read without a token, and may come from the browser's cache", async () => {
  const shown = { config: CONFIG, version: 7, updatedAt: MOMENT };
  const { link, lines, requests } = linked(() => Response.json(shown));
  assert.deepEqual(await link.config(), shown);
  assert.deepEqual(lines, ["GET https://api.example.com/api/links/t%2Fk/config"]);
  const [{ headers, cache, credentials }] = requests;
  assert.deepEqual([headers, cache, credentials], [undefined, undefined, undefined]);
});

test("a public link's table is read as a whole or in part, also where its rows are at another address", async () => {
  const shown = { rawData: [{ a: 1 }], dataSchema: SCHEMA, version: 1, updatedAt: MOMENT };
  const { link, lines, requests } = linked(
    () => Response.json(shown),
    () => Response.json(shown),
    () => Response.json({ ...shown, rawData: null, rawDataUrl: "https://bucket.example/rows" }),
    () => Response.json([{ a: 2 }]),
  );
  assert.deepEqual(await link.data(), shown);
  assert.deepEqual(await link.data({ rows: [0, 9] }), shown);
  assert.deepEqual(await link.data(), { ...shown, rawData: [{ a: 2 }] });
  const at = "GET https://api.example.com/api/links/t%2Fk/data";
  assert.deepEqual(lines, [at, `${at}?rows=0-9`, at, "GET https://bucket.example/rows"]);
  assert.ok(requests.every(({ headers }) => headers === undefined));
});

test("a link that was taken back says so, and too many requests wait as long as the server asks for", async () => {
  const gone = { detail: "This link does not exist any more, or never did." };
  const { browser, link, lines } = linked(
    () => problem(404, "not-found", gone),
    () => problem(429, "rate-limited", {}, { "Retry-After": "20" }),
    () => Response.json({ config: null, version: 0, updatedAt: null }),
  );
  await assert.rejects(link.config(), { status: 404, code: "not-found", message: gone.detail });
  assert.deepEqual(await patiently(browser, link.config()), { config: null, version: 0, updatedAt: null });
  assert.ok(Math.max(...browser.waits) >= 20_000);
  assert.equal(lines.length, 3);
});

test("a link's request ends with its signal, and with its time limit", async () => {
  const { link } = linked();
  const signal = AbortSignal.abort(new Error("left"));
  await assert.rejects(link.config({ signal }), { message: "left" });
  await assert.rejects(link.data({ signal }), { message: "left" });
  const never = openLink({ baseUrl: "https://api.example.com", token: "t", fetch: () => new Promise(() => {}), timeout: 5, environment: { after: (_, then) => (then(), () => {}), random: () => 0 } });
  const alive = setInterval(() => {}, 1_000);
  await assert.rejects(never.config(), { code: "timeout" });
  clearInterval(alive);
});
