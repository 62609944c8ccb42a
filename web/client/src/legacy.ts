/**
 * Migrates the dashboard that an older version of an application left in this browser. The module is loaded when a project
 * without a saved config is opened, because it is needed only once.
 */

import { ConflictError, DashkeepError, type FieldError } from "./errors.js";
import { freeze, isObject, member, put, toJson, type Json } from "./json.js";
import { tokensOf } from "./pointer.js";
import type { BrowserStorage, Key } from "./storage.js";
import { failure } from "./transport.js";
import type { OpenOptions } from "./types.js";

/** A state that Zustand's `persist` stored under a name; `read` returns the config in it. */
export interface Persisted {
  readonly name: string;
  read(state: unknown, version: number): Json;
}

export interface Move {
  /** The storage with the old copy; null if the browser has no storage. */
  readonly old: Storage | null;
  readonly legacyKeys: NonNullable<OpenOptions["legacyKeys"]> | undefined;
  readonly persisted: Persisted | undefined;
  readonly ownsLegacy: boolean | undefined;
  /** The project that the old copy may move to. */
  readonly project: string;
  readonly storage: BrowserStorage;
  /** Save a config if nothing has been saved before. */
  create(config: Json): Promise<unknown>;
}

export interface Moved {
  /** Whether a config was saved, so that the document must load it. */
  readonly isSaved: boolean;
  /** What the server rejected. */
  readonly notMoved: readonly FieldError[];
  /** Why the old copy cannot be read; it stays in place and is tried again at the next load. */
  readonly error?: DashkeepError;
}

/** The storage keys of dashboards from before the server existed, by config member. */
const LEGACY_KEYS: Readonly<Record<string, string>> = {
  chartCustomizations: "chartCustomizations",
  currentLayout: "currentLayout",
  theme: "currentTheme",
  filters: "dashboardFilters",
};

const NOTHING: Moved = { isSaved: false, notMoved: [] };

/** Save an old copy as version 1, without the parts that the server rejects. Rejects only with a temporary DashkeepError. */
export async function moveOldCopy({ old, legacyKeys = LEGACY_KEYS, persisted, ownsLegacy, project, storage, create }: Move): Promise<Moved> {
  const name = ["legacy", persisted ? `persist:${persisted.name}` : typeof legacyKeys === "function" ? "" : Object.values(legacyKeys).join("|")];
  let config: Json = null;
  try {
    const found = old && (persisted ? readPersisted(old, persisted) : typeof legacyKeys === "function" ? legacyKeys(old) : readMembers(old, legacyKeys));
    config = configIn(found);
  } catch (cause) {
    return { ...NOTHING, error: failure("store", { cause }) };
  }
  if (config === null || !(await isOwner(name, project, ownsLegacy, storage))) return NOTHING;
  const notMoved: FieldError[] = [];
  while (config !== null) {
    try {
      await create(config);
      break;
    } catch (error) {
      if (!(error instanceof DashkeepError) || error.isTemporary) throw error;
      // Someone else has saved, and an old copy never overwrites a save.
      if (error instanceof ConflictError) break;
      const errors: readonly FieldError[] = error.problem?.errors ?? [{ pointer: "", message: error.message }];
      notMoved.push(...errors);
      config = without(config, errors);
    }
  }
  // The project has a config now or nothing could be moved, so the move is over.
  await storage.setFact([...name, "moved"], "yes").catch(() => {});
  return { isSaved: config !== null, notMoved };
}

/** Whether the old copy may move to this project: only once, to the project that it belongs to or else to the first one. */
async function isOwner(name: Key, project: string, ownsLegacy: boolean | undefined, storage: BrowserStorage): Promise<boolean> {
  try {
    if (ownsLegacy === false || (await storage.fact([...name, "moved"]))) return false;
    return (await storage.setFact(name, project, !ownsLegacy)) === project;
  } catch {
    // Without storage, only the application knows.
    return ownsLegacy === true;
  }
}

function readPersisted(storage: Storage, { name, read }: Persisted): Json {
  const { state, version = 0 } = (parsed(storage.getItem(name)) ?? {}) as { state?: unknown; version?: number };
  return state ? read(state, version) : null;
}

/** Read the members that have their own storage keys; a value that is not JSON is a name. */
function readMembers(storage: Storage, keys: Readonly<Record<string, string>>): unknown {
  return Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, parsed(storage.getItem(key))]));
}

/** Return the config in an old copy without the members that were never set; null if nothing was set. */
function configIn(copy: unknown): Json {
  if (!isObject(copy)) return null;
  const members = Object.entries(copy).filter(([, value]) => value !== null);
  return members.length ? toJson({ chartCustomizations: {}, ...Object.fromEntries(members) }) : null;
}

/** Remove what the server rejected: a chart, a filter or a whole member. Null if nothing is left. */
function without(config: Json, refused: readonly FieldError[]): Json {
  const places = refused.map(({ pointer }) => tokensOf(pointer)).filter(([name]) => member(config, name ?? "") !== undefined);
  if (!places.length || !isObject(config)) return null;
  const rest: Record<string, Json> = { chartCustomizations: freeze({}) };
  for (const [name, value] of Object.entries(config)) {
    const inside = new Set(places.filter(([first]) => first === name).map(([, second]) => second));
    const parts = Object.entries(value ?? {}).filter(([part]) => !inside.has(part));
    if (!inside.size) put(rest, name, value);
    else if (!inside.has(undefined) && parts.length) {
      put(rest, name, freeze(Array.isArray(value) ? parts.map(([, part]) => part as Json) : Object.fromEntries(parts as [string, Json][])));
    }
  }
  const isNothing = Object.entries(rest).every(([, value]) => isObject(value) && !Object.keys(value).length);
  return isNothing ? null : freeze(rest);
}

/** Parse a text as JSON; other text is returned unchanged. */
function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return text;
  }
}
