/**
 * Three-way merge by the server's rules, for what only the client can merge: edits made while a save was in flight, or
 * before the config was loaded.
 *
 * If only one side changed a value, the change wins. Objects merge member by member, and arrays element by element if
 * `identityOf` finds an identity for all elements; everything else is one value. If both sides changed a value differently,
 * it is a conflict. `tests/support/inputs/merge_cases.json` has a case for each rule, which the server's tests read too.
 */

import { freeze, isEqual, isObject, isSame, member, put, type Json, type JsonObject } from "./json.js";
import { escaped, tokensOf } from "./pointer.js";
import type { Side } from "./types.js";

export interface Merged {
  readonly document: Json;
  /** JSON pointers; an element is named by its index in `theirs`, or in the base if `theirs` deleted it. */
  readonly conflicts: readonly string[];
}

/** Which side's value the result has at each conflict, or at the conflict with a pointer. */
export type Preferred = Side | ((pointer: string) => Side);

/** An object's members by name, or an array's elements by identity. */
type Named = ReadonlyMap<string, Json>;
type Names = Iterable<string>;
type List = readonly Json[];

interface Merge {
  readonly prefer: (pointer: string) => Side;
  /** If both have changed the order of members, which is not a conflict, that of `theirs` is kept unless this is `mine`. */
  readonly order: Preferred;
  readonly disputed: readonly string[];
  readonly joins: boolean;
  readonly conflicts: string[];
}

const IDENTITIES = ["id", "i", "uid"];
/** Members that identify elements until they are edited; used only if no element has one of IDENTITIES. */
const NAMES = ["key", "refId", "name"];

/**
 * Merge two documents that have the same base.
 *
 * At each conflict, and at each pointer of `disputed`, the result has the value of the side `prefer`. With `joins`, objects
 * and arrays that both sides added are merged as if the base had them empty.
 */
export function merge(base: Json, theirs: Json, mine: Json, prefer: Preferred = "theirs", disputed: readonly string[] = [], joins = false): Merged {
  const to: Merge = { prefer: typeof prefer === "function" ? prefer : () => prefer, order: prefer, disputed, joins, conflicts: [] };
  return { document: join(to, base, theirs, mine, "") ?? null, conflicts: to.conflicts };
}

/** Return the member that identifies the elements of all these arrays; undefined if no member does. */
export function identityOf(...arrays: readonly (Json | undefined)[]): string | undefined {
  if (!arrays.every((array) => Array.isArray(array) && array.every(isObject))) return undefined;
  const lists = arrays as JsonObject[][];
  const hasIdentity = lists.some((list) => list.some((each) => IDENTITIES.some((name) => Object.hasOwn(each, name))));
  return (hasIdentity ? IDENTITIES : NAMES).find((name) =>
    lists.every((list) => {
      const values = list.map((each) => member(each, name));
      return values.every((value) => typeof value === "string" || Number.isInteger(value)) && new Set(values).size === list.length;
    }),
  );
}

/** The identity of an element as text, which distinguishes the number 1 from the text "1". */
export function nameOf(element: Json | undefined, identity: string): string {
  return JSON.stringify(member(element, identity));
}

function join(to: Merge, base: Json | undefined, theirs: Json | undefined, mine: Json | undefined, path: string): Json | undefined {
  if (isEqual(base, mine) || isEqual(theirs, mine)) return theirs;
  if (isEqual(base, theirs)) return mine;
  if (to.joins && base === undefined && typeof theirs === "object") return join(to, Array.isArray(theirs) ? [] : {}, theirs, mine, path);
  if (!to.disputed.includes(path)) {
    if (isObject(base) && isObject(theirs) && isObject(mine)) return members(to, base, theirs, mine, path);
    const identity = identityOf(base, theirs, mine);
    if (identity) return elements(to, identity, base as List, theirs as List, mine as List, path);
    // One side may have changed only the order of members.
    if (isSame(base, theirs)) return mine;
    if (isSame(base, mine) || isSame(theirs, mine)) return theirs;
  }
  to.conflicts.push(path);
  return to.prefer(path) === "mine" ? mine : theirs;
}

function members(to: Merge, base: JsonObject, theirs: JsonObject, mine: JsonObject, path: string): Json {
  const byName = (side: JsonObject): Named => new Map(Object.entries(side));
  const sides = [byName(base), byName(theirs), byName(mine)] as const;
  const joined = each(to, ...sides, (name) => `${path}/${escaped(name)}`);
  const made: Record<string, Json> = {};
  for (const name of ordered(...sides, joined, () => to.order).order) put(made, name, joined.get(name) as Json);
  return freeze(made);
}

