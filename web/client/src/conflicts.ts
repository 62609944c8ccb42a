/**
 * What the core does with conflicts: when the server refuses a save because both sides changed the same, and when the user
 * decides. It comes with the merge, which both need.
 */

import { change, EMPTY, learn, proceed, seal, succeeded, take, takeTheirs, write, type Dispute, type Draft, type Events, type Version } from "./core.js";
import type { ConflictError } from "./errors.js";
import { toJson } from "./json.js";
import type { Merge, Preferred } from "./merge.js";

/** What the core needs once others have changed what is edited here. */
export interface Merging {
  readonly merge: Merge;
  readonly conflicted: typeof conflicted;
  readonly resolved: typeof resolved;
}

export function conflicted(core: Draft, error: ConflictError, isAsSent: boolean): void {
  const base = core.base?.config ?? null;
  const newest: Version = { config: toJson(error.current, core.mine), version: error.currentVersion, updatedAt: error.updatedAt, updatedBy: error.updatedBy };
  succeeded(core);
  learn(core, newest.version);
  // The user may have undone the edit since it was sent.
  if (!core.hasEdits) take(core, newest);
  else {
    // The server's conflicts hold only for what was sent, and it lists at most 100: this merge finds the others.
    const found = core.merging.merge(base ?? EMPTY, newest.config, core.mine).conflicts;
    const conflicts = [...new Set([...((isAsSent && error.conflicts) || []), ...found])];
    core.conflict = { base, theirs: newest.config, conflicts, currentVersion: newest.version, updatedAt: newest.updatedAt, updatedBy: error.updatedBy };
    if (!conflicts.length) return resolved(core, core.conflict, "mine");
  }
  proceed(core);
}

export function resolved(core: Draft, conflict: Dispute, choice: Events["resolved"]["choice"]): void {
  const { mine } = core;
  const merged = (prefer: Preferred, disputed?: readonly string[]) => core.merging.merge(conflict.base ?? EMPTY, conflict.theirs, mine, prefer, disputed);
  // A pointer to an element that they deleted may match another one, so add only the pointers that the merge does not find.
  const found = new Set(merged("theirs").conflicts);
  const disputed = conflict.conflicts.filter((pointer) => !found.has(pointer));
  takeTheirs(core, conflict);
  if (typeof choice === "object") change(core, choice.config);
  else {
    change(core, merged("mine", disputed).document);
    // Save my values first, so that history keeps them.
    if (choice !== "mine" && core.mine !== null && !conflict.conflicts.includes("")) seal(core, "user");
    change(core, merged(choice, disputed).document);
  }
  core.asked = {};
  write(core);
  proceed(core);
}
