/** The model finds faults: each of these is put into a copy of the build, and breaks a promise within a few thousand sequences. */

import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { clientIn, search } from "./model/run.js";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
/** Enough for each of them, several times over: a count, so that a busy machine finds what an idle one does. */
const RUNS = 4_000;

/** Name, module, its text, what stands in its place, and the promises of which one breaks. @type {[string, string, string, string, number[]][]} */
const FAULTS = [
  ["a retry gets a new key", "core.js", "    const { sent } = core;\n    if (!sent)\n        return;", "    if (core.sent && core.error)\n        core.sent = { ...core.sent, key: `${core.name}-${(core.saves += 1)}` };\n    const { sent } = core;\n    if (!sent)\n        return;", [3, 5, 7]],
  ["a later edit is dropped when a save is accepted", "core.js", "    if (core.hasEdits)\n        rebase(core, sent, version);", "    if (false)\n        rebase(core, sent, version);", [2, 5]],
  ["a load replaces edits", "core.js", "if (!core.base || !(isDirty(core) || isKnown))", "if (!core.base || !isKnown)", [2]],
  ["a correction is saved by itself", "core.js", "core.hasEdits &&= hasEdits;", "proceed(core);", [3]],
  ["a discard forgets an unanswered save", "core.js", "    if (core.sent)\n        core.asked = {};", "    core.sent = null;\n    core.hasEdits = false;\n    if (core.sent)\n        core.asked = {};", [4, 5, 8]],
  ["a write counts before it is done", "core.js", "(core.base !== null && core.written === core.writes)", "core.base !== null", [2]],
  ["an older answer is taken", "core.js", "if (version.version < core.newest && news < core.news)", "if (false)", [6]],
  ["the base is not kept with the edits", "core.js", "? { base, sent, ...origin, mine } : null", "? { base: { ...base, version: 0, config: EMPTY, text: undefined }, sent, ...origin, mine } : null", [2, 3]],
  ["edits that are taken up lose the unanswered save", "core.js", "core.sent = pending.sent;", "core.sent = null;", [2, 5, 7, 8]],
  ["resolve(\"theirs\") keeps mine", "conflicts.js", "change(core, merged(choice, disputed).document);", 'change(core, merged("mine", disputed).document);', [5]],
  ["a decision place by place counts for all places", "conflicts.js", "change(core, merged(choice, disputed).document);", 'change(core, merged(typeof choice === "function" ? choice("/theme") : choice, disputed).document);', [5]],
  ["early edits send initial values", "core.js", "carryOver(core.initial, early", "carryOver(core.mine ?? {}, early", [2, 3]],
  ["a conflict is dropped on reload", "core.js", "return base && isDirty(core) ?", "return base && isDirty(core) && !core.conflict ?", [2]],
  ["a later edit silently wins over another user's", "core.js", "if (!conflicts.length)\n        change(core, document);", "if (true)\n        change(core, document);", [3]],
  ["an offline tab does not try again", "core.js", 'core.effects.push({ do: "wait", attempt: core.attempt, retryAfter: error.retryAfter });', "", [4]],
  ["a refusal throws away what was edited", "core.js", "    core.sent = null;\n    change(core, core.mine);", "    core.sent = null;\n    take(core, core.base);", [2]],
  ["access that is back is not noticed", "core.js", "(core.error.isTemporary || canTry(core))", "core.error.isTemporary", [4]],
  ["an edit hides that access has ended", "core.js", "!isDenied && core.isLoaded", "core.isLoaded", [4]],
  ["a save that may have arrived gets a new key when access ends", "core.js", "core.unsure === key", "false", [7]],
  ["the end of access throws away what was edited", "core.js", "        core.error = null;\n    core.attempt = 0;\n}\nfunction failed(core, error) {", "        core.error = null;\n    core.attempt = 0;\n}\nfunction failed(core, error) {\n    if (error.code === \"not-found\" && core.base)\n        take(core, core.base);", [2]],
  ["a merge prefers the other side", "merge.js", 'return decided(task, path) === "mine" ? mine : theirs;', "decided(task, path);\n    return theirs;", [2, 5]],
  ["a merge drops what one side added", "merge.js", "if (!isMisplaced && isEqual(base, theirs))\n        return take(\"mine\", mine);", "if (!isMisplaced && isEqual(base, theirs))\n        return take(\"mine\", base === undefined ? theirs : mine);", [2, 5]],
  ["a patch writes back what was not edited", "patch.js", "            if (values[index] !== known[index])\n                compare(known[index], values[index], at(name), into);", "            into.push({ op: \"replace\", path: at(name), value: values[index] });", [3]],
];

/** @type {string} */
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "dashkeep-faults-"));
});
after(() => rm(folder, { recursive: true }));

for (const [index, [name, module, text, replacement, promises]] of FAULTS.entries()) {
  test(`the model finds that ${name}`, { timeout: 60_000 }, async () => {
    const source = await readFile(join(DIST, module), "utf8");
    assert.equal(source.split(text).length, 2, `${module} no longer has this text once: ${text}`);
    const faulty = join(folder, String(index));
    await cp(DIST, faulty, { recursive: true });
    await writeFile(join(faulty, "package.json"), '{"type": "module"}');
    await writeFile(join(faulty, module), source.replace(text, () => replacement));
    const began = Date.now();
    const { broken, sequences, error } = search(await clientIn(pathToFileURL(faulty)), { runs: RUNS, length: 50, seed: 1, shrinks: false });
    console.log(JSON.stringify({ fault: name, broken, sequences, seconds: (Date.now() - began) / 1000, message: /** @type {any} */ (error)?.message }));
    assert.ok(broken !== null && promises.includes(broken), `found as ${broken}, not one of ${promises}: ${/** @type {any} */ (error)?.stack}`);
  });
}
