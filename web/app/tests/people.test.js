// Who the people of a dashboard are, in words.
import assert from "node:assert/strict";
import { test } from "node:test";

import { canLeave, initialsOf, invitationInWords, isAlone, isOpen, linkInWords, nameOf, savers, toneOf } from "../people.js";

const ADA = { id: "adaadaadaadaadaadaadaa", name: "Ada" };
const NAMELESS = { id: "Xk3f9ZqqqqqqqqqqqqqqqQ" };
const PEOPLE = { you: "me", owner: ADA, members: [{ id: "me", name: "Me", role: "editor" }, { ...NAMELESS, role: "viewer" }] };

test("savers are the user, a name, a short id, or somebody who is not a member any more", () => {
  const who = savers(PEOPLE);
  assert.deepEqual(["me", ADA.id, NAMELESS.id, "gone"].map(who), ["You", "Ada", "User Xk3f9Z", "someone who is no longer a member"]);
});

test("without an id, or without the members, nobody is named", () => {
  assert.deepEqual([savers(PEOPLE)(undefined), savers(PEOPLE)(null), savers(null)("me")], ["", "", ""]);
});

test("an empty name is no name", () => {
  assert.equal(nameOf({ ...NAMELESS, name: "" }), "User Xk3f9Z");
});

test("only an owner without members and teams is alone", () => {
  const alone = { you: ADA.id, owner: ADA, members: [], teams: [] };
  assert.equal(isAlone(alone), true);
  assert.equal(isAlone({ ...alone, teams: [{ name: "sales" }] }), false);
  // A viewer sees no teams.
  assert.equal(isAlone({ you: "me", owner: ADA, members: [] }), false);
  assert.equal(isAlone(PEOPLE), false);
});

test("members can leave, the owner and those whom only a team lets in cannot", () => {
  assert.equal(canLeave(PEOPLE), true);
  assert.equal(canLeave({ ...PEOPLE, you: ADA.id }), false);
  assert.equal(canLeave({ ...PEOPLE, members: [{ id: "me", role: "editor", through: "team" }] }), false);
});

test("a link says what it shows, and until when", () => {
  const date = () => "tomorrow";
  assert.equal(linkInWords({}, date), "Always shows the newest version");
  assert.equal(linkInWords({ version: 3, dataVersion: 1, expiresAt: "…" }, date), "Shows version 3 only, until tomorrow");
});

test("people have initials, whatever their names are, and a color that stays", () => {
  const initials = ["Ada Lovelace", "ada@example.com", "Ada", "李 明", "🦊 Fox", " "].map((name) => initialsOf({ id: "x", name }));
  assert.deepEqual(initials, ["AL", "AC", "A", "李明", "🦊F", ""]);
  assert.equal(initialsOf(NAMELESS), "X");
  assert.equal(toneOf(ADA), toneOf({ ...ADA, name: "Other" }));
});

test("an invitation says for how many it is, and is open until they have accepted", () => {
  assert.equal(invitationInWords({ role: "viewer", uses: 1, used: 0 }), "Can view, for one person");
  assert.equal(invitationInWords({ role: "editor", uses: 3, used: 1 }), "Can edit, for 3 people, 1 accepted");
  assert.deepEqual([{ uses: 1, used: 1 }, { uses: 3, used: 1 }].map(isOpen), [false, true]);
});
