/** Carrying an edit over to a config other than the one that it was made in. */

import { identityOf, nameOf } from "./identity.js";
import { freeze, isEqual, isObject, put, type Json, type JsonObject } from "./json.js";

/** An object's members by name, or an array's elements by identity. */
type Named = ReadonlyMap<string, Json>;

/**
 * Return `onto` with what an edit has changed between `before` and `after`; everything else in `onto` stays.
 *
 * Nothing conflicts: the edit wins. Objects and arrays that `before` lacks count as empty, so that what is in `onto` stays.
 */
export function carryOver(before: Json, after: Json, onto: Json): Json {
  return carry(before, after, onto) ?? null;
}

function carry(before: Json | undefined, after: Json | undefined, onto: Json | undefined): Json | undefined {
  if (isEqual(before, after)) return onto;
  const known = before === undefined && typeof onto === "object" ? (Array.isArray(onto) ? [] : {}) : before;
  if (isObject(known) && isObject(after) && isObject(onto)) {
    const made: Record<string, Json> = {};
    for (const [name, value] of each(byName(known), byName(after), byName(onto))) put(made, name, value);
    return freeze(made);
  }
  const identity = identityOf(known, after, onto);
  if (!identity) return after;
  const byIdentity = (side: Json | undefined): Named => new Map((side as readonly Json[]).map((element) => [nameOf(element, identity), element]));
  return freeze(each(byIdentity(known), byIdentity(after), byIdentity(onto)).map(([, value]) => value));
}

const byName = (side: JsonObject): Named => new Map(Object.entries(side));

/** Carry the edit of each member over; the order is that of `onto`, unless the edit has changed it. */
function each(before: Named, after: Named, onto: Named): [string, Json][] {
  const common = (side: Named, other: Named) => [...side.keys()].filter((name) => other.has(name));
  const isMoved = !isEqual(common(before, after), common(after, before));
  const names = isMoved ? joined(after, onto) : joined(onto, after);
  const values = names.map((name) => [name, carry(before.get(name), after.get(name), onto.get(name))] as const);
  return values.filter((each): each is [string, Json] => each[1] !== undefined);
}

/** The names of both, in the order of the first; what only the second has comes last at its place among those of both. */
function joined(first: Named, second: Named): string[] {
  const runs = new Map<string | undefined, string[]>();
  let behind: string | undefined;
  for (const name of second.keys()) {
    if (first.has(name)) behind = name;
    else if (!runs.get(behind)?.push(name)) runs.set(behind, [name]);
  }
  const names: string[] = [];
  let place: string | undefined;
  for (const name of [...first.keys(), undefined]) {
    if (name === undefined || second.has(name)) {
      names.push(...(runs.get(place) ?? []));
      place = name;
    }
    if (name !== undefined) names.push(name);
  }
  return names;
}
