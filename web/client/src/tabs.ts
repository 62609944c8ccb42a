/** Announces versions to the other documents and tabs of this browser; the channel is open only while someone listens. */

import type { Channel, Environment } from "./environment.js";
import type { Key } from "./storage.js";

/** Called with a version; null if there may be a newer one. `isSaved` says that this tab has saved it. */
export type Heard = (key: Key, version: number | null, isSaved?: boolean) => void;

interface Announced {
  readonly key: Key;
  readonly version: number | null;
}

export interface Tabs {
  tell(key: Key, version: number): void;
  /** Report what the server has announced, to the documents of this tab alone. */
  report(announced: Announced): void;
  /** Returns a function to stop. */
  hear(heard: Heard): () => void;
}

const CHANNEL = "dashkeep";

export function openTabs(environment: Environment): Tabs {
  const listeners = new Set<Heard>();
  let channel: Channel | null = null;

  // Pages with an older client send other messages, without a key.
  const heard = (({ key, version }: Partial<Announced>, isSaved?: boolean) => {
    if (key) for (const each of listeners) each(key, version as number | null, isSaved);
  }) as (message: unknown, isSaved?: boolean) => void;
  return {
    tell(key, version) {
      const open = channel ?? environment.openChannel(CHANNEL, heard);
      open?.tell({ key, version });
      if (!channel) open?.close();
      heard({ key, version }, true);
    },
    report: heard,
    hear(each) {
      listeners.add(each);
      channel ??= environment.openChannel(CHANNEL, heard);
      return () => {
        listeners.delete(each);
        if (listeners.size) return;
        channel?.close();
        channel = null;
      };
    },
  };
}
