/** Random JSON for property tests: few names, so that two documents share members, and names that order themselves. */

import fc from "fast-check";

// The same examples every time, so that a failure is due to a change.
fc.configureGlobal({ seed: Number(process.env["SEED"] ?? 1) });

const names = fc.constantFrom("a", "b", "id", "i", "name", "1", "0", "10", "a/b", "~", "", "__proto__", "constructor");
const scalars = fc.oneof(fc.constant(null), fc.boolean(), fc.integer({ min: 0, max: 3 }), fc.constantFrom("", "x", "1"));

/** @type {{ value: fc.Arbitrary<any> }} */
const all = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalars, tie("object"), tie("list"), tie("elements")),
  object: fc.array(fc.tuple(names, tie("value")), { maxLength: 5 }).map(made),
  list: fc.array(tie("value"), { maxLength: 4 }),
  elements: fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 5 }), tie("value")), { maxLength: 5, selector: ([id]) => id }).map((pairs) => pairs.map(([id, v]) => ({ id, v }))),
}));

export const json = all.value;

/** @param {[string, any][]} members */
function made(members) {
  return Object.fromEntries(members);
}
