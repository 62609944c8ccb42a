/** The API's calls for tables: files are sent to the bucket, and large ones are read in the background. Loaded on first use. */

import type { Changed, Requests } from "./calls.js";
import { DashkeepError, type Problem } from "./errors.js";
import type { Json } from "./json.js";
import { answerOf, pathOf, rejection, tag, type Answer } from "./transport.js";
import type { CompletionOptions, DataCalls, Dataset, RowRange, SavedDataset, TableOptions } from "./types.js";

/** How often a question about the progress is asked while the failure is temporary: for about a minute. */
const ATTEMPTS_TO_FOLLOW = 10;

/** The answer of `GET …/data/uploads/{uploadId}`. */
interface Upload {
  readonly status: "waiting" | "processing" | "done" | "failed";
  readonly bytesRead: number;
  readonly bytes: number;
  /** Of the table, once it is `done`. */
  readonly version: number;
  /** What the request would have been answered with, if it `failed`. */
  readonly problem: Problem & { readonly status: number };
}

export function dataCalls(requests: Requests, changed: Changed): DataCalls {
  const at = (project: string, rest = "") => pathOf(project, `/data${rest}`);

  /** Load a table, and fetch its rows if they did not fit into the response. */
  async function load(path: string, query: Readonly<Record<string, string | undefined>>, signal?: AbortSignal): Promise<Dataset> {
    const { rawDataUrl, ...loaded } = await requests.json<Dataset & { rawDataUrl?: string }>("GET", path, { query, signal });
    if (!rawDataUrl) return loaded;
    const answer = await requests.fetch(rawDataUrl, {}, { signal, timeout: Number.POSITIVE_INFINITY });
    if (answer.status !== 200) throw new DashkeepError(answer.status, "download-refused", { detail: "The table could not be downloaded." });
    return { ...loaded, rawData: answer.body as NonNullable<Dataset["rawData"]> };
  }

  async function completeUpload(project: string, uploadId: string, options: CompletionOptions = {}): Promise<SavedDataset> {
    const { ifMatch, signal, onProgress: _, ...body } = options;
    const answer = await requests.send("POST", at(project, `/uploads/${uploadId}/complete`), { headers: { "If-Match": tag(ifMatch) }, body, signal });
    return outcome(project, answer, options);
  }

  /** Return what was saved; if the server reads the table in the background, once it has, or reject as if it had at once. */
  async function outcome(project: string, answer: Answer, { signal, onProgress }: Pick<TableOptions, "signal" | "onProgress">): Promise<SavedDataset> {
    if (answer.status !== 202) return answer.body as SavedDataset;
    const uploadId = /[^/]+$/.exec(answer.headers.get("Location") ?? "")?.[0] ?? "";
    for (let { headers } = answer; ; ) {
      await requests.pause(0, Number(headers.get("Retry-After")) || 1, signal);
      const asked = await requests.send("GET", at(project, `/uploads/${uploadId}`), { signal }, ATTEMPTS_TO_FOLLOW);
      const { status, version, problem, bytesRead, bytes } = asked.body as Upload;
      onProgress?.({ stage: "reading", uploadId, bytesRead, bytes });
      if (status === "failed") throw rejection(problem.status, problem);
      if (status === "done") return saved(project, version, signal);
      ({ headers } = asked);
    }
  }

  async function saved(project: string, version: number, signal?: AbortSignal): Promise<SavedDataset> {
    const { dataSchema, updatedAt } = await load(at(project, `/versions/${version}`), { include: "dataSchema" }, signal);
    return { success: true, version, dataSchema, updatedAt } as SavedDataset;
  }

  return {
    load: (project, { include, rows, signal } = {}) => load(at(project), { include: include?.join(","), rows: range(rows) }, signal),
    async upload(project, table, { ifMatch, signal } = {}) {
      const answer = await requests.json<SavedDataset>("POST", at(project), { headers: { "If-Match": tag(ifMatch) }, body: table, signal });
      if (table.chartCustomizations) await changed(project);
      return answer;
    },
    async uploadFile(project, file, options = {}) {
      const { signal, onProgress } = options;
      const announced = { fileName: file.name, contentType: mediaType(file.name), bytes: file.size };
      const { uploadId, url, fields } = await requests.json<{ uploadId: string; url: string; fields: Json }>("POST", at(project, "/uploads"), { body: announced, signal });
      const form = new FormData();
      for (const [name, value] of Object.entries(fields ?? {})) form.append(name, String(value));
      form.append("file", file);
      onProgress?.({ stage: "sending", uploadId, bytesRead: 0, bytes: file.size });
      const { status } = await requests.fetch(url, { method: "POST", body: form }, { signal, timeout: Number.POSITIVE_INFINITY });
      if (status >= 400) throw new DashkeepError(status, "upload-refused", { detail: "The storage rejected the file." });
      onProgress?.({ stage: "reading", uploadId, bytesRead: 0, bytes: file.size });
      return completeUpload(project, uploadId, options);
    },
    completeUpload,
    versions: (project, options) => requests.json("GET", at(project, "/versions"), options),
    version: (project, version, { rows, signal } = {}) => load(at(project, `/versions/${version}`), { rows: range(rows) }, signal),
    async csv(project, { version, safe, signal } = {}) {
      const query = { format: "csv", safe: safe ? "true" : undefined };
      const path = at(project, version === undefined ? "" : `/versions/${version}`);
      return (await requests.send("GET", path, { query, signal, timeout: Number.POSITIVE_INFINITY, read: csvOf })).body as Blob;
    },
    saveAnalysis: (project, analysis, { ifMatch, signal }) => requests.json("PUT", at(project, "/analysis"), { headers: { "If-Match": tag(ifMatch) }, body: { analysis }, signal }),
    async saveSchema(project, columns, { ifMatch, ...options }) {
      const answer = await requests.send("PUT", at(project, "/schema"), { headers: { "If-Match": tag(ifMatch) }, body: { columns }, signal: options.signal });
      return outcome(project, answer, options);
    },
  };
}

/** Read a CSV file, which the browser need not hold in memory; a problem is JSON. */
async function csvOf(response: Response): Promise<Answer> {
  const { status, headers } = response;
  return headers.get("Content-Type")?.includes("csv") ? { status, headers, text: "", body: await response.blob() } : answerOf(response);
}

function range(rows: RowRange | undefined): string | undefined {
  return rows?.join("-");
}

function mediaType(name: string): string {
  if (/\.(ndjson|jsonl)$/i.test(name)) return "application/x-ndjson";
  return /\.json$/i.test(name) ? "application/json" : "text/csv";
}
