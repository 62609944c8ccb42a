/**
 * A React hook: a component shows a dashboard and edits it.
 *
 * A dashboard is opened when its component is mounted, never while it renders, so a server opens nothing.
 */

import { useMemo, useSyncExternalStore } from "react";

import { toJson } from "./json.js";
import { delegates } from "./opening.js";
import { failure } from "./transport.js";
import type { DashboardClient, DashboardConfig, DashboardDocument, DocumentState, OpenOptions } from "./types.js";

const METHODS = ["edit", "correct", "discard", "setAutosave", "save", "resolve", "restore", "undoVersion", "refresh", "undo", "redo"] as const;

/** A document's state and its methods, which keep their identity while the dashboard is the same. */
export interface Dashboard<Config extends object = DashboardConfig>
  extends DocumentState<Config>,
    Pick<DashboardDocument<Config>, (typeof METHODS)[number]> {}

/**
 * Open a dashboard while the component is mounted; components that use the same one share its document.
 *
 * `address` is a project's id or address, or null for no dashboard yet. Another client, address or `sessionId` opens another
 * dashboard; the other options apply as they were when it was opened. Pass `loaded` to render on a server.
 *
 * The methods fail with the code `closed` before the component is mounted and after it is unmounted.
 */
export function useDashboard<Config extends object = DashboardConfig>(
  client: DashboardClient<Config>,
  address: string | null,
  options: OpenOptions<Config> = {},
): Dashboard<Config> {
  const { sessionId } = options;
  // Not the options: callers write them inline, as a new object for each render.
  const { subscribe, current, methods } = useMemo(() => sourceOf(client, address, options), [client, address, sessionId]);
  const state = useSyncExternalStore(subscribe, current, current);
  return useMemo(() => ({ ...state, ...methods }), [state, methods]);
}

/** A dashboard as one component uses it. Creating it has no effects, because React may discard what it renders. */
function sourceOf<Config extends object>(client: DashboardClient<Config>, address: string | null, options: OpenOptions<Config>) {
  const { loaded } = options;
  // Frozen once, so that the document shows the same object.
  const opening = loaded ? { ...options, loaded: { ...loaded, config: toJson(loaded.config) as unknown as Config | null } } : options;
  const before = stateBefore(opening);
  let document: DashboardDocument<Config> | null = null;
  let isOpen = false;
  let isMounted = false;

  function subscribe(listener: () => void): () => void {
    if (address === null) return () => {};
    if (!isOpen || !document) document = open(address);
    isMounted = true;
    const stop = document.subscribe(listener);
    return () => {
      stop();
      isMounted = false;
      // Strict mode mounts again at once, and so may another component with the same dashboard: keep it open for them.
      queueMicrotask(close);
    };
  }

  function open(project: string): DashboardDocument<Config> {
    isOpen = true;
    const made = client.open(project, opening);
    // Another component may have loaded it already. The state reports a failure.
    if (made.state.status === "loading") made.load().catch(() => {});
    return made;
  }

  function close(): void {
    if (isMounted || !isOpen) return;
    isOpen = false;
    document?.close();
  }

  function opened(): DashboardDocument<Config> {
    if (!document) throw failure("closed");
    return document;
  }

  return { subscribe, current: () => document?.state ?? before, methods: delegates(METHODS, opened) };
}

/** The state before a dashboard is opened: on a server, and in the browser's first render, which must show the same. */
function stateBefore<Config extends object>({ loaded, autosave = true }: OpenOptions<Config>): DocumentState<Config> {
  return Object.freeze({
    status: "loading",
    config: loaded?.config ?? null,
    version: loaded?.version ?? 0,
    updatedAt: loaded?.updatedAt ?? null,
    updatedBy: loaded?.updatedBy ?? null,
    origin: loaded ? "cache" : null,
    isDirty: false,
    isKept: true,
    canUndo: false,
    canRedo: false,
    lastSavedAt: null,
    error: null,
    conflict: null,
    autosave,
    notMoved: [],
  });
}
