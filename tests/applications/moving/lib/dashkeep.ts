// lib/dashkeep.ts
import { createDashboardClient, DashkeepError } from "@dashkeep/client";

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

/** Save a dashboard. A project that has not been imported yet is left to `import-sql`. */
export async function saveKept(projectId: string, dashboard: Dashboard): Promise<void> {
  const signal = AbortSignal.timeout(5_000);
  try {
    await createClient().save(projectId, dashboard, { ifMatch: "*", signal });
  } catch (error) {
    if (!(error instanceof DashkeepError) || error.code !== "not-found") throw error;
  }
}
