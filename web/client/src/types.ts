/** The client's public types. */

import type { DashkeepError, FieldError } from "./errors.js";

/** A dashboard. `currentTheme` and `dashboardFilters` are older names of `theme` and `filters`. */
export interface DashboardConfig {
  chartCustomizations: { [id: string]: { [member: string]: unknown } };
  currentLayout?: object | string | null;
  filters?: { [member: string]: unknown }[] | null;
  theme?: object | string | null;
  extensions?: { [name: string]: unknown };
  currentTheme?: object | string | null;
  dashboardFilters?: { [member: string]: unknown }[] | null;
}

export type Source = "user" | "autosave" | "ai" | "localStorage" | "import";

/**
 * The status of a document.
 *
 * - `loading`: the server has not answered yet; a copy from this browser may be shown.
 * - `clean`: what is shown equals what the server has at `version`.
 * - `corrected`: what is shown differs only by corrections; they are saved with the next edit.
 * - `dirty`: there are edits that the server has not acknowledged.
 * - `saving`: a save is in flight.
 * - `offline`: the server cannot be reached; the client retries.
 * - `failed`: `error` says what is wrong, and whether the client retries.
 * - `conflict`: someone else changed the same values; `resolve` decides.
 */
export type Status = "loading" | "clean" | "corrected" | "dirty" | "saving" | "offline" | "failed" | "conflict";

/** The two sides of a conflict. */
export type Side = "mine" | "theirs";

/** The source of the config shown: the server, or a copy in this browser that the server has not confirmed yet. */
export type Origin = "network" | "cache";

export interface Conflict<Config extends object = DashboardConfig> {
  readonly mine: Config | null;
  readonly theirs: Config | null;
  readonly base: Config | null;
  /** JSON pointers to all values that both sides changed; `valueOf(document, pointer, [theirs, base])` returns them. */
  readonly conflicts: readonly string[];
  readonly currentVersion: number;
  /** When `theirs` was saved. */
  readonly updatedAt: string | null;
  /** Who saved `theirs`: a member's id within the project; null if it is not known. */
  readonly updatedBy: string | null;
}

export interface DocumentState<Config extends object = DashboardConfig> {
  readonly status: Status;
  /** The config shown, frozen; null if none is loaded or saved. */
  readonly config: Config | null;
  /** The server's version that the edits are based on; 0 before the first save. */
  readonly version: number;
  readonly updatedAt: string | null;
  /** Who saved `version`: a member's id within the project; null if it is not known. */
  readonly updatedBy: string | null;
  /** Null until there is something to show. */
  readonly origin: Origin | null;
  /** Whether there are edits that the server has not acknowledged. */
  readonly isDirty: boolean;
  /** Whether every edit is in the server's history or durable in this browser. */
  readonly isKept: boolean;
  /** The time of this page's last save, in milliseconds since 1970. */
  readonly lastSavedAt: number | null;
  readonly error: DashkeepError | null;
  readonly conflict: Conflict<Config> | null;
  readonly autosave: boolean;
  /** Whether there is an edit of this tab to undo, and an undone one to redo. */
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** The parts of an older version's copy in this browser that could not be moved to the server. */
  readonly notMoved: readonly FieldError[];
}

