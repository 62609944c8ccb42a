// What the history says of a version, and why its changes cannot be taken back.
import assert from "node:assert/strict";
import { test } from "node:test";

import { origin, refusalInWords } from "../history.js";

const titled = (title) => ({ chartCustomizations: { a: { title } } });
const CHANGES = { before: titled("Before"), after: titled("After") };
const conflict = (current, ...conflicts) => ({ code: "version-conflict", message: "The config is at version 4.", conflicts, current });

test("a version that took back another one says so, also if it left no dashboard", () => {
  const taken = { source: "user", merged: true, undoOf: 2, chartCount: 1 };
  assert.equal(origin(taken), "Took back the changes of version 2 · 1 chart");
  assert.equal(origin({ ...taken, deleted: true }), "Took back the changes of version 2");
  assert.equal(origin({ source: "autosave", merged: true, chartCount: 2 }), "Saved automatically · merged with other changes · 2 charts");
  assert.equal(origin({ source: "user", deleted: true }), "Deleted");
});

test("a version whose content was taken out says so, and nothing of what was in it", () => {
  assert.equal(origin({ source: "user", message: "For the board", chartCount: 2, removed: true }), "Saved · its content was taken out");
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
