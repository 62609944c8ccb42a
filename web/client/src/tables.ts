/** The API's calls that read tables; those that write them are in `uploads.ts`. Loaded on first use. */

import type { Changed, Requests } from "./calls.js";
import { DashkeepError } from "./errors.js";
import { answerOf, pathOf, required, tag, type Answer } from "./transport.js";
import type { DataCalls, Dataset, RowRange } from "./types.js";

/** Load a table, and fetch its rows if they did not fit into the response. */
export async function loadTable<Table>(requests: Requests, path: string, query: Readonly<Record<string, string | undefined>>, signal?: AbortSignal): Promise<Table> {
  const { rawDataUrl, ...loaded } = await requests.json<{ rawDataUrl?: string }>("GET", path, { query, signal });
  if (!rawDataUrl) return loaded as Table;
  const answer = await requests.fetch(rawDataUrl, {}, { signal, timeout: Number.POSITIVE_INFINITY });
  if (answer.status !== 200) throw new DashkeepError(answer.status, "download-refused", { detail: "The table could not be downloaded." });
  return { ...loaded, rawData: answer.body } as Table;
}

export function dataCalls(requests: Requests, changed: Changed): DataCalls {
  const at = (project: string, rest = "") => pathOf(project, `/data${rest}`);
  const load = (path: string, query: Readonly<Record<string, string | undefined>>, signal?: AbortSignal) => loadTable<Dataset>(requests, path, query, signal);

  /** Load the calls that write tables: most pages that show a table write none. */
  async function writing() {
    return (await required(import("./uploads.js"))).uploadCalls(requests, changed, load);
  }

  return {
    load: (project, { include, rows, signal } = {}) => load(at(project), { include: include?.join(","), rows: range(rows) }, signal),
    upload: async (...given) => (await writing()).upload(...given),
    uploadFile: async (...given) => (await writing()).uploadFile(...given),
    completeUpload: async (...given) => (await writing()).completeUpload(...given),
    saveSchema: async (...given) => (await writing()).saveSchema(...given),
    restore: async (...given) => (await writing()).restore(...given),
    versions: (project, options) => requests.json("GET", at(project, "/versions"), options),
    version: (project, version, { rows, signal } = {}) => load(at(project, `/versions/${version}`), { rows: range(rows) }, signal),
    async csv(project, { version, safe, signal } = {}) {
      const query = { format: "csv", safe: safe ? "true" : undefined };
      const path = at(project, version === undefined ? "" : `/versions/${version}`);
      return (await requests.send("GET", path, { query, signal, timeout: Number.POSITIVE_INFINITY, read: csvOf })).body as Blob;
    },
    saveAnalysis: (project, analysis, { ifMatch, signal }) => requests.json("PUT", at(project, "/analysis"), { headers: { "If-Match": tag(ifMatch) }, body: { analysis }, signal }),
  };
}

/** Read a CSV file, which the browser need not hold in memory; a problem is JSON. */
async function csvOf(response: Response): Promise<Answer> {
  const { status, headers } = response;
  return headers.get("Content-Type")?.includes("csv") ? { status, headers, text: "", body: await response.blob() } : answerOf(response);
}

export function range(rows: RowRange | undefined): string | undefined {
  return rows?.join("-");
}
