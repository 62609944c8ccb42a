/** Announces versions to the other documents and tabs of this browser; the channel is open only while someone listens. */

import type { Channel, Environment } from "./environment.js";
import type { Key } from "./storage.js";

export type Heard = (key: Key, version: number) => void;

export interface Tabs {
  tell(key: Key, version: number): void;
  /** Returns a function to stop. */
  hear(heard: Heard): () => void;
}

const CHANNEL = "dashkeep";

export function openTabs(environment: Environment): Tabs {
  const listeners = new Set<Heard>();
  let channel: Channel | null = null;

  const heard = (message: unknown) => {
    // Pages with an older client send other messages.
    const { key, version } = message as { key?: Key; version: number };
    if (key) for (const each of listeners) each(key, version);
  };
  return {
    tell(key, version) {
      const open = channel ?? environment.openChannel(CHANNEL, heard);
      open?.tell({ key, version });
      if (!channel) open?.close();
      heard({ key, version });
    },
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