function elements(to: Merge, identity: string, base: List, theirs: List, mine: List, path: string): Json {
  const byIdentity = (side: List): Named => new Map(side.map((element) => [nameOf(element, identity), element]));
  const sides = [byIdentity(base), byIdentity(theirs), byIdentity(mine)] as const;
  // The last side that has an element sets its index: `mine` only if the element is new.
  const places = new Map([mine, base, theirs].flatMap((side) => side.map((element, index) => [nameOf(element, identity), `${path}/${index}`])));
  const joined = each(to, ...sides, (name) => places.get(name) ?? path);
  if (NAMES.includes(identity)) to.conflicts.push(...renamed(...sides).map((name) => places.get(name) ?? path));
  const { order, isDisputed } = ordered(...sides, joined, () => to.prefer(path));
  if (isDisputed) to.conflicts.push(path);
  return freeze(order.map((name) => joined.get(name) as Json));
}

function each(to: Merge, base: Named, theirs: Named, mine: Named, at: (name: string) => string): Named {
  const joined = new Map<string, Json>();
  for (const name of new Set([...theirs.keys(), ...mine.keys(), ...base.keys()])) {
    const value = join(to, base.get(name), theirs.get(name), mine.get(name), at(name));
    if (value !== undefined) joined.set(name, value);
  }
  return joined;
}

/** List the names that both sides removed while each added its own at the same place: both renamed the element. */
function renamed(base: Named, theirs: Named, mine: Named): string[] {
  const isKept = (name: string) => base.has(name) && theirs.has(name) && mine.has(name);
  const isNew = (name: string) => !base.has(name) && theirs.has(name) !== mine.has(name);
  const [inTheirs, inMine] = [runs(theirs.keys(), isKept, isNew), runs(mine.keys(), isKept, isNew)];
  const removed = runs(base.keys(), isKept, (name) => !theirs.has(name) && !mine.has(name));
  return [...removed].flatMap(([place, names]) => (inTheirs.has(place) && inMine.has(place) ? names : []));
}

/** Order the kept names: old ones as in the side that reordered them, new ones after the old name that they follow. */
function ordered(base: Named, theirs: Named, mine: Named, kept: Named, prefer: () => Preferred): { order: string[]; isDisputed: boolean } {
  const isOld = (name: string) => base.has(name) && kept.has(name);
  const old = [...base.keys()].filter(isOld);
  const [inTheirs, inMine] = [[...theirs.keys()].filter(isOld), [...mine.keys()].filter(isOld)];
  const isMoved = (side: Named, names: string[]) => !isEqual(names, old.filter((name) => side.has(name)));
  const [theyMoved, iMoved] = [isMoved(theirs, inTheirs), isMoved(mine, inMine)];
  const isDisputed = theyMoved && iMoved && !isEqual(inTheirs, inMine);
  const skeleton = (isDisputed ? prefer() === "mine" : iMoved) ? inMine : inTheirs;
  const isNew = (name: string) => !base.has(name) && kept.has(name);
  const added = [runs(theirs.keys(), isOld, isNew), runs(mine.keys(), isOld, isNew)];
  const order = new Set<string>();
  for (const name of [undefined, ...skeleton, ...old]) {
    if (name !== undefined) order.add(name);
    for (const next of alternated(added.map((side) => side.get(name) ?? []))) order.add(next);
  }
  return { order: [...order], isDisputed };
}

/** Group the wanted names by the known name that they follow; undefined stands for the start. */
function runs(names: Names, isKnown: (name: string) => boolean, isWanted: (name: string) => boolean): Map<string | undefined, string[]> {
  const found = new Map<string | undefined, string[]>();
  let behind: string | undefined;
  for (const name of names) {
    if (isKnown(name)) behind = name;
    else if (isWanted(name)) found.set(behind, [...(found.get(behind) ?? []), name]);
  }
  return found;
}

/** Interleave two runs by name, keeping the order of each; a name in both waits until it is first in both. */
function alternated(sides: string[][]): Names {
  const joined = new Set<string>();
  const isShared = (name: string) => sides.every((side) => side.includes(name));
  for (let left = sides; left.every((side) => side.length); left = left.map((side) => side.filter((name) => !joined.has(name)))) {
    const heads = left.map(([head]) => head as string);
    const waits = (name: string) => Number(heads[0] !== heads[1] && isShared(name));
    heads.sort((one, other) => waits(one) - waits(other) || (one < other ? -1 : 1));
    joined.add(heads[0] as string);
  }
  return new Set([...joined, ...sides.flat()]);
}

/** Return the value at one of a conflict's pointers, which name elements by index in one of the documents `named`. */
export function valueOf(document: Json, pointer: string, named: readonly Json[]): Json | undefined {
  let places: readonly (Json | undefined)[] = [document, ...named];
  for (const token of tokensOf(pointer)) {
    const lists = places.filter(Array.isArray) as List[];
    const identity = identityOf(...lists);
    const element = lists.slice(Array.isArray(places[0]) ? 1 : 0).map((list) => list[Number(token)]).find(Boolean);
    const inList = (list: List) => (identity && element ? list.find((one) => nameOf(one, identity) === nameOf(element, identity)) : list[Number(token)]);
    places = places.map((place) => (Array.isArray(place) ? inList(place as List) : member(place, token)));
  }
  return places[0];
}
