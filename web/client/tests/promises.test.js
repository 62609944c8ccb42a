/**
 * The eight promises, on random sequences of everything that users, networks, storages and tabs do.
 *
 * `RUNS=20000 SEED=7 node --test tests/promises.test.js` runs longer, or repeats what failed.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { clientIn, play, search } from "./model/run.js";

// The same sequences every time, so that a failure is due to a change; `make prove PART=promises` has others.
const { RUNS = "2000", SEED = "1", LENGTH = "50" } = process.env;

test("no sequence of events breaks a promise", async () => {
  const client = await clientIn(new URL("../dist/", import.meta.url));
  const seed = Number(SEED);
  const began = Date.now();
  const { sequences, steps, byKind, broken, error, counterexample } = search(client, { runs: Number(RUNS), length: Number(LENGTH), seed });
  console.log(JSON.stringify({ seed, seconds: (Date.now() - began) / 1000, sequences, steps, byKind, violations: error ? 1 : 0 }));
  assert.equal(error, null, counterexample ? report(client, counterexample, broken) : undefined);
  assert.equal(sequences, Number(RUNS));
});

/** What leads to a violation, step by step. @param {any} client @param {number[]} counterexample @param {number | null} broken */
function report(client, counterexample, broken) {
  try {
    play(client, counterexample, true);
    return `Promise ${broken} was broken, but not again by ${JSON.stringify(counterexample)}.`;
  } catch (error) {
    const { message, trace = [] } = /** @type {any} */ (error);
    return [message, JSON.stringify(counterexample), ...trace].join("\n");
  }
}
