/** The client's errors, whose messages can be shown to users. */

import type { Json } from "./json.js";
import { tokensOf } from "./pointer.js";

/** The client's own codes and their messages; every other code comes from a problem of the server (RFC 9457). */
export const messages = {
  /** There was no response: the network is down, or the server is unreachable. */
  network: "The server cannot be reached.",
  /** There was no response within the time limit. */
  timeout: "The server did not respond.",
  /** The response does not come from this API, such as a sign-in page, or its body is truncated. */
  unreadable: "The response is not from the server.",
  /** `getToken` failed. */
  token: "You could not be signed in.",
  /** `getToken` returned no token. */
  "signed-out": "You are signed out. Sign in to load and save.",
  /** The server rejected the user's token and a refreshed one. */
  unauthorized: "Your session has ended. Sign in again to load and save.",
  /** The token belongs to a different user from the one who opened the document. */
  "user-changed": "Someone else has signed in. Unsaved edits stay in this browser for the user who made them.",
  /** An edit contains a value that JSON cannot represent. */
  "not-json": "The change cannot be saved.",
  /** A store's `partialize`, `merge` or `migrate` failed. */
  store: "This page cannot read the dashboard. Saved data is unchanged.",
  /** The document is closed. */
  closed: "The dashboard was closed.",
} as const;

export type ClientCode = keyof typeof messages;

/** What ends a document's access: no role, or no project any more, and a role that is too small. */
export const DENIED: readonly string[] = ["not-found", "forbidden"];
export const GONE = "The dashboard was deleted, or is no longer shared with you.";
export const KEPT = " Unsaved edits stay in this browser.";

/** One invalid value of a document. */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
}

/** The members of a problem (RFC 9457) that the client reads. */
export interface Problem {
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly [member: string]: unknown;
}

/** A request or an edit that failed; `message` says what is wrong and where. */
export class DashkeepError extends Error {
  override readonly name: string = "DashkeepError";

  constructor(
    /** The HTTP status; 0 if there was no usable response. */
    readonly status: number,
    readonly code: ClientCode | (string & {}),
    readonly problem: Problem | null = null,
    /** Seconds to wait before the next attempt, if the server sent `Retry-After`. */
    readonly retryAfter?: number,
    options?: ErrorOptions,
  ) {
    super(messageOf(status, problem), options);
  }

  /** Whether the same request may succeed later. */
  get isTemporary(): boolean {
    const { code, status } = this;
    return ["network", "timeout", "unreadable", "token", "signed-out"].includes(code) || [401, 408, 429].includes(status) || status >= 500;
  }
}

/** Another save came first (412). */
export class ConflictError extends DashkeepError {
  override readonly name = "ConflictError";

  get currentVersion(): number {
    return Number(this.problem?.["currentVersion"]);
  }

  /** The newest config; null if it was deleted. */
  get current(): Json {
    return (this.problem?.["current"] ?? null) as Json;
  }

  get updatedAt(): string | null {
    return (this.problem?.["updatedAt"] ?? null) as string | null;
  }

  /** The id, within the project, of the person who saved the newest config; null if it is not known. */
  get updatedBy(): string | null {
    return (this.problem?.["updatedBy"] as { id: string | null } | undefined)?.id ?? null;
  }

  /** JSON pointers to the values that both sides changed; undefined if the server no longer has the common base. */
  get conflicts(): readonly string[] | undefined {
    return this.problem?.["conflicts"] as readonly string[] | undefined;
  }
}

function messageOf(status: number, problem: Problem | null): string {
  const detail = problem?.detail ?? `The server responded with status ${status}.`;
  const errors = Array.isArray(problem?.errors) ? problem.errors : [];
  return [detail, ...errors.map(inWords)].join(" ");
}

function inWords({ pointer, message }: FieldError): string {
  const place = placeInWords(pointer);
  return place ? `${place}: ${message}` : message;
}

/** Describe a place in a config, `chart “c1”, position/x`, or in another document, `name`. */
export function placeInWords(pointer: string): string {
  if (!pointer.startsWith("/chartCustomizations/")) return pointer.replace("/", "");
  const [, name, ...rest] = tokensOf(pointer);
  return [`chart “${name}”`, rest.join("/")].filter(Boolean).join(", ");
}

/** Read a problem from a response's body; null if it is something else. */
export function problemOf(body: unknown): Problem | null {
  const type = (body as { type?: unknown } | null)?.type;
  return typeof type === "string" ? (body as Problem) : null;
}