/** A dashboard that an application edits. */
export interface DashboardDocument<Config extends object = DashboardConfig> {
  readonly state: DocumentState<Config>;
  /** Call a listener on every change of `state`; returns a function to stop. */
  subscribe(listener: (state: DocumentState<Config>) => void): () => void;
  /** Load the config, and take over the unsaved edits of closed pages. Rejects with a DashkeepError. */
  load(): Promise<DocumentState<Config>>;
  /** Ask the server for a newer version. Rejects with a DashkeepError. */
  refresh(): Promise<DocumentState<Config>>;
  /**
   * Change the config shown; the edit is stored in this browser at once and saved later.
   *
   * Throws a DashkeepError with the code `not-json`, and changes nothing, if JSON cannot represent a value.
   */
  edit(change: Config | ((config: Config) => Config)): void;
  /** Change the config shown without a user's edit: the correction is saved with the next edit, never on its own. */
  correct(change: Config | ((config: Config) => Config)): void;
  /** Save the edits. Resolves when the server has accepted them; rejects with a DashkeepError. */
  save(options?: Abortable & { message?: string }): Promise<DocumentState<Config>>;
  /** Turn automatic saving on or off. */
  setAutosave(on: boolean): void;
  /**
   * Resolve a conflict: everywhere for one side, with a config, or place by place with a function, which is called with
   * each of the conflict's pointers. Both sides' undisputed changes are kept, and both values stay in history.
   */
  resolve(choice: Side | Config | ((pointer: string) => Side)): Promise<DocumentState<Config>>;
  /** Revert the edits that the server has not acknowledged. */
  discard(): void;
  /**
   * Undo the last edit of this tab, also of an earlier page in it: a new edit that leaves what others have changed since.
   * Does nothing if there is no edit to undo. Rejects with a DashkeepError if the module for it cannot be loaded.
   */
  undo(): Promise<void>;
  /** Redo the edit that was last undone, as `undo` does. */
  redo(): Promise<void>;
  /** Restore a version from history as the newest one; unsaved edits are saved as a version first. */
  restore(version: number, options?: { message?: string }): Promise<DocumentState<Config>>;
  /**
   * Take back what one version changed and keep what was saved since, as a new version; unsaved edits are saved as a
   * version first. If it is taken back already, nothing changes. Rejects with a ConflictError if the same was changed again
   * since, and with the code `not-found` if the server no longer has the version or the one before it.
   */
  undoVersion(version: number, options?: { message?: string }): Promise<DocumentState<Config>>;
  /**
   * Stop; unsaved edits stay in this browser. Every other method then throws a DashkeepError with the code `closed`, or
   * rejects with it. Other openings of the document are not affected.
   */
  close(): void;
}

export interface OpenOptions<Config extends object = DashboardConfig> {
  /** Open the draft of a session instead of the project's config. */
  sessionId?: string;
  /** Whether edits are saved automatically. Default: true. */
  autosave?: boolean;
  /** Milliseconds between the last edit and the automatic save. Default: 1,500. */
  autosaveDelay?: number;
  /** The config shown before anything is loaded; only the parts that are edited are saved. */
  initial?: Config;
  /** What the application has loaded already, for example on a server: it is shown at once, and always revalidated. */
  loaded?: Loaded<Config> | undefined;
  /**
   * Where older versions of the application stored the config in `localStorage`: the keys by member, a function that
   * reads the config, or `null` for nowhere. The old copy is moved to the server once, if nothing has been saved before,
   * and stays in place. Default: `chartCustomizations`, `currentLayout`, `currentTheme`, `dashboardFilters`.
   */
  legacyKeys?: Readonly<Record<string, string>> | ((storage: Storage) => unknown) | null;
  /** Whether the old copy belongs to this project. Default: it belongs to the first project without a saved config. */
  ownsLegacy?: boolean;
}

export interface Loaded<Config extends object = DashboardConfig> {
  readonly config: Config | null;
  readonly version: number;
  readonly updatedAt: string | null;
  /** Who saved it: a member's id within the project; null if it is not known. */
  readonly updatedBy?: string | null;
}

export interface Saved<Config extends object = DashboardConfig> {
  readonly success: true;
  readonly version: number;
  readonly updatedAt: string | null;
  readonly merged?: true;
  /** Set if this save had already been accepted; `currentVersion` may be newer. */
  readonly replayed?: true;
  readonly currentVersion?: number;
  /** Present only if the save was merged. */
  readonly config?: Config | null;
  /** Pointers to what the merge moved down in `config` so that nothing overlaps; absent if it moved nothing. */
  readonly adjusted?: readonly string[];
}

export interface Abortable {
  /** Ends the call, which then rejects with the signal's reason; what the server has received may still take effect. */
  signal?: AbortSignal;
}

export interface SaveOptions extends Abortable {
  /** The version that this save replaces, or `"*"` for whichever is newest. */
  ifMatch?: number | "*";
  /** Save only if nothing has been saved before. */
  create?: boolean;
  /** Merge with everything saved since `ifMatch`. */
  merge?: boolean;
  source?: Source;
  message?: string;
  sessionId?: string;
}

