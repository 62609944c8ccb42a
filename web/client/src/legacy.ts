/**
 * The move of what an older version of an application has left of a dashboard in this browser. It is loaded when a project
 * without a saved config is opened, because it is needed once.
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
  /** The old copy's storage; null where there is none. */
  readonly old: Storage | null;
  readonly legacyKeys: NonNullable<OpenOptions["legacyKeys"]> | undefined;
  readonly persisted: Persisted | undefined;
  readonly ownsLegacy: boolean | undefined;
  /** The project that it may move to. */
  readonly project: string;
  readonly storage: BrowserStorage;
  /** Save a config where nothing was saved before. */
  create(config: Json): Promise<unknown>;
}

export interface Moved {
  /** Whether there is something new to load. */
  readonly isSaved: boolean;
  /** What the server has refused. */
  readonly notMoved: readonly FieldError[];
  /** Why the old copy cannot be read; it stays, and is tried again at the next load. */
  readonly error?: DashkeepError;
}

/** The storage keys that dashboards used before there was a server, by config member. */
const LEGACY_KEYS: Readonly<Record<string, string>> = {
  chartCustomizations: "chartCustomizations",
  currentLayout: "currentLayout",
  theme: "currentTheme",
  filters: "dashboardFilters",
};

const NOTHING: Moved = { isSaved: false, notMoved: [] };

/** Save an old copy as version 1, part by part what the server accepts. Rejects with a DashkeepError that may pass. */
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
      // Somebody has saved: an old copy never overwrites that.
      if (error instanceof ConflictError) break;
      const errors: readonly FieldError[] = error.problem?.errors ?? [{ pointer: "", message: error.message }];
      notMoved.push(...errors);
      config = without(config, errors);
    }
  }
  // What has a config by now cannot be moved to again.
  await storage.setFact([...name, "moved"], "yes").catch(() => {});
  return { isSaved: config !== null, notMoved };
}

/** Whether the old copy may move to this project: once, to the one that it belongs to, or else to the first. */
async function isOwner(name: Key, project: string, ownsLegacy: boolean | undefined, storage: BrowserStorage): Promise<boolean> {
  try {
    if (ownsLegacy === false || (await storage.fact([...name, "moved"]))) return false;
    return (await storage.setFact(name, project, !ownsLegacy)) === project;
  } catch {
    // Where nothing can be remembered, only the application knows.
    return ownsLegacy === true;
  }
}

function readPersisted(storage: Storage, { name, read }: Persisted): Json {
  const { state, version = 0 } = (parsed(storage.getItem(name)) ?? {}) as { state?: unknown; version?: number };
  return state ? read(state, version) : null;
}

/** Read the members that are kept under storage keys of their own; a value that is no JSON is a name. */
function readMembers(storage: Storage, keys: Readonly<Record<string, string>>): unknown {
  return Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, parsed(storage.getItem(key))]));
}

/** Return the config in an old copy, without the members that were never set; null if there is none. */
function configIn(copy: unknown): Json {
  if (!isObject(copy)) return null;
  const members = Object.entries(copy).filter(([, value]) => value !== null);
  return members.length ? toJson({ chartCustomizations: {}, ...Object.fromEntries(members) }) : null;
}

/** Leave out what the server has refused: a chart, a filter or a whole member. Null if nothing else is left. */
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

/** Parse a text as JSON; a text that is none is returned as it is. */
function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return text;
  }
}
