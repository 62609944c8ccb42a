// Whose a dashboard is, and what the user may do there as far as this browser knows: an editor goes on without a network.
import { addressOf } from "../client/dist/transport.js";

const KEY = "dashkeep.roles";
const MOST_REMEMBERED = 100;

/** Whether a dashboard, named by its id or its address, is another user's. */
export const isShared = (project, user) => !addressOf(project, user).startsWith(addressOf("", user));

/** Return the role that the user had last in a shared dashboard, null if that is not known. */
export function knownRole(project, user) {
  return remembered().find(([place]) => place === placeOf(project, user))?.[1] ?? null;
}

/** Remember a role; null forgets it. */
export function rememberRole(project, user, role) {
  const place = placeOf(project, user);
  const known = remembered();
  if ((known.find(([each]) => each === place)?.[1] ?? null) === role) return;
  const others = known.filter(([each]) => each !== place).slice(1 - MOST_REMEMBERED);
  localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(role ? [...others, [place, role]] : others)));
}

function remembered() {
  try {
    return Object.entries(JSON.parse(localStorage.getItem(KEY)) ?? {});
  } catch {
    // Something else has written it.
    return [];
  }
}

const placeOf = (project, user) => `${addressOf("", user)} ${project}`;