export interface VersionSummary {
  readonly version: number;
  readonly updatedAt: string;
  readonly source: Source;
  readonly message?: string;
  /** What `nameVersion` called it. */
  readonly name?: string;
  readonly forced?: true;
  readonly merged?: true;
  readonly restoredFrom?: number;
  readonly undoOf?: number;
  readonly deleted?: true;
  /** The project's owner has removed the content, for good. */
  readonly removed?: true;
  /** Who saved it: a member's id within the project. */
  readonly updatedBy?: { readonly id: string };
  readonly chartCount: number;
  readonly bytes: number;
}

export interface History {
  readonly versions: readonly VersionSummary[];
  readonly nextCursor: string | null;
  readonly retentionDays: number;
}

export interface Diff {
  /** RFC 6902. */
  readonly operations: readonly { readonly op: string; readonly path: string; readonly from?: string; readonly value?: unknown }[];
  readonly charts: { readonly added: readonly string[]; readonly removed: readonly string[]; readonly changed: readonly string[] };
}

export interface CallOptions extends Abortable {
  sessionId?: string;
}

/** The calls for a config; `project` is a project's id or its address, `<owner>~<id>`. */
export interface ConfigCalls<Config extends object = DashboardConfig> {
  load(project: string, options?: CallOptions): Promise<Loaded<Config>>;
  save(project: string, config: Config, options: SaveOptions): Promise<Saved<Config>>;
  /** Apply a merge patch (RFC 7396). */
  patch(project: string, mergePatch: object, options?: CallOptions & { ifMatch?: number; source?: Source; message?: string }): Promise<Loaded<Config>>;
  /** Delete the config; returns the version that records the deletion. */
  remove(project: string, options: CallOptions & { ifMatch: number | "*" }): Promise<number>;
  history(project: string, options?: CallOptions & { limit?: number; cursor?: string }): Promise<History>;
  version(project: string, version: number, options?: CallOptions): Promise<Loaded<Config>>;
  /** Name a version in history, in 1 to 100 characters; null takes the name off. A name keeps no version longer. */
  nameVersion(project: string, version: number, name: string | null, options?: CallOptions): Promise<VersionSummary>;
  /** Remove the content of a version from history for good, as the project's owner; history still lists it. */
  deleteVersion(project: string, version: number, options?: CallOptions): Promise<void>;
  diff(project: string, from: number, to: number, options?: CallOptions): Promise<Diff>;
  restore(project: string, version: number, options: CallOptions & { ifMatch: number | "*"; message?: string | undefined }): Promise<Saved<Config>>;
  /** Take back what a version changed, and keep what was saved since; with `ifMatch`, only while that version is the newest. */
  undoVersion(project: string, version: number, options?: CallOptions & { ifMatch?: number; message?: string | undefined }): Promise<Saved<Config>>;
}

export interface ProjectSummary<Config extends object = DashboardConfig> {
  readonly id: string;
  /** `<owner>~<id>`, unique among all users. */
  readonly address: string;
  readonly name: string;
  readonly description: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly dashboardConfig: { readonly version: number; readonly updatedAt: string; readonly chartCount: number; readonly config?: Config | null } | null;
  readonly data: { readonly version: number; readonly fileName: string; readonly rowCount: number; readonly columnCount: number; readonly hasAnalysis: boolean; readonly updatedAt: string } | null;
}

/** A project of the user's that `restore` brings back until then. */
export interface DeletedProject extends ProjectSummary<never> {
  readonly deletedAt: string;
  readonly restorableUntil: string;
}

export interface ProjectSettings {
  fileInfo?: { [name: string]: unknown };
  tags?: string[];
}

/** What a user may do: viewers see what is newest, editors also change it and see history, the owner may do everything. */
export type Role = "viewer" | "editor" | "owner";

export interface Project<Config extends object = DashboardConfig> extends ProjectSummary<Config> {
  readonly settings: ProjectSettings;
  /** The user's own. */
  readonly role: Role;
}

