// lib/dashkeep.ts
import { ConflictError, createDashboardClient, DashkeepError } from "@dashkeep/client";

import type { Dashboard } from "./rows";
import { getToken } from "./session";

const createClient = () =>
  createDashboardClient<Dashboard>({
    baseUrl: process.env.DASHKEEP_URL ?? "",
    getToken,
    fetch: (url, request) => fetch(url, { ...request, cache: "no-store" }),
  });

export async function readKept(projectId: string): Promise<Dashboard | null> {
  return (await createClient().load(projectId)).config;
}

/** Save a dashboard, over whatever is here. A project that has not been imported yet is left to `import-sql`. */
export async function saveKept(projectId: string, dashboard: Dashboard): Promise<void> {
  const [client, signal] = [createClient(), AbortSignal.timeout(5_000)];
  try {
    await client.save(projectId, dashboard, { ifMatch: "*", signal });
  } catch (error) {
    // A conflict with nothing: this is the first save.
    if (error instanceof ConflictError) await client.save(projectId, dashboard, { create: true, signal });
    else if (!(error instanceof DashkeepError) || error.code !== "not-found") throw error;
  }
}
