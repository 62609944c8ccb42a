/**
 * One WebSocket of the API. It names what it follows, one message at a time, because two could overtake each other; it pings
 * so that it is not closed as idle, and it ends if an answer is missing.
 */

import type { Environment } from "./environment.js";
import { problemOf } from "./errors.js";
import type { LiveEnvironment } from "./live_environment.js";

/** The newest versions of a project, named by its address; the data's are `<upload>.<analysis>`. */
export interface Versions {
  readonly project: string;
  readonly configVersion: number;
  readonly dataVersion: string;
}

/** What the server says of a project: that it was saved, or that access to it has ended. */
export interface Announcement extends Versions {
  readonly updatedBy?: { readonly id: string };
  /** Milliseconds over which all who follow the project should ask. */
  readonly spreadMs: number;
  readonly gone?: true;
}

export interface ConnectionEvents {
  /** Return the addresses to follow. */
  wanted(): readonly string[];
  /** The server has said what is followed, and what may not be read or is not there. */
  answered(versions: readonly Versions[], left: readonly string[]): void;
  announced(announcement: Announcement): void;
  /** It was closed, could not be opened, or is dead; not called after `close`. */
  ended(): void;
}

export interface Connection {
  /** Follow what is wanted now. */
  follow(): void;
  /** Ask again for what is wanted and not followed, because it has too many followers or there are too many projects. */
  retry(): void;
  /** Whether all that is wanted is followed; null while that is not known. */
  isComplete(): boolean | null;
  /** Find out whether the connection is dead. */
  ping(): void;
  close(): void;
}

/** The most addresses that fit into a frame of 32 KB, beyond which API Gateway closes, if all are as long as can be. */
const MOST = 65;
/** Milliseconds until an answer is missing. */
const PATIENCE = 10_000;
/** Milliseconds without a message before a ping: API Gateway closes after ten minutes. */
const IDLE = 540_000;

export function openConnection(url: string, environment: Pick<Environment, "after" | "random">, page: LiveEnvironment, events: ConnectionEvents): Connection {
  let isOpen = false;
  let isOver = false;
  /** The most projects that the connection may follow; fewer once the server has said so. */
  let most = MOST;
  /** What the last message named; null before the first. */
  let asked: readonly string[] | null = null;
  let isAnswered = false;
  let followed: readonly string[] = [];
  let stopPinging = () => {};
  /** The answers that are awaited: of the handshake or a message, and of a ping. */
  let stopWaiting = environment.after(PATIENCE, end);
  let stopWaitingForPong: (() => void) | null = null;

  const socket = page.connect(url, {
    opened() {
      isOpen = true;
      isAnswered = true;
      follow();
    },
    heard,
    closed: end,
  });

  function send(message: object): void {
    socket.send(JSON.stringify(message));
    rest();
  }

  /** A message was sent or has arrived. */
  function rest(): void {
    stopPinging();
    stopPinging = environment.after(IDLE - environment.random() * 60_000, ping);
  }

  const named = () => events.wanted().slice(0, most);

  function follow(): void {
    if (!isOpen || isOver || !isAnswered) return;
    const projects = named();
    if (asked && String(asked) === String(projects)) return;
    asked = projects;
    isAnswered = false;
    stopWaiting();
    stopWaiting = environment.after(PATIENCE, end);
    send({ action: "follow", projects });
  }

  function ping(): void {
    if (!isOpen || isOver || stopWaitingForPong) return;
    stopWaitingForPong = environment.after(PATIENCE, end);
    send({ action: "ping" });
  }

  function heard(text: string): void {
    if (isOver) return;
    stopWaitingForPong?.();
    stopWaitingForPong = null;
    rest();
    const message = parsed(text);
    if (typeof message["project"] === "string") events.announced(message as unknown as Announcement);
    else if (Array.isArray(message["projects"])) answered(message as unknown as { projects: Versions[]; full?: string[] });
    else if (problemOf(message)) refused(Number(message["limit"]));
  }

  function answered({ projects, full = [] }: { projects: readonly Versions[]; full?: readonly string[] }): void {
    if (isAnswered) return;
    isAnswered = true;
    stopWaiting();
    const found = projects.map(({ project }) => project);
    followed = found.filter((each) => !full.includes(each));
    events.answered(projects, (asked as readonly string[]).filter((each) => ![...found, ...full].includes(each)));
    follow();
  }

  /** The connection follows what it did: name fewer projects if these were too many, or else give it up. */
  function refused(limit: number): void {
    if (isAnswered) return;
    if (!(limit < (asked as readonly string[]).length)) return end();
    most = limit;
    isAnswered = true;
    follow();
  }

  function end(): void {
    if (isOver) return;
    close();
    events.ended();
  }

  function close(): void {
    isOver = true;
    for (const stop of [stopWaiting, stopPinging, stopWaitingForPong]) stop?.();
    socket.close();
  }

  function retry(): void {
    if (!isAnswered || isComplete()) return;
    asked = null;
    follow();
  }

  function isComplete(): boolean | null {
    if (events.wanted().every((each) => followed.includes(each))) return asked !== null;
    return isAnswered && String(asked) === String(named()) ? false : null;
  }

  return { follow, retry, isComplete, ping, close };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
