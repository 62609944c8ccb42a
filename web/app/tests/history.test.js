// What the history says of its versions, how it lists them, and how it asks for their contents.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Contents } from "../history_contents.js";
import { dayInWords, daysOf } from "../history_days.js";
import { linesOf, origin, refusalInWords, takenBack } from "../history_words.js";

const titled = (title) => ({ chartCustomizations: { a: { title } } });
const CHANGES = { before: titled("Before"), after: titled("After") };
const conflict = (current, ...conflicts) => ({ code: "version-conflict", message: "The config is at version 4.", conflicts, current });
const NOW = new Date(2026, 11, 1, 12, 0);
const saved = (version, hour, minute, more = {}) => ({ version, updatedAt: new Date(2026, 11, 1, hour, minute).toISOString(), source: "autosave", updatedBy: { id: "ada" }, ...more });
const listed = (...versions) => daysOf(versions, NOW).map(({ name, entries }) => [name, ...entries.map((entry) => entry.map(({ version }) => version))]);

test("a version that took back another one says so, also if it left no dashboard", () => {
  const taken = { source: "user", merged: true, undoOf: 2 };
  assert.equal(origin(taken), "Took back the changes of version 2");
  assert.equal(origin({ ...taken, deleted: true }), "Took back the changes of version 2");
  assert.equal(origin({ source: "autosave", merged: true }), "Saved automatically · merged with other changes");
  assert.equal(origin({ source: "user", deleted: true }), "Deleted");
});

test("a version whose content was taken out says so, and nothing of what was in it", () => {
  assert.equal(origin({ source: "user", message: "For the board", removed: true }), "Saved · its content was taken out");
});

test("what taking back does is said before it is done", () => {
  assert.equal(takenBack(CHANGES), "Taking back: “After” renamed to “Before”. All later changes stay.");
});

test("what was changed again since is named as in the list of changes, at most three places", () => {
  const says = (...places) => refusalInWords(conflict(titled("Now"), ...places), CHANGES);
  assert.match(says("/chartCustomizations/a/title"), /changed again since: After › Title\. Change it on the dashboard, or restore a whole version\.$/);
  const positions = ["x", "y"].map((member) => `/chartCustomizations/a/position/${member}`);
  assert.match(says("/chartCustomizations/a/title", ...positions, "/theme", "/filters", "/currentLayout"), /: After › Title, After › Position, Theme, 2 more\./);
});

test("a dashboard that was deleted since is named as a whole", () => {
  assert.match(refusalInWords(conflict(null, ""), CHANGES), /since: The whole dashboard\./);
});

test("a version that is no longer kept is explained without a number", () => {
  assert.match(refusalInWords({ code: "not-found", message: "Version 1 of this config has expired." }, CHANGES), /no longer kept\.$/);
});

test("any other failure is said in its own words", () => {
  assert.equal(refusalInWords({ code: "network", message: "The server cannot be reached." }, CHANGES), "The server cannot be reached.");
});

test("a chart's position is one line, and the charts that made room are another", () => {
  const at = (...ys) => ({ chartCustomizations: Object.fromEntries(ys.map(([id, x, y]) => [id, { title: id.toUpperCase(), position: { x, y, w: 6, h: 5 } }])) });
  const replaced = (path, value) => ({ op: "replace", path: `/chartCustomizations/${path}`, value });
  const operations = [replaced("a/position/x", 6), replaced("a/position/y", 5), replaced("b/position/y", 0), replaced("a/title", "A")];
  const lines = linesOf(operations, at(["a", 0, 0], ["b", 0, 5]), at(["a", 6, 5], ["b", 0, 0]));
  assert.deepEqual(lines, [
    { place: "A › Position", text: "column 1, row 1, 6 wide, 5 high → column 7, row 6, 6 wide, 5 high" },
    { place: "A › Title", text: "“A” → “A”" },
    { place: "1 other chart", text: "made room" },
  ]);
});

test("days are named as people name them", () => {
  assert.equal(dayInWords(new Date(2026, 11, 1, 0, 1), NOW), "Today");
  assert.equal(dayInWords(new Date(2026, 10, 30, 23, 59), NOW), "Yesterday");
  assert.equal(dayInWords(new Date(2026, 10, 28), NOW), "Saturday, November 28");
  assert.equal(dayInWords(new Date(2025, 11, 1), NOW), "December 1, 2025");
});

test("automatic saves by one person within an hour of a day are one entry", () => {
  assert.deepEqual(listed(saved(4, 11, 0), saved(3, 10, 30), saved(2, 10, 1), saved(1, 10, 0)), [["Today", [4, 3, 2], [1]]]);
  assert.deepEqual(listed(saved(3, 11, 2), saved(2, 11, 1, { updatedBy: { id: "ben" } }), saved(1, 11, 0)), [["Today", [3], [2], [1]]]);
  assert.deepEqual(listed(saved(2, 0, 10), saved(1, -1, 50)), [["Today", [2]], ["Yesterday", [1]]]);
});

test("what has a name, or was not saved automatically, stands alone", () => {
  for (const more of [{ name: "For the board" }, { source: "user" }, { removed: true }, { undoOf: 1 }]) {
    assert.deepEqual(listed(saved(3, 11, 2), saved(2, 11, 1, more), saved(1, 11, 0)), [["Today", [3], [2], [1]]]);
  }
});

test("each version is asked for once, three at a time, and what is no longer kept has no summary", async () => {
  const asked = [];
  const answers = [];
  const client = {
    version: (_, version) => {
      asked.push(version);
      return new Promise((resolve, reject) => answers.push(() => (version === 2 ? reject(Object.assign(new Error("gone"), { status: 404 })) : resolve({ config: titled(`Title ${version}`) }))));
    },
  };
  const contents = new Contents(client, "sales");
  const summaries = Promise.all([5, 4, 3, 2, 1].map((version) => contents.summary(version - 1, version)));
  for (let turn = 0; turn < 5; turn += 1) {
    assert.equal(asked.length, Math.min(3 + turn, 5));
    answers[turn]();
    await new Promise(setImmediate);
  }
  assert.deepEqual(asked.toSorted(), [1, 2, 3, 4, 5]);
  assert.deepEqual(await summaries, ["“Title 4” renamed to “Title 5”", "“Title 3” renamed to “Title 4”", "", "", "“Title 1” added"]);
});

test("a version that could not be loaded is asked for again", async () => {
  let calls = 0;
  const client = { version: async () => (calls++ ? { config: titled("A") } : Promise.reject(Object.assign(new Error("offline"), { status: 0 }))) };
  const contents = new Contents(client, "sales");
  await assert.rejects(contents.summary(0, 1));
  assert.equal(await contents.summary(0, 1), "“A” added");
});
