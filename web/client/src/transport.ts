/** Requests to the API: authorised, with a time limit, and rejected with the server's error. */

import { ConflictError, DashkeepError, messages, problemOf, type ClientCode } from "./errors.js";

/** How a request is made: until when, and how its response is read. */
interface ResponseOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the request times out; default: the client's. */
  readonly timeout?: number;
  /** Reads a response; default: `answerOf`. */
  readonly read?: (response: Response) => Promise<Answer>;
  /** Makes the request unless the application has a `fetch` of its own; default: the browser's. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/** A user's token and its `sub` claim (RFC 7519), which separates users in this browser; the server verifies the token. */
export interface Token {
  readonly text: string;
  readonly user: string;
}

export type GetToken = (options?: { refresh: boolean }) => string | null | undefined | Promise<string | null | undefined>;

export interface RequestOptions extends ResponseOptions {
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly mediaType?: string;
  /** Whether the browser completes the request after the page is closed. */
  readonly keepalive?: boolean;
  /** A token that was requested for this request. */
  readonly token?: Token | null | undefined;
  /** The only user whose token may be sent with the request. */
  readonly user?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body; empty for a 204 or 304. */
  readonly text: string;
  /** The parsed body; null if it is not JSON. */
  readonly body: unknown;
}

export interface Transport {
  readonly root: string;
  /** The last token, for a page that is being closed and cannot wait for a new one. */
  readonly last: Token | null;
  /** Request a token; concurrent requests share one. Rejects with the code `token` or `signed-out`. */
  token(refresh?: boolean): Promise<Token>;
  /** Send a request without retries. Rejects with a DashkeepError, or with the signal's reason. */
  send(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  /** Fetch any URL within the time limit, and read the whole response. */
  fetch(url: string, request: RequestInit, options?: ResponseOptions): Promise<Answer>;
}

export interface TransportOptions {
  readonly baseUrl: string;
  readonly getToken: GetToken;
  readonly userClaim?: string;
  readonly fetch?: typeof globalThis.fetch;
  /** Milliseconds until a request times out. */
  readonly timeout?: number;
}

const TIMEOUT = 30_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;

/**
 * Return the milliseconds to wait before the next attempt: `Retry-After` plus exponential back-off with full jitter, so
 * that clients that failed together do not retry together.
 */
export function waitBefore(attempt: number, retryAfter: number | undefined, random: () => number): number {
  return (retryAfter ?? 0) * 1000 + random() * Math.min(FIRST_WAIT * 2 ** attempt, LONGEST_WAIT);
}

export function createTransport(options: TransportOptions): Transport {
  const { baseUrl, getToken, userClaim = "sub", fetch: own, timeout: limit = TIMEOUT } = options;
  const root = baseUrl.replace(/\/+$/, "");
  let last: Token | null = null;
  let requested: Promise<Token> | null = null;

  async function token(refresh = false): Promise<Token> {
    requested ??= request(refresh).finally(() => (requested = null));
    return (last = await requested);
  }

  async function request(refresh: boolean): Promise<Token> {
    try {
      const text = await inTime(limit, undefined, async () => getToken({ refresh }));
      if (!text) throw failure("signed-out");
      return { text, user: claimOf(text, userClaim) };
    } catch (cause) {
      throw cause instanceof DashkeepError && cause.code === "signed-out" ? cause : failure("token", { cause });
    }
  }

  async function send(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    let answer = await once(method, path, options, options.token ?? (await token()));
    // The token may have just expired, so try once more with a new one.
    if (answer.status === 401 && !options.keepalive) answer = await once(method, path, options, await token(true));
    if (answer.status === 401) throw failure("unauthorized", undefined, 401);
    return accepted(answer);
  }

  async function once(method: string, path: string, { query, headers, body, mediaType = "application/json", keepalive = false, user, ...rest }: RequestOptions, { text, user: owner }: Token): Promise<Answer> {
    if (user !== undefined && owner !== user) throw failure("user-changed");
    const content = body === undefined ? null : JSON.stringify(body);
    const sent = defined({ Authorization: `Bearer ${text}`, "Content-Type": content ? mediaType : undefined, ...headers });
    // The browser's cache keeps one answer for each address, and would confirm another user's if the versions are equal.
    return load(urlOf(root, path, query), { method, headers: sent, keepalive, body: content, cache: "no-store" }, rest);
  }

  async function load(url: string, request: RequestInit, { signal, timeout = limit, read = answerOf, fetch = globalThis.fetch }: ResponseOptions = {}): Promise<Answer> {
    let status = 0;
    try {
      return await inTime(timeout, signal, async (ended) => {
        const response = await (own ?? fetch)(url, { ...request, signal: ended });
        ({ status } = response);
        return read(response);
      });
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw failure((cause as Error).name === "TimeoutError" ? "timeout" : status ? "unreadable" : "network", { cause });
    }
  }

  return {
    root,
    get last() {
      return last;
    },
    token,
    send,
    fetch: load,
  };
}

/** Read a response of the API, whose body is JSON. */
export async function answerOf(response: Response): Promise<Answer> {
  const { status, headers, ok } = response;
  const text = await response.text();
  const isJson = text && (ok || headers.get("Content-Type")?.includes("json"));
  return { status, headers, text, body: isJson ? JSON.parse(text) : null };
}

/** Return an answer, unless it says that the request was rejected. */
export function accepted(answer: Answer): Answer {
  const { status, body, headers } = answer;
  if (status < 400) return answer;
  throw rejection(status, body, Number(headers.get("Retry-After")) || undefined);
}

/** The error of a status and a body that say that a request was rejected. */
export function rejection(status: number, body: unknown, retryAfter?: number): DashkeepError {
  const problem = problemOf(body);
  const code = problem ? String(problem["type"]).replace("urn:problem:", "") : `http-${status}`;
  return new (status === 412 && problem ? ConflictError : DashkeepError)(status, code, problem, retryAfter);
}

/** Run `work` until it finishes, the signal aborts or the time limit expires, even if `work` ignores the signal. */
export async function inTime<T>(timeout: number, signal: AbortSignal | undefined, work: (ended: AbortSignal) => Promise<T>): Promise<T> {
  const limit = Number.isFinite(timeout) ? AbortSignal.timeout(timeout) : undefined;
  const ended = AbortSignal.any([signal, limit].filter(Boolean) as AbortSignal[]);
  ended.throwIfAborted();
  return Promise.race([work(ended), new Promise<never>((_, reject) => ended.addEventListener("abort", () => reject(ended.reason)))]);
}

export function urlOf(root: string, path: string, query: RequestOptions["query"]): string {
  const search = new URLSearchParams(defined(query)).toString();
  return `${root}/api${path}${search && `?${search}`}`;
}

/** The path of a project, named by its id or its address. */
export function pathOf(project: string, rest = ""): string {
  return `/projects/${encodeURIComponent(project)}${rest}`;
}

/** Return a project's address; users may name their own projects by id alone. */
export function addressOf(project: string, user: string): string {
  if (project.includes("~")) return project;
  const owner = btoa(String.fromCharCode(...new TextEncoder().encode(user)));
  return `${owner.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}~${project}`;
}

/** Return the value of a precondition: a version in quotes; an entity tag or `*` unchanged. */
export function tag(version: number | string | undefined): string | undefined {
  return typeof version === "number" ? `"${version}"` : version;
}

/** Read the version of a response from its body, or else from its entity tag, which proxies may have altered. */
export function versionOf({ body, headers }: Answer): number {
  const version = (body as { version?: unknown } | null)?.version ?? /^\s*(?:W\/)?"(\d+)/.exec(headers.get("ETag") ?? "")?.[1];
  if (version === undefined) throw failure("unreadable");
  return Number(version);
}

export function failure(code: ClientCode, options?: ErrorOptions, status = 0): DashkeepError {
  return new DashkeepError(status, code, { detail: messages[code] }, undefined, options);
}

/** Wait for a module that is loaded when it is first needed; rejects with the code `network`, and the next call tries again. */
export async function required<T>(module: Promise<T>): Promise<T> {
  return inTime(TIMEOUT, undefined, () => module).catch((cause: unknown) => {
    throw failure("network", { cause });
  });
}

/** Read a claim of a token; empty if the token is not a JWT. */
export function claimOf(token: string, name: string): string {
  try {
    const text = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
    return String((JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>)[name]);
  } catch {
    return "";
  }
}

function defined(given: Readonly<Record<string, string | number | undefined>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Record<string, string>;
}
