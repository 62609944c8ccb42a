/** What the client takes from the browser besides `fetch`, so that tests can replace it. */

/** A channel to the other tabs of this origin. */
export interface Channel {
  tell(message: unknown): void;
  close(): void;
}

export interface Environment {
  /** Milliseconds since 1970; used for display only, because a clock may be wrong. */
  now(): number;
  /** From 0 up to 1. */
  random(): number;
  /** A text that no other call returns. */
  id(): string;
  /** Call back after some milliseconds; returns a function to stop. */
  after(milliseconds: number, then: () => void): () => void;
  /** Open a channel, which hands on what other tabs tell; null where there is none. */
  openChannel(name: string, heard: (message: unknown) => void): Channel | null;
  /** Listen to the network coming back, the page being shown, and the page being hidden or left; returns a function to stop. */
  listen(kind: "online" | "shown" | "hidden", listener: () => void): () => void;
  /**
   * Lock a name until the returned function is called or the tab is closed; null if another tab holds it. `isNew` says
   * that no other tab knows the name.
   */
  hold(name: string, isNew?: boolean): Promise<(() => void) | null>;
  indexedDB(): IDBFactory | null;
  localStorage(): Storage | null;
}

export function browserEnvironment(): Environment {
  return {
    now: Date.now,
    random: Math.random,
    id: randomId,
    after(milliseconds, then) {
      const timer = setTimeout(then, milliseconds);
      return () => clearTimeout(timer);
    },
    openChannel: (name, heard) => allowed(() => channelOf(new BroadcastChannel(name), heard)),
    listen,
    hold,
    indexedDB: () => allowed(() => globalThis.indexedDB ?? null),
    localStorage: () => allowed(() => globalThis.localStorage ?? null),
  };
}

function channelOf(channel: BroadcastChannel, heard: (message: unknown) => void): Channel {
  channel.onmessage = ({ data }) => heard(data);
  return { tell: (message) => channel.postMessage(message), close: () => channel.close() };
}

/** Return what a browser may forbid: a sandboxed frame throws where another has a storage. */
function allowed<T>(get: () => T): T | null {
  try {
    return get();
  } catch {
    return null;
  }
}

/** Not `crypto.randomUUID`, which is missing on plain http. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (each) => each.toString(36)).join("");
}

const TYPES = { online: ["online"], shown: ["focus", "visibilitychange"], hidden: ["pagehide", "visibilitychange"] } as const;

function listen(kind: keyof typeof TYPES, listener: () => void): () => void {
  const heard = ({ type }: Event) => {
    if (type !== "visibilitychange" || (globalThis.document.visibilityState === "hidden") === (kind === "hidden")) listener();
  };
  // `visibilitychange` bubbles from the document to the window.
  for (const type of TYPES[kind]) globalThis.addEventListener?.(type, heard);
  return () => {
    for (const type of TYPES[kind]) globalThis.removeEventListener?.(type, heard);
  };
}

async function hold(name: string, isNew?: boolean): Promise<(() => void) | null> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return import("./locks.js").then((ours) => ours.hold(name, isNew)).catch(() => () => undefined);
  return new Promise((resolve) => {
    const whole = locks.request(name, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(null);
      return new Promise<void>((release) => resolve(release));
    });
    // A sandboxed frame may not lock; nothing is kept for it either.
    whole.catch(() => resolve(() => undefined));
  });
}
