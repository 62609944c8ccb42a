/** Taking over the unsaved edits of closed tabs. This module is loaded when this browser has some. */

import { apply } from "./apply.js";
import type { Pending, Version } from "./core.js";
import type { Environment } from "./environment.js";
import { frozen, lockOf, type BrowserStorage, type Kept, type Key, type Slot } from "./storage.js";

export interface Found {
  /** The slot of the edits, which is locked. */
  readonly slot: Slot;
  readonly pending: Pending;
}

interface Tab {
  readonly environment: Environment;
  readonly storage: BrowserStorage;
  readonly place: Key;
  /** The version that the tab shows. */
  shown(): Version | null;
}

/** Lock the slot with the latest edits that is free, still has edits, and suits the tab; null if no slot does. */
export async function takeOver(kept: readonly Kept[], { environment, storage, place, shown }: Tab): Promise<Found | null> {
  const latestFirst = [...kept].sort((one, other) => other.savedAt - one.savedAt);
  for (const name of latestFirst.map(({ key }) => key.at(-1) as string)) {
    const release = await environment.hold(lockOf(place, name));
    const found = release && (await storage.edits(place, name));
    const newest = shown();
    // An unanswered save is repeated from its own base; if this tab shows a newer version, leave it to the next tab.
    if (found && !(found.edits.sent && newest && newest.version > found.base.version)) {
      const base = frozen(found.base);
      const { sent, patch } = found.edits;
      return { slot: { name, release }, pending: { base, sent: sent && { ...sent, config: sent.patch && apply(base.config, sent.patch) }, mine: apply(base.config, patch) } };
    }
    release?.();
  }
  return null;
}
