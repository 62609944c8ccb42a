/** What the client uses of the browser besides `fetch`, so that tests can replace it. */

/** A channel to the other tabs of this origin. */
export interface Channel {
  tell(message: unknown): void;
  close(): void;
}

export interface Storages {
  readonly indexedDB: IDBFactory;
  readonly localStorage: Storage;
  readonly sessionStorage: Storage;
}

export interface Environment {
  /** Milliseconds since 1970; only for display and for sorting slots, because a clock may be wrong. */
  now(): number;
  /** At least 0 and less than 1. */
  random(): number;
  /** A unique string for each call. */
  id(): string;
  /** Call `then` after some milliseconds; returns a function to cancel. */
  after(milliseconds: number, then: () => void): () => void;
  /** Open a channel that reports the messages of other tabs; null if the browser has no channels. */
  openChannel(name: string, heard: (message: unknown) => void): Channel | null;
  /** Listen for the network coming back, or the page being shown or hidden; returns a function to stop. */
  listen(kind: "online" | "shown" | "hidden", listener: () => void): () => void;
  /**
   * Lock a name until the returned function is called or the tab closes; null if another tab holds it. `isNew` says that
   * no other tab knows the name.
   */
  hold(name: string, isNew?: boolean): Promise<(() => void) | null>;
  /** Return a storage of the browser; null if the browser lacks or forbids it. */
  storage<Name extends keyof Storages>(name: Name): Storages[Name] | null;
  /** Whether this is a page, and not a server that renders one. */
  isPage(): boolean;
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
    storage: (name) => allowed(() => (globalThis as Partial<Storages>)[name] ?? null),
    isPage: () => "document" in globalThis,
  };
}

function channelOf(channel: BroadcastChannel, heard: (message: unknown) => void): Channel {
  channel.onmessage = ({ data }) => heard(data);
  // In Node.js, an open channel would keep the process alive.
  (channel as { unref?: () => void }).unref?.();
  return { tell: (message) => channel.postMessage(message), close: () => channel.close() };
}

/** Return null if the browser forbids an API: in a sandboxed frame, reading `localStorage` throws. */
function allowed<T>(get: () => T): T | null {
  try {
    return get();
  } catch {
    return null;
  }
}

/** Avoids `crypto.randomUUID`, which is missing on plain http. */
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
    // A sandboxed frame may not lock, but it has no storage to protect either.
    whole.catch(() => resolve(() => undefined));
  });
}
