/**
 * Following projects: another device shows a save within a second. An entry of its own: pages that nobody else changes need
 * nothing of it.
 *
 * The server announces versions, never content; who follows asks for it, with the version that they have. Announcements may
 * be lost, doubled, late or out of order, so only a higher version counts, and everything is asked for once more when a
 * connection begins, when the page is shown, when the network is back, and every five minutes.
 */

import type { InternalClient } from "./calls.js";
import type { Announcement, Versions } from "./live_connection.js";
import { browserLiveEnvironment, type LiveEnvironment } from "./live_environment.js";
import { keepConnected } from "./live_link.js";
import type { Key } from "./storage.js";
import { addressOf, failure } from "./transport.js";
import type { DashboardClient } from "./types.js";

export type { LiveEnvironment, Socket, SocketEvents } from "./live_environment.js";

/**
 * Whether changes arrive at once.
 *
 * - `idle`: nothing is followed, or the page is hidden.
 * - `connecting`: it is not known yet.
 * - `live`: the server announces every change of all that is followed.
 * - `asking`: it does not, or not of all: there is no connection, or a project has too many followers. Changes arrive when the
 *   page is shown, when the network is back, and every five minutes.
 */
export type LiveState = "idle" | "connecting" | "live" | "asking";

/** What is known of a project that has changed, or may have: the versions are null if only asking can say. */
export interface News {
  /** The project's address. */
  readonly project: string;
  readonly configVersion: number | null;
  /** `<upload>.<analysis>`, as in the entity tag of the table: its `version` and `analysisVersion`. */
  readonly dataVersion: string | null;
  /** Who saved the config: a member's id within the project; null if that is not known, or if only the table has changed. */
  readonly updatedBy: string | null;
}

export interface Following {
  /**
   * Called when it is time to ask for what is shown besides documents: at once if something is known to be there when
   * following begins, then for every version that is newer, and with null for versions that are not known. Not called for what
   * a document of this page has saved.
   */
  changed?(news: News): void;
  /** Called once, when access has ended or there is no such project; it is followed no more. */
  gone?(): void;
  /**
   * Whether the client's open documents of the project ask for newer versions by themselves. Default: true. With false, which
   * holds unless another one follows it too, the application calls `refresh` when it suits the user, who may be dragging a chart.
   */
  readonly documents?: boolean;
}

/** A client's connection, which all that follow a project share. */
export interface LiveConnection {
  readonly state: LiveState;
  /** Call a listener on every change of `state`; returns a function to stop. */
  subscribe(listener: (state: LiveState) => void): () => void;
  /**
   * Follow a project, named by its id or its address: the client's open documents of it ask for every newer version. Returns
   * a function to stop. It connects only while a page is visible, and does nothing on a server that renders one.
   */
  follow(project: string, following?: Following): () => void;
  /** Disconnect for good, and stop all that was followed. */
  close(): void;
}

export interface LiveOptions {
  /** What is not given is the browser's. */
  environment?: Partial<LiveEnvironment>;
}

/** One that follows a project, and the versions that they know of. */
interface Follower {
  readonly following: Following;
  config: number;
  data: string;
}

/** A project as it is named by those who follow it, and the newest versions heard of. */
interface Project {
  readonly name: string;
  readonly followers: Set<Follower>;
  /** Whose the address is: another user's project may have the same id. */
  address: string;
  config: number;
  data: string;
  updatedBy: string | null;
  /** Milliseconds over which all who follow it should ask; 0 until the server has said how many these are. */
  spread: number;
  /** Ends the wait before asking; null if there is nothing to ask for. */
  stopWaiting: (() => void) | null;
}

/** What a project without a config and a table has. */
const NOTHING = { config: 0, data: "0.0" };
const UNKNOWN = { configVersion: null, dataVersion: null, updatedBy: null };
/** Milliseconds between two questions of a visible page, at most; tenths of it are random, so that pages ask one by one. */
const BETWEEN_QUESTIONS = 300_000;
/** Milliseconds until a page that is shown asks: `focus` and `visibilitychange` come together. */
const SHOWN = 100;
/** Milliseconds over which the pages of an office ask when its network is back, or a project is gone. */
const TOGETHER = 1_000;
/** Milliseconds until the connection is closed, if the page stays hidden, or nothing is followed again. */
const HIDDEN = 60_000;
const UNUSED = 5_000;

const connections = new WeakMap<object, LiveConnection>();

