// The local sign-in: how many tokens it requests.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

let asked = [];
let answer;

globalThis.localStorage = { getItem: () => "user-1", setItem: () => {} };
globalThis.fetch = async (url) => {
  asked.push(url);
  return answer(url);
};
const { Session } = await import("../../session.js");
const token = (url) => ({ ok: true, json: async () => ({ token: `${url}-${asked.length}`, expiresIn: 3_600 }) });

beforeEach(() => {
  asked = [];
  answer = token;
});

test("requests at the same time share one token, which later ones get as well", async () => {
  const session = new Session();
  const [one, other] = await Promise.all([session.token(), session.token({ refresh: true })]);
  assert.equal(one, other);
  assert.equal(await session.token(), one);
  assert.equal(asked.length, 1);
  assert.notEqual(await session.token({ refresh: true }), one);
});

test("a failed request is not remembered", async () => {
  const session = new Session();
  answer = () => ({ ok: false, status: 500 });
  const failed = await Promise.allSettled([session.token(), session.token()]);
  assert.deepEqual([failed.map(({ status }) => status), asked.length], [["rejected", "rejected"], 1]);
  answer = token;
  assert.ok(await session.token());
});

test("another user's request is not shared", async () => {
  const session = new Session();
  const before = session.token();
  session.choose("user-2");
  assert.notEqual(await session.token(), await before);
  assert.match(await session.token(), /sub=user-2/);
});
