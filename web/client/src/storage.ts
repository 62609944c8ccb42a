/**
 * The browser's store of dashboards: the newest version seen of each, and the edits that are not on the server yet.
 *
 * It uses IndexedDB, whose transactions report when they are durable; `localStorage` returns before anything is written.
 * Keys begin with the server and the user, so no user sees another user's data. Unsaved edits are in *slots*: every open
 * document has one and holds its name as a lock, so a slot with edits and a free lock belongs to a closed tab.
 */

import type { Sent, Version } from "./core.js";
import { toJson, type Json } from "./json.js";
import type { Operation } from "./patch.js";
import { inTime } from "./transport.js";

/** The unsaved edits of one slot: `patch` leads from the base, which is stored separately, to what was shown. */
export interface Edits {
  readonly sent: Sent | null;
  readonly patch: readonly Operation[];
  readonly savedAt: number;
}

/** Server, user, project and session; or the name of a fact. */
export type Key = readonly string[];

/** Where a document's unsaved edits are stored; `release` frees its lock. */
export interface Slot {
  readonly name: string;
  readonly release: (() => void) | null;
}

/** A slot with edits: the document's key and the slot's name, and when it was stored. */
export interface Kept {
  readonly key: Key;
  readonly savedAt: number;
}

export interface BrowserStorage {
  /** Return the newest version that this browser has seen. */
  copy(document: Key): Promise<Version | null>;
  /** Store a version unless a newer one is stored; `isOnly` replaces a newer one that no longer exists. */
  keepCopy(document: Key, version: Version, isOnly?: boolean): Promise<void>;
  /** Delete a project's copies, including those of its sessions. */
  dropCopies(project: Key): Promise<void>;
  /** List the slots with edits whose keys begin with these parts. */
  slots(under: Key): Promise<Kept[]>;
  edits(document: Key, slot: string): Promise<{ edits: Edits; base: Version } | null>;
  /** Store a slot's edits, and their base unless the slot has it; resolves when the transaction has completed. */
  keepEdits(document: Key, slot: string, edits: Edits, base: Version): Promise<void>;
  dropEdits(document: Key, slot: string): Promise<void>;
  fact(key: Key): Promise<string | null>;
  /** Set a fact, or with `isFirst` only if it is not set yet; returns the stored value. */
  setFact(key: Key, value: string, isFirst?: boolean): Promise<string>;
}

/**
 * Milliseconds until an opening or a transaction counts as failed. Some browsers never answer the first request after they
 * start; in WebKit, a page in the back/forward cache may block the transactions of all others.
 */
const LONGEST = 3_000;
const NAME = "dashkeep";
const STORE = "kept";

/** Every method rejects if the browser has no storage or denies access to it. */
export function browserStorage(factory: IDBFactory | null): BrowserStorage {
  /** The base that each slot has; the user may clear the storage, which closes the database. */
  const bases = new Map<string, Version>();
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
    slots: (parts) =>
      run("readonly", async (store) => {
        const range = under(["edits", ...parts]);
        const [keys, all] = await Promise.all([done(store.getAllKeys(range)), done<Edits[]>(store.getAll(range))]);
        return all.map(({ savedAt }, index) => ({ key: (keys[index] as string[]).slice(1), savedAt }));
      }),
    edits: (document, slot) =>
      run("readonly", async (store) => {
        const edits = await done<Edits | undefined>(store.get(editsOf(document, slot)));
        const base = fromText(await done<string | undefined>(store.get(baseOf(document, slot))));
        return edits && base ? { edits, base } : null;
      }),
    async keepEdits(document, slot, edits, base) {
      const isKept = bases.get(slot) === base;
      // Nothing is known until the transaction has completed, and then only if no other has begun since.
      const unknown = {} as Version;
      bases.set(slot, unknown);
      await run("readwrite", async (store) => {
        if (!isKept) store.put(toText(base), baseOf(document, slot));
        store.put(edits, editsOf(document, slot));
        // A page that is being closed does not live to see its requests succeed, which would commit by itself.
        store.transaction.commit();
      });
      if (bases.get(slot) === unknown) bases.set(slot, base);
    },
    dropEdits: (document, slot) =>
      run("readwrite", async (store) => {
        bases.delete(slot);
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
    const lost = () => {
      opened = null;
      bases.clear();
    };
    opened ??= patiently(() => open(factory, lost));
    opened.catch(lost);
    const transaction = (await opened).transaction(STORE, mode, { durability: "strict" });
    const completed = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    const [result] = await patiently(() => Promise.all([work(transaction.objectStore(STORE)), completed]));
    return result;
  }
}

function patiently<T>(work: () => Promise<T>): Promise<T> {
  return inTime(LONGEST, undefined, work);
}

/** Open the database; `lost` is called when it is no longer usable. */
async function open(factory: IDBFactory | null, lost: () => void): Promise<IDBDatabase> {
  if (!factory) throw new Error("No storage.");
  const request = factory.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  const database = await done(request);
  // Clearing the storage closes the database; a newer client may need this connection closed to upgrade it.
  database.onclose = lost;
  database.onversionchange = () => {
    database.close();
    lost();
  };
  return database;
}

/** The name of a slot's lock. */
export function lockOf(document: Key, slot: string): string {
  return [...document, slot].join("|");
}

/** Freeze a version's config, reusing equal parts of `previous`, so that pages redraw only what changed. */
export function frozen(version: Version, previous?: Json): Version {
  return { ...version, config: toJson(version.config, previous) };
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** The range of all keys with this prefix: arrays sort after all strings. */
function under(prefix: Key): IDBKeyRange {
  return IDBKeyRange.bound(prefix, [...prefix, []]);
}

/** A version is stored as the text of its response, which costs a tenth of cloning an object. */
function toText(version: Version): string {
  return version.text ?? JSON.stringify(version);
}

function fromText(text: string | undefined): Version | null {
  return text === undefined ? null : { ...(JSON.parse(text) as Version), text };
}
