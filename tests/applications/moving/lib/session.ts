// lib/session.ts
import { cookies } from "next/headers";

/** Return the user who sent the request: what your session says. */
export async function getUser(): Promise<string> {
  const user = (await cookies()).get("user")?.value;
  if (!user) throw new Error("Nobody is signed in.");
  return user;
}

/** Return the user's ID token. Here from the local stack's issuer; in production, from the session. */
export async function getToken(): Promise<string> {
  const issuer = `${process.env.DASHKEEP_URL}/local/token?sub=${encodeURIComponent(await getUser())}`;
  const response = await fetch(issuer, { cache: "no-store" });
  const { token }: { token: string } = await response.json();
  return token;
}
