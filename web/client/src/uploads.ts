/** The API's calls that write tables: files are sent to the bucket, and large ones are read in the background. Loaded on first use. */

import type { Changed, Requests } from "./calls.js";
import { DashkeepError, type Problem } from "./errors.js";
import type { Json } from "./json.js";
import { inWords } from "./table_errors.js";
import { pathOf, rejection, tag, type Answer } from "./transport.js";
import type { CompletionOptions, DataCalls, Dataset, SavedDataset, TableOptions } from "./types.js";

/** How often a question about the progress is asked while the failure is temporary: for about a minute. */
const ATTEMPTS_TO_FOLLOW = 10;
/** Milliseconds between two reports of how much of a file has been sent. */
const BETWEEN_REPORTS = 100;

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

/** Loads a table or parts of it. */
type Load = (path: string, query: Readonly<Record<string, string | undefined>>, signal?: AbortSignal) => Promise<Dataset>;

export function uploadCalls(requests: Requests, changed: Changed, load: Load): Pick<DataCalls, "upload" | "uploadFile" | "completeUpload" | "saveSchema" | "restore"> {
  const at = (project: string, rest = "") => pathOf(project, `/data${rest}`);

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
      onProgress?.({ stage: "reading", uploadId, bytesSent: bytes, bytesRead, bytes });
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
    upload: inWords(async (project, table, { ifMatch, signal } = {}) => {
      const answer = await requests.json<SavedDataset>("POST", at(project), { headers: { "If-Match": tag(ifMatch) }, body: table, signal });
      if (table.chartCustomizations) await changed(project);
      return answer;
    }),
    uploadFile: inWords(async (project, file, options = {}) => {
      const { signal, onProgress } = options;
      const announced = { fileName: file.name, contentType: mediaType(file.name), bytes: file.size };
      const { uploadId, url, fields } = await requests.json<{ uploadId: string; url: string; fields: Json }>("POST", at(project, "/uploads"), { body: announced, signal });
      const form = new FormData();
      for (const [name, value] of Object.entries(fields ?? {})) form.append(name, String(value));
      form.append("file", file);
      const report = (stage: "sending" | "reading", bytesSent: number) => onProgress?.({ stage, uploadId, bytesSent, bytesRead: 0, bytes: file.size });
      report("sending", 0);
      // The form is somewhat larger than the file.
      const fetch = sending((bytes) => report("sending", Math.min(bytes, file.size)));
      const { status } = await requests.fetch(url, { method: "POST", body: form }, { signal, timeout: Number.POSITIVE_INFINITY, fetch });
      if (status >= 400) throw new DashkeepError(status, "upload-refused", { detail: "The storage rejected the file." });
      report("reading", file.size);
      return completeUpload(project, uploadId, options);
    }),
    completeUpload: inWords(completeUpload),
    saveSchema: inWords(async (project, columns, { ifMatch, ...options }) => {
      const answer = await requests.send("PUT", at(project, "/schema"), { headers: { "If-Match": tag(ifMatch) }, body: { columns }, signal: options.signal });
      return outcome(project, answer, options);
    }),
    restore: (project, version, { ifMatch, signal }) => requests.json("POST", at(project, `/versions/${version}/restore`), { headers: { "If-Match": tag(ifMatch) }, signal }),
  };
}

/**
 * A `fetch` for a form that reports how many bytes were sent, which the browser's own cannot; undefined without
 * `XMLHttpRequest`. Its response has a status and no body.
 */
function sending(sent: (bytes: number) => void): typeof globalThis.fetch | undefined {
  if (!("XMLHttpRequest" in globalThis)) return undefined;
  return (url, { method, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      let reported = Number.NEGATIVE_INFINITY;
      request.upload.onprogress = ({ loaded, timeStamp }) => {
        if (timeStamp - reported < BETWEEN_REPORTS) return;
        reported = timeStamp;
        sent(loaded);
      };
      request.onload = () => resolve(new Response(null, { status: request.status }));
      request.onerror = () => reject(new TypeError("The connection was lost."));
      signal?.addEventListener("abort", () => request.abort());
      request.open(method as string, url as string);
      request.send(body as FormData);
    });
}

function mediaType(name: string): string {
  if (/\.(ndjson|jsonl)$/i.test(name)) return "application/x-ndjson";
  return /\.json$/i.test(name) ? "application/json" : "text/csv";
}
