// What is decided in a conflict, and what the client is given for it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { decisionOf, headline, introduction, placesOf } from "../conflict.js";

const chart = (title, x) => ({ title, position: { x, y: 0, w: 6, h: 5 } });
const config = (title, x, values) => ({ chartCustomizations: { a: chart(title, x) }, filters: [{ id: "f", column: "City", operator: "in", values }] });
const CONFLICT = {
  base: config("Revenue", 0, ["Bonn"]),
  mine: config("Mine", 1, ["Kiel"]),
  theirs: config("Theirs", 2, ["Ulm"]),
  conflicts: ["/chartCustomizations/a/title", "/chartCustomizations/a/position/x", "/chartCustomizations/a/position/y", "/filters/0/values"],
};

test("each place has both values in words, and a position is one place", () => {
  assert.deepEqual(placesOf(CONFLICT), [
    { pointer: "/chartCustomizations/a/title", name: "Revenue › Title", was: "“Revenue”", mine: "“Mine”", theirs: "“Theirs”" },
    {
      pointer: "/chartCustomizations/a/position",
      name: "Revenue › Position",
      was: "column 1, row 1, 6 wide, 5 high",
      mine: "column 2, row 1, 6 wide, 5 high",
      theirs: "column 3, row 1, 6 wide, 5 high",
    },
    { pointer: "/filters/0/values", name: "Filter › City: Ulm › Values", was: "Bonn", mine: "Kiel", theirs: "Ulm" },
  ]);
});

test("the other side is named: a member, the user in another tab, or nobody if that is not known", () => {
  assert.deepEqual(["Ada", "You", "someone who is no longer a member", ""].map(headline), [
    "Ada changed the same values",
    "You changed the same values elsewhere",
    "Someone who is no longer a member changed the same values",
    "Someone else changed the same values",
  ]);
  const by = (who) => /also changed (.*?)\. Choose/.exec(introduction(1, new Date().toISOString(), who))[1];
  assert.deepEqual(["ada", "You", ""].map(by), ["by ada, who saved just now", "by you, in another tab or on another device, just now", "by someone else, who saved just now"]);
});

test("a place that only both sides have has no earlier value", () => {
  const added = (title) => ({ chartCustomizations: { b: { title } } });
  const [place] = placesOf({ base: { chartCustomizations: {} }, mine: added("Mine"), theirs: added("Theirs"), conflicts: ["/chartCustomizations/b/title"] });
  assert.deepEqual([place.name, place.was], ["Mine › Title", ""]);
});

test("one side everywhere is decided as a whole, and else place by place", () => {
  const places = placesOf(CONFLICT);
  const decide = (...sides) => decisionOf(places, new Map(places.map(({ pointer }, index) => [pointer, sides[index]])));
  assert.equal(decide("mine", "mine", "mine"), "mine");
  assert.equal(decide("theirs", "theirs", "theirs"), "theirs");
  assert.deepEqual(CONFLICT.conflicts.map(decide("mine", "theirs", "mine")), ["mine", "theirs", "theirs", "mine"]);
});
