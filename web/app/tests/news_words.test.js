// Who has changed a dashboard, in words.
import assert from "node:assert/strict";
import { test } from "node:test";

import { namesOf, newsInWords, otherThanYou } from "../news_words.js";

const ADA = { id: "adaadaadaadaadaadaadaa", name: "Ada" };
const PEOPLE = { you: "me", owner: ADA, members: [{ id: "me", name: "Me", role: "editor" }] };
const ALONE = { you: "me", owner: { id: "me" }, members: [], teams: [] };
const said = (config, table = [], isWaiting = false, deeds = []) => newsInWords({ config, deeds, table, isWaiting });

test("those who saved are named as the user may know them, and nobody is named on a guess", () => {
  assert.deepEqual(namesOf(["me", ADA.id, "unknown", null], PEOPLE), ["You", "Ada", "A colleague", ""]);
  assert.deepEqual(namesOf(["me", null], null), ["", ""]);
  assert.deepEqual(namesOf([null], ALONE), ["You"]);
});

test("a version is by somebody else if they are known and are not the user", () => {
  assert.deepEqual([ADA.id, "unknown", "me", null].map((id) => otherThanYou(id, PEOPLE)), ["Ada", "a colleague", "", ""]);
  assert.deepEqual([otherThanYou(ADA.id, null), otherThanYou(null, ALONE)], ["", ""]);
});

test("one line says who changed what, and that the user did so elsewhere", () => {
  assert.equal(said(["Ada"]), "Ada changed this dashboard.");
  assert.equal(said(["You"]), "You changed this dashboard on another device or tab.");
  assert.equal(said(["A colleague", "Ada"]), "Ada and a colleague changed this dashboard.");
  assert.equal(said(["Ada", "You"]), "You and Ada changed this dashboard.");
  assert.equal(said(["Ada", "Ben", "A colleague"]), "Ada and 2 others changed this dashboard.");
  assert.equal(said([""]), "This dashboard was changed.");
  assert.equal(said(["", "Ada"]), "Ada changed this dashboard.");
  assert.equal(said(["Ada"], [""]), "Ada changed this dashboard. The table was changed.");
  assert.equal(said([], ["You"]), "You changed the table on another device or tab.");
  assert.equal(said(["Ada"], [], true), "Ada changed this dashboard. You get these changes when you save.");
  assert.equal(said(["Ada"], [], false, ["moved “A”", "hid “B”"]), "Ada moved “A” and hid “B”.");
  assert.equal(said(["You"], [""], false, ["moved “A”"]), "You moved “A” on another device or tab. The table was changed.");
  assert.equal(said([""], [], false, ["moved “A”"]), "This dashboard was changed.");
  assert.equal(said([]), "");
});
