/** What the client hands out has the type that it should; compiled, and never run. */

import { expectTypeOf } from "expect-type";

import {
  ConflictError,
  createDashboardClient,
  DashkeepError,
  placeInWords,
  valueOf,
  type ClientCode,
  type ClientOptions,
  type ColumnFormat,
  type ColumnNote,
  type ColumnReading,
  type ColumnType,
  type Conflict,
  type DashboardClient,
  type DashboardConfig,
  type DashboardDocument,
  type DataSchema,
  type Dataset,
  type DeletedProject,
  type Diff,
  type DocumentState,
  type Environment,
  type FieldError,
  type History,
  type Loaded,
  type Origin,
  type Problem,
  type Project,
  type ProjectSummary,
  type Row,
  type Saved,
  type SavedDataset,
  type Side,
  type Status,
  type TableProgress,
  type VersionSummary,
} from "@dashkeep/client";

interface Typed extends DashboardConfig {
  chartCustomizations: { [id: string]: { title: string; axis?: { log: boolean } } };
  theme?: { id: "light" | "dark" };
}

const baseUrl = "https://api.example.com";
const client = createDashboardClient({ baseUrl, getToken: () => "token" });
const typed = createDashboardClient<Typed>({ baseUrl, getToken: () => "token" });

// A token may be a text, missing, or a promise of either.
createDashboardClient({ baseUrl, getToken: () => null });
createDashboardClient({ baseUrl, getToken: () => undefined });
createDashboardClient({ baseUrl, getToken: async () => "token" });
createDashboardClient({ baseUrl, getToken: async () => null });
createDashboardClient({ baseUrl, getToken: async () => undefined });
createDashboardClient({ baseUrl, getToken: (options) => (options?.refresh ? "new" : "token") });
createDashboardClient({ baseUrl, getToken: ({ refresh } = { refresh: false }) => String(refresh) });
// @ts-expect-error A number is no token.
createDashboardClient({ baseUrl, getToken: () => 7 });
// @ts-expect-error A client needs tokens.
createDashboardClient({ baseUrl });
// @ts-expect-error An option that does not exist is a mistake.
createDashboardClient({ baseUrl, getToken: () => "token", retries: 3 });

// The options take what a browser has.
createDashboardClient({ baseUrl, getToken: () => "token", storage: null, fetch: globalThis.fetch, timeout: 5_000 });
createDashboardClient({ baseUrl, getToken: () => "token", storage: globalThis.indexedDB });
expectTypeOf<ClientOptions["environment"]>().toEqualTypeOf<Environment | undefined>();

expectTypeOf(client).toEqualTypeOf<DashboardClient>();
expectTypeOf(client).toEqualTypeOf<DashboardClient<DashboardConfig>>();
expectTypeOf(typed).toEqualTypeOf<DashboardClient<Typed>>();

// A document.
const document = client.open("sales");
expectTypeOf(document).toEqualTypeOf<DashboardDocument>();
expectTypeOf(document.state).toEqualTypeOf<DocumentState>();
expectTypeOf(document.state.status).toEqualTypeOf<Status>();
expectTypeOf(document.state.origin).toEqualTypeOf<Origin | null>();
expectTypeOf(document.state.error).toEqualTypeOf<DashkeepError | null>();
expectTypeOf(document.state.conflict).toEqualTypeOf<Conflict | null>();
expectTypeOf(document.state.isKept).toEqualTypeOf<boolean>();
expectTypeOf(document.state.lastSavedAt).toEqualTypeOf<number | null>();
expectTypeOf(document.state.notMoved).toEqualTypeOf<readonly FieldError[]>();
expectTypeOf(document.subscribe).parameter(0).toEqualTypeOf<(state: DocumentState) => void>();
expectTypeOf(document.subscribe(() => {})).toEqualTypeOf<() => void>();
expectTypeOf(document.load()).toEqualTypeOf<Promise<DocumentState>>();
expectTypeOf(document.save({ message: "mine", signal: new AbortController().signal })).toEqualTypeOf<Promise<DocumentState>>();
expectTypeOf(document.restore(3, { message: "as before" })).toEqualTypeOf<Promise<DocumentState>>();
expectTypeOf(document.undoVersion(3, { message: "too loud" })).toEqualTypeOf<Promise<DocumentState>>();
expectTypeOf(document.edit({ chartCustomizations: {} })).toEqualTypeOf<void>();
document.edit((config) => ({ ...config, theme: { id: "dark" } }));
document.edit((config) => ({ ...config, filters: [{ id: "f", from: new Date() }] }));
void document.resolve("mine");
void document.resolve({ chartCustomizations: {} });
expectTypeOf(document.resolve).parameter(0).toEqualTypeOf<Side | DashboardConfig | ((pointer: string) => Side)>();
expectTypeOf(document.resolve((pointer) => (pointer === "/theme" ? "mine" : "theirs"))).toEqualTypeOf<Promise<DocumentState>>();
// @ts-expect-error A decision is made at once.
void document.resolve(async () => "mine");
// @ts-expect-error There is no such side at a place either.
void document.resolve(() => "ours");
// @ts-expect-error There is no such side.
void document.resolve("ours");
// @ts-expect-error A config has charts.
document.edit({});
// @ts-expect-error A chart is an object.
document.edit({ chartCustomizations: { c1: 7 } });
// @ts-expect-error The state cannot be written.
document.state.status = "clean";
// @ts-expect-error A message is a text.
void document.save({ message: 7 });

