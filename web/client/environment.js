/**
 * What the client uses from the browser besides `fetch` and storage, so that tests can replace it.
 *
 * @typedef {object} Environment
 * @property {() => number} now milliseconds
 * @property {() => number} random from 0 up to 1
 * @property {(milliseconds: number, signal?: AbortSignal) => Promise<void>} wait
 * @property {(name: string) => Channel | null} openChannel to the other tabs
 * @property {(kind: "online" | "focus", listener: () => void) => () => void} listen returns a function to stop
 * @property {(name: string) => Promise<(() => void) | null>} hold lock a name; null if another tab holds it. The
 *   browser releases the lock when the tab is closed
 */

/**
 * @typedef {object} Channel
 * @property {(message: any) => void} postMessage
 * @property {((event: any) => void) | null} onmessage
 * @property {() => void} close
 */

/** @returns {Environment} */
export function browserEnvironment() {
  return { now: Date.now, random: Math.random, wait, openChannel, listen, hold };
}

/** @type {Environment["wait"]} */
function wait(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** @type {Environment["openChannel"]} */
function openChannel(name) {
  return typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(name);
}

/** @type {Environment["listen"]} */
function listen(kind, listener) {
  if (typeof globalThis.addEventListener !== "function") return () => {};
  if (kind === "online") {
    globalThis.addEventListener("online", listener);
    return () => globalThis.removeEventListener("online", listener);
  }
  const shown = () => {
    if (globalThis.document?.visibilityState !== "hidden") listener();
  };
  globalThis.addEventListener("focus", shown);
  globalThis.document?.addEventListener("visibilitychange", shown);
  return () => {
    globalThis.removeEventListener("focus", shown);
    globalThis.document?.removeEventListener("visibilitychange", shown);
  };
}

/** @type {Environment["hold"]} */
async function hold(name) {
  const locks = globalThis.navigator?.locks;
  if (!locks) return () => {};
  return new Promise((resolve) => {
    locks.request(name, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(null);
      return new Promise((release) => resolve(() => release(undefined)));
    });
  });
}
