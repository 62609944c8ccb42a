/**
 * Keeps a connection while something is followed on a visible page.
 *
 * A connection ends with its user's token and after two hours. Well before that, another one is opened with a new token, and
 * takes its place once it follows the same. Failures are repeated with exponential back-off and full jitter.
 */

import type { Parts } from "./calls.js";
import { DashkeepError } from "./errors.js";
import { openConnection, type Announcement, type Connection, type Versions } from "./live_connection.js";
import type { LiveEnvironment } from "./live_environment.js";
import { claimOf, failure } from "./transport.js";

export interface LinkEvents {
  /** Whether no connection is to be opened now. */
  isIdle(): boolean;
  /** Return the addresses to follow, as a user names them. */
  wanted(user: string): readonly string[];
  /** Return over how many milliseconds all who follow the same should do what they do at the same time. */
  spread(): number;
  answered(versions: readonly Versions[], left: readonly string[]): void;
  announced(announcement: Announcement): void;
  /** `state` may have changed. */
  changed(): void;
}

export interface Link {
  /** `live`: the server announces all that is followed; `asking`: it does not, or not all; `connecting`: not known yet. */
  readonly state: "connecting" | "live" | "asking";
  readonly isOpen: boolean;
  /** Connect if need be, and follow what is wanted now. */
  proceed(): void;
  /** The page is shown: find out whether the connection is dead. */
  check(): void;
  /** The network is back: do not wait for the next attempt. */
  hurry(): void;
  /** Follow, if possible, what could not be followed. */
  retry(): void;
  /** Disconnect. */
  drop(): void;
}

/** A connection, and for how many milliseconds it is announced to. */
interface Ticket {
  readonly url: string;
  readonly user: string;
  readonly life: number;
}

/** A connection that is in use, or about to be. */
interface Held {
  readonly connection: Connection;
  /** Another one should take its place. */
  isOld: boolean;
  /** It has lasted, so the failures before it are over. */
  isProven: boolean;
  close(): void;
}

/** Milliseconds that a ticket is good for, so its end says what time it is on the server. */
const TICKET = 60_000;
const SHORTEST_LIFE = 10_000;
const LONGEST_LIFE = 7_200_000;
/** Milliseconds within which the first attempt is repeated, and the longest; twice as many from one to the next. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 300_000;
/** Milliseconds before another attempt, at least, where the API has no connection to give. */
const REFUSED_WAIT = 120_000;

export function keepConnected({ environment, transport }: Pick<Parts, "environment" | "transport">, page: LiveEnvironment, events: LinkEvents): Link {
  let current: Held | null = null;
  /** Gives up the attempt under way. */
  let giveUp: (() => void) | null = null;
  /** Ends the wait before the next attempt. */
  let stopWaiting: (() => void) | null = null;
  let failures = 0;

  const longest = (failed: number) => Math.min(FIRST_WAIT * 2 ** failed, LONGEST_WAIT);

  function proceed(): void {
    if (events.isIdle()) return;
    current?.connection.follow();
    if (!giveUp && !stopWaiting && (!current || current.isOld)) void connect();
  }

  async function connect(): Promise<void> {
    const attempt = new AbortController();
    giveUp = () => attempt.abort();
    try {
      const ticket = await request(attempt.signal);
      if (attempt.signal.aborted) return;
      giveUp = null;
      // Otherwise, it is requested again once it is needed.
      if (!events.isIdle()) open(ticket);
    } catch (error) {
      if (attempt.signal.aborted) return;
      giveUp = null;
      if (!(error instanceof DashkeepError)) throw error;
      failed(error);
    }
  }

  async function request(signal: AbortSignal): Promise<Ticket> {
    // The application may have a token that is about to end, like that of the connection to be replaced.
    const token = await transport.token(current !== null);
    const { user } = token;
    const { body } = await transport.send("POST", "/live", { token, user, signal });
    const { url, expiresAt } = (body ?? {}) as { url?: string; expiresAt?: string };
    const now = Date.parse(expiresAt ?? "") - TICKET;
    if (!url || Number.isNaN(now)) throw failure("unreadable");
    // If the token was rejected, the request was repeated with a new one.
    const lives = [token, transport.last ?? token].map(({ text }) => Number(claimOf(text, "exp")) * 1_000 - now).filter((life) => life > 0);
    return { url, user, life: Math.max(SHORTEST_LIFE, Math.min(LONGEST_LIFE, ...lives)) };
  }

  function open({ url, user, life }: Ticket): void {
    const timers = [environment.after(life * (0.7 + 0.2 * environment.random()), age), environment.after(life, ended)];
    const connection = openConnection(url, environment, page, {
      wanted: () => events.wanted(user),
      answered(versions, left) {
        if (isForeign()) return ended();
        if (current !== held) take();
        events.answered(versions, left);
        events.changed();
      },
      announced: (announcement) => (isForeign() ? ended() : events.announced(announcement)),
      ended,
    });
    const held: Held = { connection, isOld: false, isProven: false, close };
    giveUp = close;

    /** Whether somebody else has signed in since. */
    function isForeign(): boolean {
      return transport.last?.user !== user;
    }

    function take(): void {
      current?.close();
      current = held;
      giveUp = null;
      timers.push(environment.after(longest(failures), prove));
    }

    function prove(): void {
      held.isProven = true;
      failures = 0;
    }

    function age(): void {
      held.isOld = true;
      proceed();
    }

    function close(): void {
      for (const stop of timers) stop();
      connection.close();
    }

    function ended(): void {
      close();
      if (current === held) lost(held);
      else {
        giveUp = null;
        failed(null);
      }
    }
  }

  function failed(error: DashkeepError | null): void {
    failures += 1;
    const least = error && !error.isTemporary ? REFUSED_WAIT : 0;
    wait(Math.max(least, (error?.retryAfter ?? 0) * 1_000), failures - 1);
  }

  function lost({ isProven }: Held): void {
    current = null;
    // The next one is on its way.
    if (giveUp || stopWaiting) events.changed();
    else if (isProven) wait(0, 0);
    else failed(null);
  }

  /** Wait for `least` milliseconds and then, at random, for as long as suits the failures before and the number of followers. */
  function wait(least: number, failed: number): void {
    stopWaiting?.();
    stopWaiting = environment.after(least + environment.random() * Math.max(longest(failed), events.spread()), () => {
      stopWaiting = null;
      proceed();
    });
    events.changed();
  }

  return {
    get state() {
      const isComplete = current ? current.connection.isComplete() : failures ? false : null;
      return isComplete ? "live" : isComplete === false ? "asking" : "connecting";
    },
    get isOpen() {
      return current !== null;
    },
    proceed,
    check() {
      current?.connection.ping();
      proceed();
    },
    hurry() {
      if (stopWaiting) {
        failures = 0;
        wait(0, 0);
      }
      current?.connection.ping();
    },
    retry: () => current?.connection.retry(),
    drop() {
      giveUp?.();
      current?.close();
      giveUp = current = null;
    },
  };
}