/** Return the client's connection; it costs nothing until something is followed. The first call's options count. */
export function live<Config extends object>(client: DashboardClient<Config>, options: LiveOptions = {}): LiveConnection {
  const known = connections.get(client);
  if (known) return known;
  const made = connectionOf(client as InternalClient<Config>, options, () => connections.delete(client));
  connections.set(client, made);
  return made;
}

function connectionOf<Config extends object>({ parts }: InternalClient<Config>, options: LiveOptions, closed: () => void): LiveConnection {
  const { environment, transport, tabs, keyOf } = parts;
  const page = { ...browserLiveEnvironment(), ...options.environment };
  const projects = new Map<string, Project>();
  const listeners = new Set<(state: LiveState) => void>();
  let state: LiveState = "idle";
  let isHidden = false;
  let isClosed = false;
  /** What stops listening to the page; empty while nothing is followed, and on a server. */
  let listening: (() => void)[] = [];
  /** Ends the wait before the next question. */
  let stopAsking = () => {};
  /** Ends the wait before the connection is closed. */
  let stopReleasing = () => {};

  const isIdle = () => isHidden || !listening.length;
  const link = keepConnected(parts, page, {
    isIdle,
    wanted: (user) => [...new Set([...projects.keys()].map((name) => addressOf(name, user)))],
    spread: () => Math.max(0, ...[...projects.values()].map(({ spread }) => spread)),
    answered(versions, left) {
      for (const each of versions) heard(each);
      for (const each of left) end(each);
    },
    announced: (announcement) => (announcement.gone ? end(announcement.project) : heard(announcement)),
    changed: publish,
  });

  return {
    get state() {
      return state;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    follow,
    close() {
      isClosed = true;
      closed();
      for (const project of [...projects.values()]) forget(project);
      stopReleasing();
      link.drop();
      publish();
    },
  };

  // --- what is followed ---

  function follow(name: string, following: Following = {}): () => void {
    if (isClosed) throw failure("closed");
    const project = projects.get(name) ?? { name, followers: new Set(), address: "", ...NOTHING, updatedBy: null, spread: 0, stopWaiting: null };
    const follower = { following, ...NOTHING };
    project.followers.add(follower);
    projects.set(name, project);
    if (environment.isPage()) begin();
    // Its other followers may have heard of versions that this one has not.
    if (project.address) askSoon(project);
    return () => {
      project.followers.delete(follower);
      if (!project.followers.size && projects.get(name) === project) forget(project);
    };
  }

  function begin(): void {
    if (!listening.length) {
      isHidden = page.isHidden();
      listening = [
        environment.listen("shown", shown),
        environment.listen("hidden", hidden),
        environment.listen("online", online),
        page.listen("back", shown),
        page.listen("left", left),
        tabs.hear(saved),
      ];
      if (!isHidden) askRegularly();
    }
    if (isHidden) release(HIDDEN);
    else stopReleasing();
    // Once for all that begins to be followed, or ends, at the same time.
    queueMicrotask(link.proceed);
    publish();
  }

  function forget(project: Project): void {
    projects.delete(project.name);
    project.stopWaiting?.();
    if (!projects.size && listening.length) {
      for (const stop of listening.splice(0)) stop();
      stopAsking();
      release(UNUSED);
    }
    queueMicrotask(link.proceed);
    publish();
  }

  function release(wait: number): void {
    stopReleasing();
    stopReleasing = environment.after(wait, () => {
      link.drop();
      publish();
    });
  }

  function publish(): void {
    const next = listening.length && (!isHidden || link.isOpen) ? link.state : "idle";
    if (next === state) return;
    state = next;
    for (const listener of [...listeners]) call(() => listener(next));
  }

  // --- the page ---

  function shown(): void {
    isHidden = false;
    stopReleasing();
    link.check();
    askAll(SHOWN, true);
    publish();
  }

  function hidden(): void {
    isHidden = true;
    stopAsking();
    release(HIDDEN);
    publish();
  }

  function left(): void {
    hidden();
    stopReleasing();
    link.drop();
    publish();
  }

  function online(): void {
    if (isHidden) return;
    link.hurry();
    askAll(environment.random() * TOGETHER);
  }

  // --- versions ---

  /** Return a project's address and the key of its documents; null if nobody is known to be signed in. */
  function placeOf(project: Project): { readonly address: string; readonly key: Key } | null {
    const user = transport.last?.user;
    if (user === undefined) return null;
    const address = addressOf(project.name, user);
    if (project.address !== address) {
      Object.assign(project, { address, ...NOTHING, updatedBy: null, spread: 0 });
      for (const follower of project.followers) Object.assign(follower, NOTHING);
    }
    return { address, key: keyOf(project.name, "", user) };
  }

  function at(address: string): Project[] {
    return [...projects.values()].filter((project) => placeOf(project)?.address === address);
  }

  /** A project has these versions; they may be older than what was heard before. */
  function heard({ project: address, configVersion, dataVersion, updatedBy, spreadMs }: Versions & Partial<Announcement>): void {
    for (const project of at(address)) {
      project.spread = spreadMs ?? project.spread;
      const [isSaved, isData] = [configVersion > project.config, isLater(dataVersion, project.data)];
      if (isSaved) {
        project.config = configVersion;
        project.updatedBy = updatedBy?.id ?? null;
      }
      if (isData) project.data = dataVersion;
      if (isSaved || isData) askSoon(project);
    }
  }

  /** A document of this page has saved a version, so nobody on this page needs to ask for it. */
  function saved(key: Key, version: number | null, isSaved?: boolean): void {
    if (!isSaved) return;
    for (const project of projects.values()) {
      if (String(placeOf(project)?.key) !== String(key)) continue;
      // A call that may have saved something knows no version.
      for (const each of [project, ...project.followers]) if (Number.isFinite(version)) each.config = Math.max(each.config, version as number);
    }
  }

  function end(address: string): void {
    const ended = at(address);
    const [first] = ended;
    if (!first) return;
    for (const project of ended) {
      forget(project);
      for (const { following } of project.followers) call(() => following.gone?.());
    }
    const { key } = placeOf(first) as { key: Key };
    // Documents find out by asking.
    if (ended.some(hasDocuments)) environment.after(environment.random() * Math.max(TOGETHER, first.spread), () => isHidden || tabs.report({ key, version: null }));
  }

  // --- asking ---

  /** Have what is known asked for at a random moment; what is heard meanwhile is asked for at the same moment. */
  function askSoon(project: Project): void {
    project.stopWaiting ??= environment.after(environment.random() * project.spread, () => {
      project.stopWaiting = null;
      ask(project, true);
    });
  }

  /** Have everything asked for, whatever is known, and from then on regularly; `isShown`: documents ask by themselves. */
  function askAll(wait: number, isShown = false): void {
    stopAsking();
    stopAsking = environment.after(wait, () => {
      link.retry();
      for (const project of [...projects.values()]) ask(project, false, isShown);
      askRegularly();
    });
  }

  function askRegularly(): void {
    askAll(BETWEEN_QUESTIONS * (1 - environment.random() / 10));
  }

  /** Have those ask who lack a known version, or else all of them. A hidden page asks once it is shown. */
  function ask(project: Project, isKnown: boolean, isShown = false): void {
    const place = placeOf(project);
    if (isHidden || !place) return;
    const { config, data, updatedBy } = project;
    // Documents that have the version do not ask for it.
    if (!isShown && hasDocuments(project)) tabs.report({ key: place.key, version: isKnown ? config : null });
    for (const follower of [...project.followers]) {
      const isSaved = config > follower.config;
      const isNew = isSaved || isLater(data, follower.data);
      Object.assign(follower, { config, data });
      const known = isKnown ? { configVersion: config, dataVersion: data, updatedBy: isSaved ? updatedBy : null } : UNKNOWN;
      if (project.followers.has(follower) && (isNew || !isKnown)) call(() => follower.following.changed?.({ project: place.address, ...known }));
    }
  }
}

/** Whether somebody who follows a project has its documents ask. */
function hasDocuments({ followers }: Project): boolean {
  return [...followers].some(({ following }) => following.documents !== false);
}

/** Whether a version of the data is later than another one. */
function isLater(one: string, other: string): boolean {
  const [[upload = 0, analysis = 0], [before = 0, analysisBefore = 0]] = [one, other].map((each) => String(each).split(".").map(Number)) as [number[], number[]];
  return upload > before || (upload === before && analysis > analysisBefore);
}

/** Call a listener of the application; what it throws is reported like any uncaught error, and stops nothing here. */
function call(listener: () => void): void {
  try {
    listener();
  } catch (cause) {
    void Promise.reject(cause);
  }
}
