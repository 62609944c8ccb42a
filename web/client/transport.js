/**
 * Requests to the API: authorised, retried if that is safe, and failing with the server's error.
 */

/** An unsuccessful response; `code` is the problem's code, or `network` if there was no response. */
export class DashkeepError extends Error {
  /**
   * @param {number} status 0 if there was no response
   * @param {string} code
   * @param {any} problem the body of the response (RFC 9457), or null
   * @param {number} [retryAfter] seconds
   */
  constructor(status, code, problem, retryAfter) {
    super(problem?.detail ?? (status ? `The server responded with status ${status}.` : "The server cannot be reached."));
    this.name = "DashkeepError";
    this.status = status;
    this.code = code;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later: the failure is temporary. */
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Another save came first (412). */
export class ConflictError extends DashkeepError {
  get currentVersion() {
    return this.problem.currentVersion;
  }

  /** The newest document. */
  get current() {
    return this.problem.current ?? null;
  }

  /** JSON pointers to what both sides changed; undefined if the server no longer has a common base. */
  get conflicts() {
    return this.problem.conflicts;
  }
}

const ATTEMPTS = 4;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;

/**
 * Return the wait before the next attempt in milliseconds: exponential back-off with full jitter, so that clients that
 * failed together do not retry together, on top of `Retry-After`.
 *
 * @param {number} attempt from 0
 * @param {number | undefined} retryAfter seconds
 * @param {() => number} random
 */
export function waitBefore(attempt, retryAfter, random) {
  const bound = Math.min(FIRST_WAIT * 2 ** attempt, LONGEST_WAIT);
  return (retryAfter ?? 0) * 1000 + random() * bound;
}

/**
 * @param {{
 *   baseUrl: string,
 *   getToken: (options?: { refresh: boolean }) => string | Promise<string>,
 *   fetch: typeof globalThis.fetch,
 *   environment: import("./environment.js").Environment,
 * }} options
 */
export function createTransport({ baseUrl, getToken, fetch, environment }) {
  const root = baseUrl.replace(/\/+$/, "");

  /**
   * @param {string} method
   * @param {string} path below /api
   * @param {{ query?: Record<string, string | number | undefined>, headers?: Record<string, string | undefined>,
   *   body?: unknown, mediaType?: string, signal?: AbortSignal, attempts?: number }} [options]
   */
  async function send(method, path, options = {}) {
    const attempts = options.attempts ?? ATTEMPTS;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await once(method, path, options);
      } catch (error) {
        const isLast = attempt + 1 >= attempts || !(error instanceof DashkeepError) || !error.isPassing;
        // A 500 is a defect that the next attempt would hit again.
        if (isLast || error.status === 500) throw error;
        await environment.wait(waitBefore(attempt, error.retryAfter, environment.random), options.signal);
      }
    }
  }

  /** @type {(method: string, path: string, options: any) => Promise<Response>} */
  async function once(method, path, options) {
    const answer = await signed(method, path, options, false);
    // The token may have just expired: retry with a fresh one.
    const decided = answer.status === 401 ? await signed(method, path, options, true) : answer;
    if (decided.ok || decided.status === 304) return decided;
    throw await failure(decided);
  }

  /** @type {(method: string, path: string, options: any, refresh: boolean) => Promise<Response>} */
  async function signed(method, path, { query, headers, body, mediaType, signal }, refresh) {
    const token = await getToken({ refresh });
    /** @type {Record<string, string>} */
    const sent = { Authorization: `Bearer ${token}`, ...defined(headers) };
    if (body !== undefined) sent["Content-Type"] = mediaType ?? "application/json";
    const request = { method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body), signal };
    return reach(() => fetch(address(path, query), request), signal);
  }

  /** @type {(path: string, query?: Record<string, string | number | undefined>) => string} */
  function address(path, query) {
    const text = new URLSearchParams(defined(query)).toString();
    return `${root}/api${path}${text && `?${text}`}`;
  }

  return {
    send,
    /** @type {(...of: Parameters<typeof send>) => Promise<any>} */
    async json(...of) {
      return (await send(...of)).json();
    },
    root,
    getToken,
  };
}

/**
 * Send a request. A network failure becomes a `network` error; an abort by the caller stays an AbortError.
 *
 * @template T
 * @param {() => Promise<T>} ask
 * @param {AbortSignal} [signal]
 */
export async function reach(ask, signal) {
  try {
    return await ask();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new DashkeepError(0, "network", null);
  }
}

/** @param {Response} answer */
async function failure(answer) {
  const problem = await answer.json().catch(() => null);
  const code = problem?.type?.replace("urn:problem:", "") ?? `http-${answer.status}`;
  const seconds = Number(answer.headers.get("Retry-After") ?? Number.NaN);
  const Kind = answer.status === 412 ? ConflictError : DashkeepError;
  return new Kind(answer.status, code, problem, Number.isFinite(seconds) ? seconds : undefined);
}

/**
 * @param {Record<string, string | number | undefined>} [given]
 * @returns {Record<string, string>}
 */
function defined(given = {}) {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}
