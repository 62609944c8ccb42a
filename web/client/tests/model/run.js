/** Runs sequences of steps against a build of the client. */

import fc from "fast-check";

import { Violation } from "./checks.js";
import { WholeSequence } from "./rest.js";
import { STEPS } from "./sequence.js";

const MODULES = ["apply", "conflicts", "core", "errors", "json", "merge", "patch"];

/** The parts of a build that the model drives. @param {string | URL} folder */
export async function clientIn(folder) {
  const at = String(folder).replace(/\/?$/, "/");
  return Object.assign({}, ...(await Promise.all(MODULES.map((name) => import(`${at}${name}.js`)))));
}

/** Run one sequence. @param {any} client @param {readonly number[]} steps @param {boolean} [isTraced] */
export function play(client, [first = 0, ...steps], isTraced = false) {
  const world = new WholeSequence(client, isTraced);
  try {
    world.begin(first);
    for (const step of steps) world.step(step);
    world.settle();
  } catch (error) {
    if (isTraced) /** @type {any} */ (error).trace = world.trace;
    throw error;
  }
  return world;
}

/**
 * Run sequences until one breaks a promise.
 *
 * @param {any} client
 * @param {{ runs: number, length: number, seed: number, shrinks?: boolean }} options
 */
export function search(client, { runs, length, seed, shrinks = true }) {
  /** @type {Record<string, number>} */
  const byKind = {};
  let [sequences, steps] = [0, 0];
  const sequence = fc.array(fc.nat(STEPS - 1), { minLength: 1, maxLength: 2 * length, size: "max" });
  const property = fc.property(sequence, (given) => {
    sequences += 1;
    steps += given.length - 1;
    const { counts } = play(client, given);
    for (const [name, count] of Object.entries(counts)) byKind[name] = (byKind[name] ?? 0) + count;
  });
  const result = fc.check(property, { numRuns: runs, seed, endOnFailure: !shrinks });
  const error = result.errorInstance;
  const broken = error instanceof Violation ? error.promise : error ? 0 : null;
  return { sequences, steps, byKind, broken, error, counterexample: result.counterexample?.[0] ?? null, path: result.counterexamplePath };
}
