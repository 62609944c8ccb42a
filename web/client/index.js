/**
 * The Dashkeep client: methods for the API, and documents that an application edits.
 */

import { createCache } from "./cache.js";
import { DashboardDocument } from "./document.js";
import { browserEnvironment } from "./environment.js";
import { createTransport, DashkeepError, reach } from "./transport.js";

export { valueOf } from "./conflict.js";
export { ConflictError, DashkeepError } from "./transport.js";

const FRESH = 5 * 60_000;
const TAB_KEY = "dashkeep:tab";

/** @type {typeof import("./index.js").createDashboardClient} */
export function createDashboardClient({ baseUrl, getToken, storage = browserStorage(), fetch = browserFetch, environment }) {
  const env = environment ?? browserEnvironment();
  const transport = createTransport({ baseUrl, getToken, fetch, environment: env });
  const tab = nameOfTab();
  const at = (/** @type {string} */ projectId, rest = "") => `/projects/${encodeURIComponent(projectId)}${rest}`;

  return {
    ...configCalls(),
    projects: projectCalls(),
    data: dataCalls(),
    drafts: (/** @type {string} */ sessionId) => configCalls(sessionId),
    limits: () => transport.json("GET", "/limits"),
    flags: () => transport.json("GET", "/flags"),
    open,
  };

  /** @param {string} [session] */
  function configCalls(session) {
    const config = (/** @type {string} */ projectId, rest = "") => at(projectId, `/config${rest}`);
    return { load, save, patch, remove, history, version, diff, restore };

    /** @type {(projectId: string, options?: any) => Promise<any>} */
    async function load(projectId, { sessionId = session, signal, fresh = false } = {}) {
      const cache = await cacheOf(projectId, sessionId);
      const known = cache.known();
      if (known && !fresh && env.now() - known.fetchedAt < FRESH) return shown(known, "cache");
      try {
        const headers = { "If-None-Match": known ? tag(known.version) : undefined };
        const answer = await transport.send("GET", config(projectId), { query: { sessionId }, headers, signal });
        const loaded = answer.status === 304 && known ? known : await answer.json();
        return shown(keep(cache, loaded), "network");
      } catch (error) {
        if (known && error instanceof DashkeepError && error.status === 0) return shown(known, "offline");
        throw error;
      }
    }

    /** @type {(projectId: string, config: any, options?: any) => Promise<any>} */
    async function save(projectId, document, { sessionId = session, ifMatch, create, source, message, merge, attempts, signal } = {}) {
      const saved = await transport.json("PUT", config(projectId), {
        query: { sessionId, source, message, onConflict: merge ? "merge" : undefined },
        headers: create ? { "If-None-Match": "*" } : { "If-Match": tag(ifMatch) },
        body: document,
        attempts,
        signal,
      });
      keep(await cacheOf(projectId, sessionId), { config: document, ...saved });
      return saved;
    }

    /** @type {(projectId: string, mergePatch: any, options?: any) => Promise<any>} */
    async function patch(projectId, mergePatch, { sessionId = session, ifMatch, source, message, signal } = {}) {
      const patched = await transport.json("PATCH", config(projectId), {
        query: { sessionId, source, message },
        headers: { "If-Match": tag(ifMatch) },
        body: mergePatch,
        mediaType: "application/merge-patch+json",
        signal,
      });
      return shown(keep(await cacheOf(projectId, sessionId), patched), "network");
    }

    /** @type {(projectId: string, options?: any) => Promise<number>} */
    async function remove(projectId, { sessionId = session, ifMatch } = {}) {
      const headers = { "If-Match": tag(ifMatch) };
      const answer = await transport.send("DELETE", config(projectId), { query: { sessionId }, headers });
      const version = Number(answer.headers.get("ETag")?.replaceAll('"', "") ?? 0);
      keep(await cacheOf(projectId, sessionId), { config: null, version, updatedAt: null });
      return version;
    }

    /** @type {(projectId: string, options?: any) => Promise<any>} */
    function history(projectId, { sessionId = session, limit, cursor } = {}) {
      return transport.json("GET", config(projectId, "/versions"), { query: { sessionId, limit, cursor } });
    }

    /** @type {(projectId: string, number: number, options?: any) => Promise<any>} */
    function version(projectId, number, { sessionId = session } = {}) {
      return transport.json("GET", config(projectId, `/versions/${number}`), { query: { sessionId } });
    }

    /** @type {(projectId: string, from: number, to: number, options?: any) => Promise<any>} */
    function diff(projectId, from, to, { sessionId = session } = {}) {
      return transport.json("GET", config(projectId, `/versions/${from}/diff/${to}`), { query: { sessionId } });
    }

    /** @type {(projectId: string, number: number, options?: any) => Promise<any>} */
    function restore(projectId, number, { sessionId = session, ifMatch, message } = {}) {
      const headers = { "If-Match": tag(ifMatch) };
      return transport.json("POST", config(projectId, `/versions/${number}/restore`), { query: { sessionId, message }, headers });
    }
  }

  function projectCalls() {
    return {
      list: ({ limit, cursor } = /** @type {any} */ ({})) => transport.json("GET", "/projects", { query: { limit, cursor } }),
      // The client generates the id, so that a repeated request cannot create a second project.
      create: (/** @type {any} */ project) =>
        transport.json("POST", "/projects", { body: { id: crypto.randomUUID(), ...project }, attempts: 1 }),
      async get(/** @type {string} */ id) {
        const answer = await transport.send("GET", at(id));
        return { ...(await answer.json()), etag: answer.headers.get("ETag") };
      },
      update: (/** @type {string} */ id, /** @type {any} */ patch, /** @type {any} */ { ifMatch }) =>
        transport.json("PATCH", at(id), {
          headers: { "If-Match": tag(ifMatch) },
          body: patch,
          mediaType: "application/merge-patch+json",
        }),
      remove: async (/** @type {string} */ id) => void (await transport.send("DELETE", at(id))),
      restore: (/** @type {string} */ id) => transport.json("POST", at(id, "/restore")),
    };
  }

  function dataCalls() {
    const data = (/** @type {string} */ projectId, rest = "") => at(projectId, `/data${rest}`);
    return { load, upload, uploadFile, versions, version, saveAnalysis };

    /** @type {(projectId: string, options?: any) => Promise<any>} */
    async function load(projectId, { include } = {}) {
      return withRows(await transport.json("GET", data(projectId), { query: { include: include?.join(",") } }));
    }

    /** @type {(projectId: string, table: any, options?: any) => Promise<any>} */
    function upload(projectId, table, { ifMatch } = {}) {
      return transport.json("POST", data(projectId), { headers: { "If-Match": tag(ifMatch) }, body: table });
    }

    /** @type {(projectId: string, file: any, options?: any) => Promise<any>} */
    async function uploadFile(projectId, file, { dataSchema, analysis, ifMatch } = {}) {
      const announced = await transport.json("POST", data(projectId, "/uploads"), {
        body: { fileName: file.name, contentType: mediaType(file.name), bytes: file.size },
      });
      const form = new FormData();
      for (const [name, value] of Object.entries(announced.fields)) form.append(name, String(value));
      form.append("file", file);
      const sent = await reach(() => fetch(announced.url, { method: "POST", body: form }));
      if (!sent.ok) throw new DashkeepError(sent.status, "upload-refused", { detail: "The storage rejected the file." });
      return transport.json("POST", data(projectId, `/uploads/${announced.uploadId}/complete`), {
        headers: { "If-Match": tag(ifMatch) },
        body: { dataSchema, analysis },
      });
    }

    /** @param {string} projectId */
    function versions(projectId) {
      return transport.json("GET", data(projectId, "/versions"));
    }

    /** @type {(projectId: string, number: number) => Promise<any>} */
    async function version(projectId, number) {
      return withRows(await transport.json("GET", data(projectId, `/versions/${number}`)));
    }

    /** @type {(projectId: string, analysis: any, options: any) => Promise<any>} */
    function saveAnalysis(projectId, analysis, { ifMatch }) {
      return transport.json("PUT", data(projectId, "/analysis"), { headers: { "If-Match": tag(ifMatch) }, body: { analysis } });
    }

    /** Fetch rows that did not fit into the response. @param {any} loaded */
    async function withRows({ rawDataUrl, ...loaded }) {
      if (!rawDataUrl) return loaded;
      const answer = await reach(() => fetch(rawDataUrl));
      if (!answer.ok) throw new DashkeepError(answer.status, "download-refused", null);
      return { ...loaded, rawData: await answer.json() };
    }
  }

  /** @type {(projectId: string, options?: any) => DashboardDocument} */
  function open(projectId, { sessionId, ...options } = {}) {
    const calls = configCalls(sessionId);
    return new DashboardDocument({
      ...options,
      calls: {
        load: (/** @type {any} */ more) => calls.load(projectId, more),
        save: (/** @type {any} */ config, /** @type {any} */ more) => calls.save(projectId, config, more),
        restore: (/** @type {number} */ number, /** @type {any} */ more) => calls.restore(projectId, number, more),
      },
      cache: cacheOf(projectId, sessionId),
      tab,
      environment: env,
      storage,
      name: [transport.root, projectId, sessionId ?? ""].join("|"),
    });
  }

  /** @type {(projectId: string, sessionId?: string) => Promise<ReturnType<typeof createCache>>} */
  async function cacheOf(projectId, sessionId) {
    const user = subject(await getToken({ refresh: false }));
    return createCache(storage, `${transport.root}|${user}`, [projectId, sessionId ?? ""].join("|"));
  }

  /** @type {(cache: ReturnType<typeof createCache>, loaded: any) => any} */
  function keep(cache, { config, version, updatedAt }) {
    const known = { config, version, updatedAt, fetchedAt: env.now() };
    cache.keepKnown(known);
    return known;
  }
}

