/** The API's calls outside of open documents. This module is loaded on the first call. */

import { DashkeepError } from "./errors.js";
import type { Environment } from "./environment.js";
import type { BrowserStorage, Key } from "./storage.js";
import type { Tabs } from "./tabs.js";
import { inTime, pathOf, required, tag, versionOf, waitBefore, type Answer, type RequestOptions, type Transport } from "./transport.js";
import type { Abortable, ConfigCalls, DashboardClient, DashboardConfig, DataCalls, Loaded, NewProject, Project, ProjectCalls, ProjectCopy } from "./types.js";

const ATTEMPTS = 4;
const MERGE_PATCH = "application/merge-patch+json";

/** Called when the config of a project or a session may have changed. */
export type Changed = (project: string, session?: string) => Promise<void>;

/** Passes on the answer to a request for a project. */
type Known = <T>(project: string, answer: Promise<T>) => Promise<T>;

export interface Calls<Config extends object> extends Pick<Requests, "send"> {
  readonly projects: ProjectCalls<Config>;
  /** Load the calls for tables: most pages that call the API make none. */
  data(): Promise<DataCalls>;
  /** The calls for a project's config, or for a session's draft; if `user` is given, only with that user's token. */
  config(session?: string, user?: string): ConfigCalls<Config>;
  limits(options?: Abortable): Promise<{ readonly [name: string]: number }>;
  flags(options?: Abortable): Promise<{ readonly [name: string]: boolean }>;
}

/** Requests that are retried after temporary failures. */
export interface Requests {
  send(method: string, path: string, options?: RequestOptions, attempts?: number): Promise<Answer>;
  /** Make a request whose answer is JSON. */
  json<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
  /** Wait before another attempt, at least for as long as the server asks for, in seconds. */
  pause(attempt: number, retryAfter: number | undefined, signal?: AbortSignal): Promise<void>;
  readonly fetch: Transport["fetch"];
}

/** A client with what `sharing.ts` and `live.ts` use of it. */
export interface InternalClient<Config extends object = DashboardConfig> extends DashboardClient<Config>, Pick<Requests, "send"> {
  readonly parts: Parts;
}

/** What the calls share with the documents of their client. */
export interface Parts {
  readonly environment: Environment;
  readonly transport: Transport;
  readonly storage: BrowserStorage;
  readonly tabs: Tabs;
  keyOf(project: string, session: string, user: string): Key;
}

export function createCalls<Config extends object>({ environment, transport, storage, tabs, keyOf }: Parts): Calls<Config> {
  const requests = repeated(transport, environment);

  /** Drop a project's cached copies, and make its documents reload. */
  async function changed(project: string, session = ""): Promise<void> {
    const key = keyOf(project, session, transport.last?.user ?? "");
    // A browser without storage has no copies.
    await storage.dropCopies(key.slice(0, -1)).catch(() => {});
    tabs.tell(key, Number.POSITIVE_INFINITY);
  }

  /** Pass on an answer; what is not there any more, or no longer shared, leaves no copy in this browser. */
  async function known<T>(project: string, answer: Promise<T>): Promise<T> {
    return answer.catch(async (error: DashkeepError) => {
      if (error.code === "not-found") await changed(project);
      throw error;
    });
  }

  /** Read the user's slots in this browser, whose keys have the address in third place. */
  async function unsaved({ signal }: Abortable = {}): Promise<string[]> {
    const { user } = await inTime(Number.POSITIVE_INFINITY, signal, () => transport.token());
    // A browser without storage has no edits.
    const kept = await storage.slots([transport.root, user]).catch(() => []);
    return [...new Set(kept.map(({ key: [, , address] }) => address as string))];
  }

  return {
    send: requests.send,
    projects: { ...projectCalls(requests, environment, changed, known), unsaved },
    data: async () => (await required(import("./tables.js"))).dataCalls(requests, changed),
    config: (session, user) => configCalls(requests, environment, changed, known, session, user),
    limits: (options) => requests.json("GET", "/limits", options),
    flags: (options) => requests.json("GET", "/flags", options),
  };
}

export function repeated(transport: Pick<Transport, "send" | "fetch">, environment: Pick<Environment, "after" | "random">): Requests {
  async function send(method: string, path: string, options: RequestOptions = {}, attempts = ATTEMPTS): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await transport.send(method, path, options);
      } catch (error) {
        const isFinal = !(error instanceof DashkeepError) || !error.isTemporary || error.status === 500 || error.status === 401;
        if (isFinal || attempt === attempts) throw error;
        await pause(attempt - 1, error.retryAfter, options.signal);
      }
    }
  }

  async function pause(attempt: number, retryAfter: number | undefined, signal?: AbortSignal): Promise<void> {
    const wait = waitBefore(attempt, retryAfter, environment.random);
    await inTime(Number.POSITIVE_INFINITY, signal, () => new Promise<void>((resolve) => environment.after(wait, resolve)));
  }

  return { send, json: async <T>(...request: Parameters<typeof send>) => (await send(...request)).body as T, pause, fetch: transport.fetch };
}

