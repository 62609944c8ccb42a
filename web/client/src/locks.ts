/**
 * Locks between tabs for pages on plain http, where browsers have none: whoever holds a name answers those who ask for it.
 *
 * A tab that a browser has put to sleep does not answer in time, so its edits may be taken up by another; the key of each
 * save then keeps the server from saving them twice.
 */

/** Milliseconds in which a holder answers. */
const PATIENCE = 200;

const held = new Set<string>();
const asking = new Map<string, { readonly rank: number; readonly lose: () => void }>();
let channel: BroadcastChannel | null = null;

/** Hold a name until the returned function is called or the tab is closed; null if another tab holds it. */
export async function hold(name: string, isNew = false): Promise<(() => void) | null> {
  if (held.has(name) || asking.has(name)) return null;
  channel ??= openChannel();
  if (!isNew && !(await isFree(name, channel))) return release(name), null;
  held.add(name);
  return () => release(name);
}

async function isFree(name: string, to: BroadcastChannel): Promise<boolean> {
  const rank = Math.random();
  const answer = await new Promise<boolean>((resolve) => {
    asking.set(name, { rank, lose: () => resolve(false) });
    to.postMessage({ name, rank });
    setTimeout(() => resolve(true), PATIENCE);
  });
  asking.delete(name);
  return answer;
}

function openChannel(): BroadcastChannel {
  const opened = new BroadcastChannel("dashkeep-locks");
  opened.onmessage = ({ data: { name, rank } }: MessageEvent<{ name: string; rank?: number }>) => {
    const mine = asking.get(name);
    // Of two that ask at the same time, the lower rank gets it.
    if (rank === undefined || (mine && mine.rank > rank)) mine?.lose();
    else if (held.has(name) || mine) opened.postMessage({ name });
  };
  return opened;
}

function release(name: string): void {
  held.delete(name);
  if (held.size || asking.size) return;
  channel?.close();
  channel = null;
}
