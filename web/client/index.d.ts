/** The Dashkeep client: methods for the API, and documents that an application edits. */

import type { Environment } from "./environment.js";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A dashboard. `currentTheme` and `dashboardFilters` are older names of `theme` and `filters`. */
export interface DashboardConfig {
  chartCustomizations: Record<string, Record<string, any>>;
  currentLayout?: any;
  filters?: any[];
  theme?: any;
  extensions?: Record<string, any>;
  currentTheme?: any;
  dashboardFilters?: any[];
}

export type Origin = "network" | "cache" | "offline";
export type Source = "user" | "autosave" | "ai" | "localStorage" | "import";

export interface ClientOptions {
  /** The base URL of the API, without `/api`. */
  baseUrl: string;
  /** Returns the user's token. Called again with `refresh: true` if the server rejects the token. */
  getToken: (options?: { refresh: boolean }) => string | Promise<string>;
  /** Stores the last known config and unsaved edits. Default: `localStorage`; `null` disables storage. */
  storage?: Storage | null;
  fetch?: typeof globalThis.fetch;
  environment?: Environment;
}

/** A loaded config; `origin` says where it came from. */
export interface Loaded {
  config: DashboardConfig | null;
  version: number;
  updatedAt: string | null;
  origin: Origin;
}

export interface Saved {
  success: true;
  version: number;
  updatedAt: string | null;
  merged?: true;
  /** Only if the save was merged. */
  config?: DashboardConfig | null;
}

export interface SaveOptions {
  /** The version that this save replaces, or `"*"` for the newest. */
  ifMatch?: number | "*";
  /** Save only if nothing has been saved before. */
  create?: boolean;
  /** Merge with everything saved since `ifMatch`. */
  merge?: boolean;
  source?: Source;
  message?: string;
  sessionId?: string;
  attempts?: number;
  signal?: AbortSignal;
}

export interface ConfigCalls {
  load(projectId: string, options?: { sessionId?: string; signal?: AbortSignal; fresh?: boolean }): Promise<Loaded>;
  save(projectId: string, config: DashboardConfig, options: SaveOptions): Promise<Saved>;
  patch(
    projectId: string,
    mergePatch: object,
    options?: { ifMatch?: number; source?: Source; message?: string; sessionId?: string; signal?: AbortSignal },
  ): Promise<Loaded>;
  remove(projectId: string, options: { ifMatch: number | "*"; sessionId?: string }): Promise<number>;
  history(projectId: string, options?: { limit?: number; cursor?: string; sessionId?: string }): Promise<any>;
  version(projectId: string, version: number, options?: { sessionId?: string }): Promise<any>;
  diff(projectId: string, from: number, to: number, options?: { sessionId?: string }): Promise<any>;
  restore(
    projectId: string,
    version: number,
    options: { ifMatch: number | "*"; message?: string; sessionId?: string },
  ): Promise<Saved>;
}

export interface DashboardClient extends ConfigCalls {
  projects: {
    list(options?: { limit?: number; cursor?: string }): Promise<any>;
    create(project: { id?: string; name: string; description?: string; settings?: any }): Promise<any>;
    get(id: string): Promise<any>;
    update(id: string, patch: object, options: { ifMatch: number | string }): Promise<any>;
    remove(id: string): Promise<void>;
    restore(id: string): Promise<any>;
  };
  data: {
    load(projectId: string, options?: { include?: string[] }): Promise<any>;
    upload(projectId: string, table: object, options?: { ifMatch?: number | string }): Promise<any>;
    uploadFile(
      projectId: string,
      file: Blob & { name: string },
      options?: { dataSchema?: any; analysis?: any; ifMatch?: number | string },
    ): Promise<any>;
    versions(projectId: string): Promise<any>;
    version(projectId: string, version: number): Promise<any>;
    saveAnalysis(projectId: string, analysis: object, options: { ifMatch: string | number }): Promise<any>;
  };
  /** The config methods for a session draft. */
  drafts(sessionId: string): ConfigCalls;
  limits(): Promise<Record<string, number>>;
  flags(): Promise<Record<string, boolean>>;
  open(projectId: string, options?: OpenOptions): DashboardDocument;
}

export interface OpenOptions {
  sessionId?: string;
  autosave?: boolean;
  /** Milliseconds between the last edit and the automatic save. */
  autosaveDelay?: number;
  /**
   * Where older versions of the application stored the config in `storage`: the keys by member, or a function that
   * reads it; `null` for nowhere. The old copy is moved to the server once, if nothing has been saved before, and stays
   * in place.
   */
  legacyKeys?: Record<string, string> | ((storage: Storage) => DashboardConfig | null) | null;
}

export interface Conflict {
  mine: DashboardConfig | null;
  theirs: DashboardConfig | null;
  base: DashboardConfig | null;
  /** JSON pointers to what both sides changed; `[""]` if the places are unknown. `valueOf` resolves them. */
  conflicts: string[];
  currentVersion: number;
}

export interface DocumentState {
  readonly status: "loading" | "clean" | "dirty" | "saving" | "offline" | "failed" | "conflict";
  readonly config: DashboardConfig | null;
  readonly version: number;
  readonly updatedAt: string | null;
  readonly origin: Origin | null;
  readonly isDirty: boolean;
  /** The time of this page's last save, in milliseconds since 1970. */
  readonly lastSavedAt: number | null;
  readonly error: DashkeepError | null;
  readonly conflict: Readonly<Conflict> | null;
  readonly autosave: boolean;
}

/** A dashboard that an application edits. */
export interface DashboardDocument {
  readonly state: DocumentState;
  subscribe(listener: (state: DocumentState) => void): () => void;
  load(): Promise<DocumentState>;
  refresh(): Promise<DocumentState>;
  edit(change: DashboardConfig | ((config: DashboardConfig) => DashboardConfig)): void;
  save(options?: { message?: string }): Promise<DocumentState>;
  setAutosave(on: boolean): void;
  resolve(choice: "mine" | "theirs" | DashboardConfig): Promise<DocumentState>;
  discard(): void;
  restore(version: number): Promise<DocumentState>;
  close(): void;
}

export function createDashboardClient(options: ClientOptions): DashboardClient;

/** Return the value at a conflict's pointer in `mine`, `theirs` or `base`; undefined if there is no such value. */
export function valueOf(document: any, pointer: string, named: readonly any[]): any;

export class DashkeepError extends Error {
  constructor(status: number, code: string, problem: any, retryAfter?: number);
  /** The HTTP status; 0 if there was no response. */
  readonly status: number;
  /** The problem's code; `network` if there was no response. */
  readonly code: string;
  readonly problem: any;
  readonly retryAfter: number | undefined;
  readonly isPassing: boolean;
}

export class ConflictError extends DashkeepError {
  readonly currentVersion: number;
  readonly current: any;
  readonly conflicts: string[] | undefined;
}