export interface NewProject<Config extends object = DashboardConfig> {
  /** Default: a generated id, which retries reuse. */
  id?: string;
  name: string;
  description?: string;
  settings?: ProjectSettings & { dashboardConfig?: Config };
}

/** A copy of a project that the user may read: its newest config and table; what is not given is as there. */
export interface ProjectCopy extends Partial<Omit<NewProject, "settings">> {
  /** The project's address, or the id of one of the user's own. */
  copyOf: string;
  settings?: ProjectSettings;
}

export interface ProjectCalls<Config extends object = DashboardConfig> {
  list(options?: Abortable & { limit?: number; cursor?: string }): Promise<{ readonly projects: readonly ProjectSummary<Config>[]; readonly nextCursor: string | null }>;
  /** The user's own projects that can be restored, the last deleted first; at most 100. */
  deleted(options?: Abortable & { limit?: number; cursor?: string }): Promise<{ readonly projects: readonly DeletedProject[]; readonly nextCursor: string | null }>;
  create(project: NewProject<Config> | ProjectCopy, options?: Abortable): Promise<Project<Config>>;
  get(project: string, options?: Abortable): Promise<Project<Config>>;
  /** Apply a merge patch (RFC 7396). */
  update(project: string, patch: { name?: string; description?: string | null; settings?: object | null }, options: Abortable & { ifMatch: number }): Promise<Project<Config>>;
  remove(project: string, options?: Abortable): Promise<void>;
  restore(project: string, options?: Abortable): Promise<Project<Config>>;
  /**
   * The addresses of the user's projects, drafts included, that have edits in this browser that the server has not
   * acknowledged. Empty if the browser has no storage.
   */
  unsaved(options?: Abortable): Promise<readonly string[]>;
}

export type Row = { readonly [column: string]: string | number | boolean | null };
export type ColumnType = "number" | "integer" | "boolean" | "date" | "datetime" | "string";

/**
 * How the texts of a column are read: for `number` and `integer` the decimal and the group separator, for `date` and
 * `datetime` a Unicode pattern such as `dd.MM.yyyy` (UTS 35), for `boolean` the two words.
 */
export type ColumnFormat = { readonly decimal?: "," | "."; readonly group?: string; readonly decimals?: number } | { readonly true: string; readonly false: string } | string;

export interface ColumnReading {
  readonly type: ColumnType;
  readonly format?: ColumnFormat;
}

/** What kept a column from another type: the first cell that did not fit, and the readings that fit all of its cells. */
export interface ColumnNote {
  readonly column: string;
  /** 1 is the first row below the header. */
  readonly row: number;
  /** The cell's text, shortened. */
  readonly cell: string;
  readonly message: string;
  /** Each can be passed to `saveSchema` as it is. */
  readonly readings: readonly ColumnReading[];
}

/** How a CSV file was read; a delimiter of null means one column. */
export interface Dialect {
  readonly delimiter: string | null;
  readonly encoding: "utf-8" | "utf-16le" | "utf-16be";
}

export interface DataSchema {
  readonly fileName: string;
  readonly rowCount: number;
  readonly columnCount: number;
  readonly columnNames: readonly string[];
  readonly columnTypes: { readonly [column: string]: ColumnType };
  readonly columnFormats?: { readonly [column: string]: ColumnFormat };
  readonly dialect?: Dialect;
  readonly notes?: readonly ColumnNote[];
}

export interface Dataset {
  readonly rawData?: readonly Row[] | null;
  readonly analysis?: object | null;
  readonly chartCustomizations?: DashboardConfig["chartCustomizations"];
  readonly dataSchema?: DataSchema | null;
  readonly version: number;
  readonly analysisVersion: number;
  readonly configVersion: number;
  readonly updatedAt: string | null;
}

export interface NewDataset {
  fileName: string;
  rawData: readonly Row[];
  dataSchema?: { columnNames?: readonly string[]; columnTypes?: { readonly [column: string]: ColumnType } };
  analysis?: object;
  chartCustomizations?: DashboardConfig["chartCustomizations"];
}