client.open("sales", { sessionId: "s", autosave: false, autosaveDelay: 0, initial: { chartCustomizations: {} }, legacyKeys: null, ownsLegacy: true });
client.open("sales", { legacyKeys: { theme: "look" } });
client.open("sales", { legacyKeys: (storage) => storage.getItem("dashboard") });
// @ts-expect-error An option that does not exist is a mistake.
client.open("sales", { autoSave: true });
// @ts-expect-error The initial config has the form of a config.
client.open("sales", { initial: { charts: [] } });

// A typed config is typed everywhere.
const draft = typed.open("sales");
expectTypeOf(draft.state.config).toEqualTypeOf<Typed | null>();
expectTypeOf(draft.state.conflict).toEqualTypeOf<Conflict<Typed> | null>();
expectTypeOf<Conflict<Typed>["theirs"]>().toEqualTypeOf<Typed | null>();
draft.edit((config) => {
  expectTypeOf(config).toEqualTypeOf<Typed>();
  return { ...config, theme: { id: "dark" } };
});
// @ts-expect-error There is no such theme.
draft.edit((config) => ({ ...config, theme: { id: "blue" } }));
// @ts-expect-error A chart has a title.
draft.edit({ chartCustomizations: { c1: {} } });
expectTypeOf(typed.load("sales")).toEqualTypeOf<Promise<Loaded<Typed>>>();
expectTypeOf(typed.drafts("session").load("sales")).toEqualTypeOf<Promise<Loaded<Typed>>>();
expectTypeOf(typed.save("sales", { chartCustomizations: {} }, { ifMatch: 3, merge: true })).toEqualTypeOf<Promise<Saved<Typed>>>();
expectTypeOf(typed.projects.get("sales")).toEqualTypeOf<Promise<Project<Typed>>>();

