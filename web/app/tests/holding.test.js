// What waits until the user lets go.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

import { Holding, patient } from "../holding.js";

const pointer = (type, buttons) => Object.assign(new Event(type), { buttons });

function held() {
  const target = new EventTarget();
  const known = { isOpen: false, done: [] };
  const holding = new Holding(() => known.isOpen, target);
  return { target, known, holding, work: () => known.done.push("work") };
}

test("work is done at once while nothing is held, and else once, when everything is let go", () => {
  const { known, holding, work } = held();
  holding.wait(work);
  assert.deepEqual(known.done, ["work"]);
  known.isOpen = true;
  holding.wait(work);
  holding.wait(work);
  holding.release();
  assert.deepEqual(known.done, ["work"]);
  known.isOpen = false;
  holding.release();
  holding.release();
  assert.deepEqual(known.done, ["work", "work"]);
});

test("a pressed pointer holds until after its click; one that is cancelled, or comes back released, holds no more", async () => {
  for (const [type, buttons] of [["pointerup", 0], ["pointercancel", 1], ["pointermove", 0]]) {
    const { target, known, holding, work } = held();
    target.dispatchEvent(pointer("pointerdown", 1));
    holding.wait(work);
    target.dispatchEvent(pointer("pointermove", 1));
    await wait(1);
    assert.deepEqual(known.done, []);
    assert.equal(holding.isDialogOpen, false);
    target.dispatchEvent(pointer(type, buttons));
    assert.deepEqual(known.done, []);
    await wait(1);
    assert.deepEqual(known.done, ["work"], type);
  }
});

test("a client's documents hear that the page is shown, and of other tabs, when nothing is held; of all else at once", () => {
  const { known, holding } = held();
  const listeners = {};
  const environment = { now: () => 1, listen: (kind, listener) => (listeners[kind] = listener), openChannel: (name, heard) => (listeners[name] = heard) };
  const given = patient(environment, holding);
  given.listen("shown", () => known.done.push("shown"));
  given.listen("online", () => known.done.push("online"));
  given.openChannel("tabs", (message) => known.done.push(message));
  known.isOpen = true;
  listeners.shown();
  listeners.online();
  listeners.tabs("one");
  listeners.tabs("other");
  assert.deepEqual(known.done, ["online"]);
  known.isOpen = false;
  holding.release();
  assert.deepEqual(known.done, ["online", "shown", "one", "other"]);
  assert.equal(given.now(), 1);
});
