// app/token/route.ts
import { getToken } from "../../lib/server";

/** Return the user's ID token to the user's own pages. */
export async function GET(): Promise<Response> {
  const token = await getToken();
  return new Response(token, { status: token === null ? 401 : 200, headers: { "Cache-Control": "no-store" } });
}