// The calls.
expectTypeOf(client.load("sales", { sessionId: "s" })).toEqualTypeOf<Promise<Loaded>>();
expectTypeOf(client.save("sales", { chartCustomizations: {} }, { ifMatch: "*", source: "ai", message: "m" })).toEqualTypeOf<Promise<Saved>>();
expectTypeOf(client.patch("sales", { theme: null }, { ifMatch: 2 })).toEqualTypeOf<Promise<Loaded>>();
expectTypeOf(client.remove("sales", { ifMatch: 2 })).toEqualTypeOf<Promise<number>>();
expectTypeOf(client.history("sales", { limit: 10 })).toEqualTypeOf<Promise<History>>();
expectTypeOf(client.version("sales", 2)).toEqualTypeOf<Promise<Loaded>>();
expectTypeOf(client.diff("sales", 1, 2)).toEqualTypeOf<Promise<Diff>>();
expectTypeOf(client.limits()).toEqualTypeOf<Promise<{ readonly [name: string]: number }>>();
expectTypeOf(client.flags()).toEqualTypeOf<Promise<{ readonly [name: string]: boolean }>>();
expectTypeOf(client.projects.deleted({ limit: 5, cursor: "c" })).resolves.toEqualTypeOf<{ readonly projects: readonly DeletedProject[]; readonly nextCursor: string | null }>();
expectTypeOf<DeletedProject>().toExtend<ProjectSummary<never>>();
expectTypeOf<DeletedProject["restorableUntil"]>().toEqualTypeOf<string>();
expectTypeOf(client.nameVersion("p", 3, "Before the review")).resolves.toEqualTypeOf<VersionSummary>();
void client.nameVersion("p", 3, null, { sessionId: "s" });
// @ts-expect-error A name is a text, or null.
void client.nameVersion("p", 3);
expectTypeOf(client.projects.list({ cursor: "c" })).resolves.toHaveProperty("projects").toEqualTypeOf<readonly ProjectSummary[]>();
expectTypeOf(client.projects.create({ name: "Sales" })).toEqualTypeOf<Promise<Project>>();
expectTypeOf(client.projects.update("sales", { description: null }, { ifMatch: 1 })).toEqualTypeOf<Promise<Project>>();
expectTypeOf(client.projects.remove("sales")).toEqualTypeOf<Promise<void>>();
expectTypeOf(client.projects.unsaved({ signal: new AbortController().signal })).toEqualTypeOf<Promise<readonly string[]>>();
expectTypeOf(client.data.load("sales", { include: ["rawData"] })).toEqualTypeOf<Promise<Dataset>>();
expectTypeOf<NonNullable<Dataset["rawData"]>[number]>().toEqualTypeOf<Row>();
expectTypeOf(client.data.uploadFile("sales", new File([], "sales.csv"))).toEqualTypeOf<Promise<SavedDataset>>();
expectTypeOf(client.data.uploadFile("sales", new File([], "sales.csv"), { delimiter: ";", onProgress: ({ stage }) => void stage })).toEqualTypeOf<Promise<SavedDataset>>();
expectTypeOf(client.data.completeUpload("sales", "u1", { delimiter: "\t" })).toEqualTypeOf<Promise<SavedDataset>>();
expectTypeOf<TableProgress["stage"]>().toEqualTypeOf<"sending" | "reading">();
expectTypeOf<TableProgress["bytesSent"]>().toEqualTypeOf<number>();
expectTypeOf(client.data.load("sales", { rows: [0, 999] })).toEqualTypeOf<Promise<Dataset>>();
expectTypeOf(client.data.csv("sales", { version: 2, safe: true })).toEqualTypeOf<Promise<Blob>>();
expectTypeOf<DataSchema["notes"]>().toEqualTypeOf<readonly ColumnNote[] | undefined>();
expectTypeOf<ColumnReading>().toEqualTypeOf<{ readonly type: ColumnType; readonly format?: ColumnFormat }>();
const note = {} as ColumnNote;
// What a note offers is a change of the schema.
for (const reading of note.readings) void client.data.saveSchema("sales", { [note.column]: reading }, { ifMatch: 3 });
void client.data.saveSchema("sales", { Umsatz: { type: "number", format: { decimal: ",", group: "." } }, Datum: { type: "date", format: "dd.MM.yyyy" }, Aktiv: { name: "Active", format: { true: "ja", false: "nein" } } }, { ifMatch: '"3.1"' });
// @ts-expect-error A change of the schema says what it replaces.
void client.data.saveSchema("sales", { Umsatz: { type: "number" } });
// @ts-expect-error There is no such type.
void client.data.saveSchema("sales", { Umsatz: { type: "money" } }, { ifMatch: 3 });
// @ts-expect-error A page of rows has two ends.
void client.data.load("sales", { rows: [5] });
// @ts-expect-error A save says what it replaces.
void client.save("sales", { chartCustomizations: {} });
// @ts-expect-error There is no such source.
void client.save("sales", { chartCustomizations: {} }, { source: "robot" });
// @ts-expect-error There is no such part.
void client.data.load("sales", { include: ["rows"] });
// @ts-expect-error A project has a name.
void client.projects.create({});

// Errors.
const error = new DashkeepError(0, "network");
expectTypeOf(error).toExtend<Error>();
expectTypeOf(error.status).toEqualTypeOf<number>();
expectTypeOf(error.code).toEqualTypeOf<ClientCode | (string & {})>();
expectTypeOf(error.problem).toEqualTypeOf<Problem | null>();
expectTypeOf(error.retryAfter).toEqualTypeOf<number | undefined>();
expectTypeOf(error.isTemporary).toEqualTypeOf<boolean>();
expectTypeOf<ConflictError>().toExtend<DashkeepError>();
expectTypeOf<ConflictError["currentVersion"]>().toEqualTypeOf<number>();
expectTypeOf<ConflictError["conflicts"]>().toEqualTypeOf<readonly string[] | undefined>();
expectTypeOf(valueOf(document.state.config, "/theme", [])).toEqualTypeOf<unknown>();
expectTypeOf(placeInWords("/theme")).toEqualTypeOf<string>();
