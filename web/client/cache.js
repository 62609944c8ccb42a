/**
 * The browser's storage: the last known config of each project, and edits that no server has seen.
 *
 * Keys contain the server's URL and the user, so that no user sees what another one left behind. Unsaved edits have a
 * key per tab; otherwise two tabs with the same project would overwrite each other's edits.
 */

const PREFIX = "dashkeep:1";

/**
 * @typedef {{ config: any, version: number, updatedAt: string | null, fetchedAt: number }} Known
 * @typedef {{ config: any, base: { config: any, version: number }, savedAt: number }} Unsaved
 */

/**
 * @param {Storage | null} storage
 * @param {string} scope server and user
 * @param {string} document project, and session if it is a draft
 */
export function createCache(storage, scope, document) {
  const key = (/** @type {string} */ kind, tab = "") => [PREFIX, kind, scope, document, tab].join("|");

  return {
    /** @returns {Known | null} */
    known: () => read(storage, key("known")),
    /** @type {(known: Known) => void} */
    keepKnown: (known) => write(storage, key("known"), known),
    /** @type {(tab: string) => Unsaved | null} */
    unsaved: (tab) => read(storage, key("unsaved", tab)),
    /** @type {(tab: string, unsaved: Unsaved) => void} */
    keepUnsaved: (tab, unsaved) => write(storage, key("unsaved", tab), unsaved),
    /** @param {string} tab */
    dropUnsaved: (tab) => storage?.removeItem(key("unsaved", tab)),
    /** The tabs with unsaved edits, latest edits first. */
    tabsWithUnsaved: () => {
      const prefix = key("unsaved");
      return keys(storage)
        .filter((name) => name.startsWith(prefix))
        .map((name) => name.slice(prefix.length))
        .sort((a, b) => savedAt(b) - savedAt(a));
    },
    /** The name of the lock that a tab holds while it is open. */
    holdName: (/** @type {string} */ tab) => key("tab", tab),
    isMigrated: () => read(storage, key("migrated")) === true,
    keepMigrated: () => write(storage, key("migrated"), true),
  };

  /** @param {string} tab */
  function savedAt(tab) {
    return read(storage, key("unsaved", tab))?.savedAt ?? 0;
  }
}

/**
 * @param {Storage | null} storage
 * @param {string} key
 * @returns {any}
 */
export function read(storage, key) {
  try {
    const text = storage?.getItem(key);
    return text ? JSON.parse(text) : null;
  } catch {
    // Ignore values that another program stored under this key.
    return null;
  }
}

/**
 * @param {Storage | null} storage
 * @param {string} key
 * @param {unknown} value
 */
function write(storage, key, value) {
  try {
    storage?.setItem(key, JSON.stringify(value));
  } catch (error) {
    // If the storage is full or forbidden, only the copy in this browser is lost, not the save.
    console.warn("Dashkeep cannot store a copy in this browser:", error);
  }
}

/** @param {Storage | null} storage */
function keys(storage) {
  return Array.from({ length: storage?.length ?? 0 }, (_, index) => storage?.key(index) ?? "");
}
