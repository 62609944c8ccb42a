// lib/server.ts
import "server-only";

import { createDashboardClient } from "@dashkeep/client";
import { cookies } from "next/headers";

import type { SalesConfig } from "./config";

const baseUrl = process.env.DASHKEEP_URL ?? "http://127.0.0.1:8000";

/** Return the ID token of the user who sent the request; null if nobody is signed in. */
export async function getToken(): Promise<string | null> {
  // The local stack's issuer. In production: what your identity provider's library reads from the session's cookie.
  const user = (await cookies()).get("user")?.value;
  if (!user) return null;
  const response = await fetch(`${baseUrl}/local/token?sub=${encodeURIComponent(user)}`, { cache: "no-store" });
  const { token }: { token: string } = await response.json();
  return token;
}

/** Create a client for one request: a client belongs to one user. */
export const createClient = () =>
  createDashboardClient<SalesConfig>({ baseUrl, getToken, fetch: (url, request) => fetch(url, { ...request, cache: "no-store" }) });