function configCalls<Config extends object>(requests: Requests, environment: Environment, changed: Changed, known: Known, session?: string, user?: string): ConfigCalls<Config> {
  const at = (project: string, rest = "") => pathOf(project, `/config${rest}`);

  interface Write {
    ifMatch?: number | "*" | undefined;
    create?: boolean | undefined;
    query: Readonly<Record<string, string | undefined>>;
    body?: unknown;
    mediaType?: string;
    signal?: AbortSignal | undefined;
  }

  /** Save with an idempotency key, which makes retries safe. */
  async function write(method: string, project: string, path: string, { ifMatch, create, ...request }: Write) {
    const headers = { "If-Match": tag(ifMatch), "If-None-Match": create ? "*" : undefined, "Idempotency-Key": environment.id() };
    try {
      return await requests.send(method, path, { headers, ...request, ...(user === undefined ? {} : { user }) });
    } finally {
      await changed(project, request.query["sessionId"]);
    }
  }

  async function loaded(...request: Parameters<typeof requests.send>): Promise<Loaded<Config>> {
    const { body, headers } = await requests.send(...request);
    return { ...(body as Loaded<Config>), updatedBy: headers.get("Updated-By") };
  }

  return {
    load: (project, { sessionId = session, signal } = {}) => known(project, loaded("GET", at(project), { query: { sessionId }, signal })),
    async save(project, config, { ifMatch, create, merge, source, message, sessionId = session, signal }) {
      const query = { sessionId, source, message, onConflict: merge ? "merge" : undefined };
      return (await write("PUT", project, at(project), { ifMatch, create, query, body: config, signal })).body as never;
    },
    async patch(project, mergePatch, { ifMatch, source, message, sessionId = session, signal } = {}) {
      const query = { sessionId, source, message };
      return (await write("PATCH", project, at(project), { ifMatch, query, body: mergePatch, mediaType: MERGE_PATCH, signal })).body as never;
    },
    remove: async (project, { ifMatch, sessionId = session, signal }) => versionOf(await write("DELETE", project, at(project), { ifMatch, query: { sessionId }, signal })),
    history: (project, { sessionId = session, signal, ...page } = {}) => requests.json("GET", at(project, "/versions"), { query: { sessionId, ...page }, signal }),
    nameVersion: (project, version, name, { sessionId = session, signal } = {}) => requests.json("PATCH", at(project, `/versions/${version}`), { query: { sessionId }, body: { name }, signal }),
    async deleteVersion(project, version, { sessionId = session, signal } = {}) {
      await requests.send("DELETE", at(project, `/versions/${version}`), { query: { sessionId }, signal });
    },
    version: (project, version, { sessionId = session, signal } = {}) => loaded("GET", at(project, `/versions/${version}`), { query: { sessionId }, signal }),
    diff: (project, from, to, { sessionId = session, signal } = {}) => requests.json("GET", at(project, `/versions/${from}/diff/${to}`), { query: { sessionId }, signal }),
    async restore(project, version, { ifMatch, message, sessionId = session, signal }) {
      return (await write("POST", project, at(project, `/versions/${version}/restore`), { ifMatch, query: { sessionId, message }, signal })).body as never;
    },
    async undoVersion(project, version, { ifMatch, message, sessionId = session, signal } = {}) {
      return (await write("POST", project, at(project, `/versions/${version}/undo`), { ifMatch, query: { sessionId, message }, signal })).body as never;
    },
  };
}

function projectCalls<Config extends object>(requests: Requests, environment: Environment, changed: Changed, known: Known): Omit<ProjectCalls<Config>, "unsaved"> {
  const creating = new Map<string, Promise<Project<Config>>>();

  /** The client generates the id, so that a retry or a double click creates only one project, with the first call's signal. */
  function create(project: NewProject<Config> | ProjectCopy, options?: Abortable): Promise<Project<Config>> {
    const asked = JSON.stringify(project);
    const created = creating.get(asked) ?? requests.json<Project<Config>>("POST", "/projects", { ...options, body: { id: environment.id(), ...project } });
    creating.set(asked, created);
    const forget = () => creating.delete(asked);
    created.then(forget, forget);
    return created;
  }

  return {
    list: ({ signal, ...query } = {}) => requests.json("GET", "/projects", { query, signal }),
    deleted: ({ signal, ...page } = {}) => requests.json("GET", "/projects", { query: { scope: "deleted", ...page }, signal }),
    create,
    get: (project, options) => known(project, requests.json("GET", pathOf(project), options)),
    update: (project, patch, { ifMatch, signal }) => requests.json("PATCH", pathOf(project), { headers: { "If-Match": tag(ifMatch) }, body: patch, mediaType: MERGE_PATCH, signal }),
    async remove(project, options) {
      await requests.send("DELETE", pathOf(project), options);
      await changed(project);
    },
    async restore(project, options) {
      const restored = await requests.json<Project<Config>>("POST", pathOf(project, "/restore"), options);
      await changed(project);
      return restored;
    },
  };
}
