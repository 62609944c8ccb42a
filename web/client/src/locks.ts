/**
 * Locks between tabs on plain http, where browsers have no Web Locks: the holder of a name answers requests for it.
 *
 * A tab that the browser has suspended does not answer in time, so another tab may take over its edits. The idempotency
 * key of each save then keeps the server from saving them twice.
 */

/** Milliseconds to wait for a holder's answer. */
const PATIENCE = 200;

const held = new Set<string>();
const asking = new Map<string, { readonly rank: number; readonly lose: () => void }>();
let channel: BroadcastChannel | null = null;

/** Hold a name until the returned function is called or the tab closes; null if another tab holds it. */
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
  // In Node.js, an open channel would keep the process alive.
  (opened as { unref?: () => void }).unref?.();
  opened.onmessage = ({ data: { name, rank } }: MessageEvent<{ name: string; rank?: number }>) => {
    const mine = asking.get(name);
    // If two tabs ask at the same time, the lower rank wins.
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
