/**
 * What a browser keeps of the user's dashboards: the newest version it has seen of each, and edits that no server has.
 *
 * It is IndexedDB, whose transactions say when they are durable; `localStorage` returns before anything is written. Keys
 * begin with the server and the user, so that no user sees what another one has left behind. Unsaved edits are in *slots*:
 * every open document has one, whose name it holds as a lock, so that edits of a closed tab can be told by their free lock.
 */

import type { Sent, Version } from "./core.js";
import type { Json } from "./json.js";
import type { Operation } from "./patch.js";
import { inTime } from "./transport.js";

/** The unsaved edits of one slot: `patch` leads from the base, which is kept apart, to what was shown. */
export interface Edits {
  readonly sent: Sent | null;
  readonly patch: readonly Operation[];
  readonly savedAt: number;
}

/** Server, user, project and session; or the name of a fact. */
export type Key = readonly string[];

export interface BrowserStorage {
  /** The newest version that this browser has seen. */
  copy(document: Key): Promise<Version | null>;
  /** Keep a version unless a newer one is kept; `isOnly` replaces a newer one that no longer exists. */
  keepCopy(document: Key, version: Version, isOnly?: boolean): Promise<void>;
  /** Forget the copies of all sessions of a project. */
  dropCopies(project: Key): Promise<void>;
  /** The slots of a document that have edits, the latest edits first. */
  slots(document: Key): Promise<string[]>;
  edits(document: Key, slot: string): Promise<{ edits: Edits; base: Version } | null>;
  /** Keep a slot's edits, and their base unless the slot has it; resolves when the transaction has completed. */
  keepEdits(document: Key, slot: string, edits: Edits, base: Version, hasBase: boolean): Promise<void>;
  dropEdits(document: Key, slot: string): Promise<void>;
  fact(key: Key): Promise<string | null>;
  /** Set a fact, unless `isFirst` and it is set; returns what holds now. */
  setFact(key: Key, value: string, isFirst?: boolean): Promise<string>;
}

const LONGEST_OPENING = 5_000;
const NAME = "dashkeep";
const STORE = "kept";

/** Every method rejects if the browser has no storage, or refuses it. */
export function browserStorage(factory: IDBFactory | null): BrowserStorage {
  let opened: Promise<IDBDatabase> | null = null;

  const copyOf = (document: Key) => ["copy", ...document];
  const baseOf = (document: Key, slot: string) => ["base", ...document, slot];
  const editsOf = (document: Key, slot: string) => ["edits", ...document, slot];

  return {
    copy: (document) => run("readonly", async (store) => fromText(await done<string | undefined>(store.get(copyOf(document))))),
    keepCopy: (document, version, isOnly) =>
      run("readwrite", async (store) => {
        const known = fromText(await done<string | undefined>(store.get(copyOf(document))));
        if (isOnly || !known || known.version <= version.version) store.put(toText(version), copyOf(document));
      }),
    dropCopies: (project) => run("readwrite", async (store) => void store.delete(under(copyOf(project)))),
    slots: (document) =>
      run("readonly", async (store) => {
        const range = under(["edits", ...document]);
        const [keys, all] = await Promise.all([done(store.getAllKeys(range)), done<Edits[]>(store.getAll(range))]);
        const order = keys.map((key, index) => [(key as string[]).at(-1) ?? "", all[index]?.savedAt ?? 0] as const);
        return order.sort(([, one], [, other]) => other - one).map(([slot]) => slot);
      }),
    edits: (document, slot) =>
      run("readonly", async (store) => {
        const edits = await done<Edits | undefined>(store.get(editsOf(document, slot)));
        const base = fromText(await done<string | undefined>(store.get(baseOf(document, slot))));
        return edits && base ? { edits, base } : null;
      }),
    keepEdits: (document, slot, edits, base, hasBase) =>
      run("readwrite", async (store) => {
        // The user may have cleared the storage since.
        if (!hasBase || !(await done(store.count(baseOf(document, slot))))) store.put(toText(base), baseOf(document, slot));
        store.put(edits, editsOf(document, slot));
      }),
    dropEdits: (document, slot) =>
      run("readwrite", async (store) => {
        store.delete(baseOf(document, slot));
        store.delete(editsOf(document, slot));
      }),
    fact: (key) => run("readonly", async (store) => (await done<string | undefined>(store.get(["fact", ...key]))) ?? null),
    setFact: (key, value, isFirst) =>
      run("readwrite", async (store) => {
        const known = isFirst ? await done<string | undefined>(store.get(["fact", ...key])) : undefined;
        if (known === undefined) store.put(value, ["fact", ...key]);
        return known ?? value;
      }),
  };

  /** Run one transaction; resolves when it has completed. */
  async function run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => Promise<T>): Promise<T> {
    const lost = () => (opened = null);
    opened ??= open(factory, lost);
    opened.catch(lost);
    const transaction = (await opened).transaction(STORE, mode, { durability: "strict" });
    const completed = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    const [result] = await Promise.all([work(transaction.objectStore(STORE)), completed]);
    return result;
  }
}

/** Open the database; `lost` is called when it cannot be used any more. */
async function open(factory: IDBFactory | null, lost: () => void): Promise<IDBDatabase> {
  if (!factory) throw new Error("This browser has no storage.");
  const request = factory.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  // Some browsers never answer the first request after a start.
  const database = await inTime(LONGEST_OPENING, undefined, () => done(request));
  // A user who clears the storage closes it; a newer version of this client asks for it.
  database.onclose = lost;
  database.onversionchange = () => {
    database.close();
    lost();
  };
  return database;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** The range of all keys that begin with these names: an array sorts behind every text. */
function under(prefix: Key): IDBKeyRange {
  return IDBKeyRange.bound(prefix, [...prefix, []]);
}

/** A version is kept as the text of the answer that it came in, which costs a tenth of copying an object. */
function toText({ config, version, updatedAt, text }: Version): string {
  return text ?? JSON.stringify({ config, version, updatedAt });
}

function fromText(text: string | undefined): Version | null {
  return text === undefined ? null : { ...(JSON.parse(text) as { config: Json; version: number; updatedAt: string | null }), text };
}
