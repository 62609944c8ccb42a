/**
 * Migrates the dashboard that an older version of an application left in this browser. The module is loaded when a project
 * without a saved config is opened, because it is needed only once.
 */

import { ConflictError, DashkeepError, DENIED, type FieldError } from "./errors.js";
import { freeze, isEqual, isObject, member, put, toJson, type Json, type JsonObject } from "./json.js";
import { tokensOf } from "./pointer.js";
import type { Environment } from "./environment.js";
import { lockOf, type BrowserStorage, type Key } from "./storage.js";
import { addressOf, failure, type Transport } from "./transport.js";
import type { OpenOptions } from "./types.js";

/** A state that Zustand's `persist` stored under a name. */
export interface Persisted {
  readonly name: string;
  /** The config of a store that nobody has edited. */
  readonly initial: JsonObject;
  /** Return the config in a stored state. */
  read(state: unknown, version: number): JsonObject;
  /** Add the version of the config's schema. */
  marked(config: Json): Json;
}

export interface Move extends Pick<OpenOptions<never>, "legacyKeys" | "ownsLegacy" | "sessionId"> {
  readonly environment: Environment;
  readonly transport: Transport;
  readonly persisted?: Persisted;
  readonly storage: BrowserStorage;
  /** Where this browser keeps the project that the old copy may move to, and its config's path in the API. */
  readonly place: Key;
  readonly path: string;
  readonly user: string;
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
export async function moveOldCopy({ environment, transport, storage, legacyKeys, persisted, ownsLegacy, sessionId, place, path, user }: Move): Promise<Moved> {
  const old = environment.storage("localStorage");
  const keys = legacyKeys ?? LEGACY_KEYS;
  const name = ["legacy", persisted ? `persist:${persisted.name}` : typeof keys === "function" ? "" : Object.values(keys).join("|")];
  let config: Json = null;
  try {
    const found = old && (persisted ? readPersisted(old, persisted) : typeof keys === "function" ? keys(old) : readMembers(old, keys));
    config = configIn(found);
  } catch (cause) {
    return { ...NOTHING, error: failure("store", { cause }) };
  }
  // Another user's project never gets it by being the first one opened.
  if (!ownsLegacy && place[2] !== addressOf(place[2]?.split("~")[1] ?? "", user)) return NOTHING;
  if (config === null || !(await isOwner(name, lockOf(place, ""), ownsLegacy, storage))) return NOTHING;
  const notMoved: FieldError[] = [];
  while (config !== null) {
    try {
      // Only if nothing has been saved before.
      await transport.send("PUT", path, { query: { sessionId, source: "localStorage" }, headers: { "If-None-Match": "*" }, body: config, user });
      break;
    } catch (error) {
      if (!(error instanceof DashkeepError) || error.isTemporary) throw error;
      // Someone else has saved, and an old copy never overwrites a save.
      if (error instanceof ConflictError) break;
      // Viewers may not save; it is tried again once they may.
      if (DENIED.includes(error.code)) return NOTHING;
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

/** Read the members that somebody has edited. */
function readPersisted(storage: Storage, { name, initial, read, marked }: Persisted): Json {
  const { state, version = 0 } = (parsed(storage.getItem(name)) ?? {}) as { state?: unknown; version?: number };
  const config = state ? read(state, version) : initial;
  if (isEqual(config, initial)) return null;
  return marked(Object.fromEntries(Object.entries(config).filter(([name, value]) => name === "chartCustomizations" || !isEqual(value, initial[name]))));
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