export interface SavedDataset {
  readonly success: true;
  readonly version: number;
  readonly dataSchema: DataSchema;
  readonly updatedAt: string;
  readonly chartCustomizations?: "kept";
}

export interface DataVersions {
  readonly versions: readonly { readonly version: number; readonly fileName: string; readonly updatedAt: string }[];
}

export interface TableProgress {
  /** `sending`: the file goes to the bucket; `reading`: the server reads it, large ones in the background. */
  readonly stage: "sending" | "reading";
  /** Names the upload to `completeUpload`. */
  readonly uploadId: string;
  /** The bytes that the browser has sent; 0 until the file is sent if the application has a `fetch` of its own. */
  readonly bytesSent: number;
  /** The bytes that the server has read; 0 while the file is sent. */
  readonly bytesRead: number;
  readonly bytes: number;
}

export interface TableOptions extends Abortable {
  /** The version that the table replaces; default: whichever is newest. */
  ifMatch?: number | string;
  /**
   * Called at the beginning of each stage, at most ten times a second while the file is sent, and about once a second while
   * the server reads in the background.
   */
  onProgress?(progress: TableProgress): void;
}

export interface CompletionOptions extends TableOptions {
  dataSchema?: NewDataset["dataSchema"];
  analysis?: object;
  /** The character between the cells of a CSV file; default: inferred. */
  delimiter?: string;
}

/** The first and the last row of a page, counted from 0; the server returns at most 10,000 rows, and fewer if they do not fit. */
export type RowRange = readonly [first: number, last: number];

export interface DataCalls {
  /** Load the table; with `rows`, only these and the schema. */
  load(project: string, options?: Abortable & { include?: readonly ("rawData" | "analysis" | "chartCustomizations" | "dataSchema")[]; rows?: RowRange }): Promise<Dataset>;
  upload(project: string, table: NewDataset, options?: Abortable & { ifMatch?: number | string }): Promise<SavedDataset>;
  /** Upload a CSV or JSON file directly to the bucket, and make it the project's table. */
  uploadFile(project: string, file: Blob & { readonly name: string }, options?: CompletionOptions): Promise<SavedDataset>;
  /**
   * Make a file that is already in the bucket the project's table: again after a failure, with another `delimiter` for
   * example, or to wait for an upload that the server still reads.
   */
  completeUpload(project: string, uploadId: string, options?: CompletionOptions): Promise<SavedDataset>;
  versions(project: string, options?: Abortable): Promise<DataVersions>;
  version(project: string, version: number, options?: Abortable & { rows?: RowRange }): Promise<Dataset>;
  /**
   * Download the table as CSV: each cell as the text that was uploaded, whatever types the columns have.
   *
   * `safe` puts `'` before each text that a spreadsheet would take for a formula.
   */
  csv(project: string, options?: Abortable & { version?: number; safe?: boolean }): Promise<Blob>;
  saveAnalysis(project: string, analysis: object, options: Abortable & { ifMatch: number | string }): Promise<{ readonly analysisVersion: number }>;
  /** Rename columns, or read their texts differently; the texts and the analysis stay. `ifMatch` is the data's version. */
  saveSchema(project: string, columns: { readonly [column: string]: Partial<ColumnReading> & { readonly name?: string } }, options: TableOptions & { ifMatch: number | string }): Promise<SavedDataset>;
}

export interface DashboardClient<Config extends object = DashboardConfig> extends ConfigCalls<Config> {
  readonly projects: ProjectCalls<Config>;
  readonly data: DataCalls;
  /** The calls for a session's draft. */
  drafts(sessionId: string): ConfigCalls<Config>;
  limits(options?: Abortable): Promise<{ readonly [name: string]: number }>;
  /** The user's feature flags. Ask once per page: in the minute after a change, two answers may differ. */
  flags(options?: Abortable): Promise<{ readonly [name: string]: boolean }>;
  /**
   * Open a config for editing. Nothing is requested before `load`.
   *
   * Openings of the same project and session share one document with the options of the first; it stops when the last of
   * them is closed.
   */
  open(project: string, options?: OpenOptions<Config>): DashboardDocument<Config>;
}
