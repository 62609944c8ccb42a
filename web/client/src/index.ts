/** The Dashkeep client: the API's calls, and documents that an application edits. */

import type { Calls, InternalClient } from "./calls.js";
import type { Version } from "./core.js";
import { openDocument, type InternalDocument, type InternalOptions, type Surroundings } from "./document.js";
import { browserEnvironment, type Environment } from "./environment.js";
import { valueOf as valueAt } from "./identity.js";
import type { Json } from "./json.js";
import { openingOf } from "./opening.js";
import { browserStorage, type Key } from "./storage.js";
import { openTabs } from "./tabs.js";
import { addressOf, createTransport, failure, pathOf, required, tag, versionOf, type Answer, type GetToken } from "./transport.js";
import type { DashboardClient, DashboardConfig, DashboardDocument, OpenOptions, Saved } from "./types.js";

export { ConflictError, DashkeepError, placeInWords, type ClientCode, type FieldError, type Problem } from "./errors.js";
export type { Channel, Environment } from "./environment.js";
export type { GetToken } from "./transport.js";
export type * from "./types.js";

export interface ClientOptions {
  /** The base URL of the API, without `/api`. */
  baseUrl: string;
  /**
   * Returns the user's token, or null if nobody is signed in. Called once when a document is opened and once per save,
   * never concurrently, and again with `refresh: true` if the server rejects the token or a live connection outlasts it.
   */
  getToken: GetToken;
  /** The token's claim that names the user: the stack's parameter `UserClaim`. Default: `sub`. */
  userClaim?: string;
  /** Stores unsaved edits and the last known configs; `null` stores nothing. Default: the browser's IndexedDB. */
  storage?: IDBFactory | null;
  fetch?: typeof globalThis.fetch;
  /** Milliseconds until a request times out. Default: 30,000. */
  timeout?: number;
  environment?: Environment;
}

const CONFIG_CALLS = ["load", "save", "patch", "remove", "history", "nameVersion", "diff", "undoVersion", "deleteVersion", "version", "restore"] as const;
const PROJECT_CALLS = ["list", "create", "get", "update", "remove", "restore", "unsaved", "deleted"] as const;
const DATA_CALLS = ["load", "upload", "uploadFile", "completeUpload", "csv", "saveAnalysis", "saveSchema", "versions", "version", "restore"] as const;
/** Browsers limit keepalive requests to 64 KiB in total (https://fetch.spec.whatwg.org/#http-network-or-cache-fetch). */
const KEEPALIVE_BYTES = 60_000;

/**
 * Return the value at one of a conflict's pointers in a document; undefined if the document has no such value.
 *
 * A pointer names an element by its index in one of the documents `named`, `[theirs, base]`.
 */
export function valueOf(document: unknown, pointer: string, named: readonly unknown[]): unknown {
  return valueAt((document ?? null) as Json, pointer, named as readonly Json[]);
}

export function createDashboardClient<Config extends object = DashboardConfig>(options: ClientOptions): DashboardClient<Config> {
  const environment = options.environment ?? browserEnvironment();
  const transport = createTransport(options);
  const { storage: database = environment.storage("indexedDB") } = options;
  const storage = browserStorage(database);
  const tabs = openTabs(environment);
  /** The open documents, and how many openings each has. */
  const shared = new Map<string, { readonly document: InternalDocument<Config>; openings: number }>();
  const parts = { environment, transport, storage, tabs, keyOf };
  let loaded: Calls<Config> | undefined;

  const config = async (session?: string, user?: string) => (await calls()).config(session, user);

  /** Load the calls on first use: a page that only opens documents never needs them. */
  async function calls(): Promise<Calls<Config>> {
    const { createCalls } = await required(import("./calls.js"));
    return (loaded ??= createCalls<Config>(parts));
  }

  function keyOf(project: string, session: string, user: string): Key {
    return [transport.root, user, addressOf(project, user), session];
  }

  function surroundings(project: string, sessionId: string | undefined): Surroundings {
    const path = pathOf(project, "/config");
    return {
      environment,
      transport,
      storage,
      path,
      ...tabs,
      session: () => (options.storage === null ? null : environment.storage("sessionStorage")),
      keyOf: (user) => keyOf(project, sessionId ?? "", user),
      async load(known, user, token) {
        const answer = await transport.send("GET", path, { query: { sessionId }, headers: { "If-None-Match": tag(known?.version) }, user, token });
        return answer.status === 304 && known ? known : versionIn(answer);
      },
      async save({ key, base, patch, source, message }, user, isLast) {
        const keepalive = isLast && new Blob([JSON.stringify(patch)]).size <= KEEPALIVE_BYTES;
        const answer = await transport.send(patch ? "PATCH" : "DELETE", path, {
          query: { sessionId, message, ...(patch && { source, onConflict: "merge" }) },
          headers: { "If-Match": tag(base), "Idempotency-Key": key },
          ...(patch && { body: patch, mediaType: "application/json-patch+json" }),
          user,
          keepalive,
          token: isLast ? transport.last : null,
        });
        const version = patch ? versionIn(answer) : { config: null, version: versionOf(answer), updatedAt: null };
        return { version, newest: (answer.body as Saved | null)?.currentVersion ?? version.version };
      },
      restore: async (version, ifMatch, user, message) => (await config(sessionId, user)).restore(project, version, { ifMatch, message }),
      undoVersion: async (version, user, message) => (await config(sessionId, user)).undoVersion(project, version, { message }),
    };
  }

  function open(project: string, opened: OpenOptions<Config> = {}): DashboardDocument<Config> {
    const { sessionId, isOwn }: InternalOptions<Config> = opened;
    const made = () => openDocument(surroundings(project, sessionId), opened);
    if (isOwn) return made();
    const name = JSON.stringify([project, sessionId]);
    const one = shared.get(name) ?? { document: made(), openings: 0 };
    shared.set(name, one);
    one.openings += 1;
    return openingOf(one.document, () => {
      one.openings -= 1;
      if (one.openings) return;
      shared.delete(name);
      one.document.close();
    });
  }

  const client: InternalClient<Config> = {
    ...later(CONFIG_CALLS, config),
    ...later(["limits", "flags", "send"], calls),
    projects: later(PROJECT_CALLS, async () => (await calls()).projects),
    data: later(DATA_CALLS, async () => (await calls()).data()),
    drafts: (sessionId) => later(CONFIG_CALLS, () => config(sessionId)),
    open,
    parts,
  };
  return client;
}

/** Create methods that first load the object that implements them. */
function later<T, Name extends keyof T & string>(names: readonly Name[], load: () => Promise<T>): Pick<T, Name> {
  const call = (name: Name) => async (...given: unknown[]) => ((await load())[name] as (...given: unknown[]) => unknown)(...given);
  return Object.fromEntries(names.map((name) => [name, call(name)])) as Pick<T, Name>;
}

function versionIn(answer: Answer): Version {
  const body = answer.body as { config?: Json; updatedAt?: string | null } | null;
  if (body?.config === undefined) throw failure("unreadable");
  const updatedBy = answer.headers.get("Updated-By");
  // Stored with the text, so that it is known after a reload.
  return { config: body.config, version: versionOf(answer), updatedAt: body.updatedAt ?? null, updatedBy, text: answer.text.replace("{", () => `{"updatedBy":${JSON.stringify(updatedBy)},`) };
}