/** @type {(known: any, origin: string) => any} */
function shown({ config, version, updatedAt }, origin) {
  return { config, version, updatedAt, origin };
}

/** @param {number | string | undefined} version */
function tag(version) {
  return version === undefined || version === "*" || String(version).startsWith('"') ? version : `"${version}"`;
}

/** Read a token's `sub` claim (RFC 7519) to separate users locally; the server verifies the token. @param {string} token */
function subject(token) {
  try {
    const text = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(text), (each) => each.charCodeAt(0)))).sub;
  } catch {
    return "";
  }
}

/** @param {string} name */
function mediaType(name) {
  if (/\.(ndjson|jsonl)$/i.test(name)) return "application/x-ndjson";
  return /\.json$/i.test(name) ? "application/json" : "text/csv";
}

function browserStorage() {
  return globalThis.localStorage ?? null;
}

/** @type {typeof globalThis.fetch} */
function browserFetch(...request) {
  return globalThis.fetch(...request);
}

/** Return a name for this tab that survives reloads. */
function nameOfTab() {
  const kept = globalThis.sessionStorage?.getItem(TAB_KEY);
  if (kept) return kept;
  const name = crypto.randomUUID();
  globalThis.sessionStorage?.setItem(TAB_KEY, name);
  return name;
}
