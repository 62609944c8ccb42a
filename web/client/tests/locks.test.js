import assert from "node:assert/strict";
import { test } from "node:test";

/** The module as another tab has loaded it. @param {number} tab @returns {Promise<typeof import("../dist/locks.js")>} */
const tab = (tab) => import(`../dist/locks.js?tab=${tab}`);

test("a name that another tab holds is not free until it is released", async () => {
  const [one, two] = await Promise.all([tab(1), tab(2)]);
  const release = await one.hold("slot", true);
  assert.ok(release);
  assert.equal(await two.hold("slot"), null);
  assert.equal(await one.hold("slot"), null);
  release();
  const taken = await two.hold("slot");
  assert.ok(taken);
  taken();
});

test("of two tabs that ask for a name at the same time, one gets it", async () => {
  const tabs = await Promise.all([tab(1), tab(2)]);
  for (let round = 0; round < 5; round += 1) {
    const found = await Promise.all(tabs.map(({ hold }) => hold(`slot-${round}`)));
    const releases = found.filter((release) => release !== null);
    assert.equal(releases.length, 1);
    for (const release of releases) release();
  }
});
