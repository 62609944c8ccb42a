/**
 * Three-way merge by the server's rules, for what only the client can merge: edits made while a save was in flight, edits in
 * conflict, and undo. This module is loaded, with `conflicts.ts`, when others have changed what is edited here.
 *
 * If only one side changed a value, the change wins. Objects merge member by member, and arrays element by element if
 * `identityOf` finds an identity for all elements. Arrays of texts merge as sets where each side only added some or only
 * removed some. The place of a placement is one value, and so is its size. Everything else is one value. If both sides changed
 * a value differently, it is a conflict. What both sides did together is then held against the rules of grids
 * (`merge_layout.ts`), elements and references (`merge_elements.ts`). `tests/support/inputs/merge_cases.json` and
 * `dashboard_merge_cases.json` have a case for each rule, which the server's tests read too.
 */

import { identityOf, NAMES, nameOf } from "./identity.js";
import { freeze, isEqual, isObject, isSame, put, type Json, type JsonObject } from "./json.js";
import { misplaced, placeOf, pointerOf, type Change } from "./merge_elements.js";
import { layoutOf, withRows } from "./merge_layout.js";
import { ordered, renamed, type Named } from "./merge_order.js";
import { placed, PLACED, rectangleOf } from "./merge_places.js";
import { escaped } from "./pointer.js";
import type { Side } from "./types.js";

export { conflicted, resolved } from "./conflicts.js";

export interface Merged {
  readonly document: Json;
  /** JSON pointers; an element is named by its index in `theirs`, or in the base if `theirs` deleted it. */
  readonly conflicts: readonly string[];
  /** Pointers, in the document, of what was moved down because it overlapped. */
  readonly adjusted: readonly string[];
}

/** Which side's value the result has at each conflict, or at the conflict with a pointer. */
export type Preferred = Side | ((pointer: string) => Side);

/** What a module that does not load this one gets as a value. */
export type Merge = typeof merge;

type List = readonly Json[];

/** A merge under way. */
interface Task {
  readonly prefer: (pointer: string) => Side;
  /** If both have changed the order of members, which is not a conflict, that of `theirs` is kept unless this is `mine`. */
  readonly order: Preferred;
  readonly disputed: ReadonlySet<string>;
  /** The pointers of objects and arrays in which something is disputed. */
  readonly around: ReadonlySet<string>;
  /** Pointers that name two elements: one that `theirs` deleted, and another that it added or changed. */
  readonly ambiguous: Set<string>;
  /** Places where what was taken from both sides does not go together, and the pointers around them. */
  readonly misplaced: ReadonlySet<string>;
  readonly aroundMisplaced: ReadonlySet<string>;
  readonly conflicts: string[];
  readonly taken: { readonly theirs: Change[]; readonly mine: Change[] };
}

/**
 * Merge two documents that have the same base.
 *
 * At each conflict, and at each pointer of `disputed`, the result has the value of the side `prefer`.
 */
export function merge(base: Json, theirs: Json, mine: Json, prefer: Preferred = "theirs", disputed: readonly string[] = []): Merged {
  const layout = layoutOf(base, theirs, mine);
  const joined = (places: readonly string[]) => {
    const task: Task = {
      prefer: typeof prefer === "function" ? prefer : () => prefer,
      order: prefer,
      disputed: new Set(disputed),
      around: around(disputed),
      ambiguous: new Set(),
      misplaced: new Set(places),
      aroundMisplaced: around(places.map(pointerOf)),
      conflicts: [],
      taken: { theirs: [], mine: [] },
    };
    const document = join(task, base, layout.theirs, layout.mine, "") ?? null;
    return { ...task, ...layout.settle(document), document };
  };
  let made = joined([]);
  const places = [...made.tooWide, ...misplaced(theirs, mine, made.taken, withRows(made.document, made.shifted))];
  // Then each side decides there as in any other conflict.
  if (places.length) made = joined(places);
  const conflicts = [...new Set([...made.conflicts, ...places.map(pointerOf)])];
  const document = withRows(made.document, made.shifted);
  return conflicts.length ? { document, conflicts, adjusted: [] } : { document: withRows(document, made.apart), conflicts, adjusted: [...made.apart.keys()] };
}

/** The pointers of all objects and arrays around the values at some pointers. */
function around(pointers: readonly string[]): Set<string> {
  return new Set(pointers.flatMap((pointer) => [...pointer.matchAll(/\//g)].map(({ index }) => pointer.slice(0, index))));
}

function join(task: Task, base: Json | undefined, theirs: Json | undefined, mine: Json | undefined, path: string, isElement = false): Json | undefined {
  if (isEqual(theirs, mine)) return theirs;
  if (task.misplaced.has(placeOf(base, theirs, path))) return preferred(task, path, theirs, mine);
  const take = (side: Side, after: Json | undefined) => {
    task.taken[side].push({ pointer: path, isElement, before: base, after });
    return after;
  };
  const isMisplaced = task.aroundMisplaced.has(path);
  // What they left alone was never disputed.
  if (!isMisplaced && isEqual(base, theirs)) return take("mine", mine);
  // What is disputed stays so, though mine may have returned to the base since.
  const isDisputed = task.disputed.has(path) && !task.ambiguous.has(path);
  if (!isMisplaced && !isDisputed && !task.around.has(path) && isEqual(base, mine)) return take("theirs", theirs);
  if (isObject(base) && isObject(theirs) && isObject(mine)) {
    const isPlaced = [base, theirs, mine].every((side) => rectangleOf(side) !== undefined);
    if (isPlaced || !isDisputed) return members(task, base, theirs, mine, path, isPlaced, isDisputed);
  } else if (!isDisputed) {
    const identity = identityOf(base, theirs, mine);
    if (identity) return elements(task, identity, base as List, theirs as List, mine as List, path);
    const sets = [base, theirs, mine].map(textsOf);
    if (areOneWay(sets)) {
      take("theirs", theirs);
      take("mine", mine);
      return texts(...sets);
    }
    // One side may have changed only the order of members.
    if (isSame(base, theirs)) return take("mine", mine);
    if (isSame(base, mine)) return take("theirs", theirs);
    if (isSame(theirs, mine)) return theirs;
  }
  return preferred(task, path, theirs, mine);
}

/** Note a conflict, and return the value that the result has there. */
function preferred(task: Task, path: string, theirs: Json | undefined, mine: Json | undefined): Json | undefined {
  return decided(task, path) === "mine" ? mine : theirs;
}

/** Note a conflict, and return the side whose value the result has there. */
function decided(task: Task, path: string): Side {
  task.conflicts.push(path);
  return task.prefer(path);
}

function members(task: Task, base: JsonObject, theirs: JsonObject, mine: JsonObject, path: string, isPlaced: boolean, isDisputed: boolean): Json {
  const byName = (side: JsonObject): Named => new Map(Object.entries(side));
  const sides = [byName(base), byName(theirs), byName(mine)] as const;
  const joined = each(...sides, (name, ...values) => (isPlaced && PLACED.includes(name) ? undefined : join(task, ...values, `${path}/${escaped(name)}`)));
  if (isPlaced) for (const each of placed(base, theirs, mine, isDisputed, () => decided(task, path))) joined.set(...each);
  const made: Record<string, Json> = {};
  for (const name of ordered(...sides, joined, () => task.order).order) put(made, name, joined.get(name) as Json);
  return freeze(made);
}

function elements(task: Task, identity: string, base: List, theirs: List, mine: List, path: string): Json {
  const byIdentity = (side: List): Named => new Map(side.map((element) => [nameOf(element, identity), element]));
  const sides = [byIdentity(base), byIdentity(theirs), byIdentity(mine)] as const;
  // The last side that has an element sets its index: `mine` only if the element is new.
  const pointers = new Map([mine, base, theirs].flatMap((side) => side.map((element, index) => [nameOf(element, identity), `${path}/${index}`])));
  const at = (name: string) => pointers.get(name) ?? path;
  if (task.disputed.size) for (const pointer of ambiguous(sides[0], sides[1], at)) task.ambiguous.add(pointer);
  const joined = each(...sides, (name, ...values) => join(task, ...values, at(name), true));
  if (NAMES.includes(identity)) task.conflicts.push(...renamed(...sides).map(at));
  const { order, isDisputed } = ordered(...sides, joined, () => task.prefer(path));
  if (isDisputed) task.conflicts.push(path);
  return freeze(order.map((name) => joined.get(name) as Json));
}

/** The pointers of elements that `theirs` deleted which also are those of elements that it added or changed. */
function ambiguous(base: Named, theirs: Named, at: (name: string) => string): string[] {
  const changed = new Set([...theirs].filter(([name, element]) => !isEqual(base.get(name), element)).map(([name]) => at(name)));
  return [...base.keys()].filter((name) => !theirs.has(name)).map(at).filter((pointer) => changed.has(pointer));
}

/** The texts of an array in their order; undefined if it is something else, or repeats one. */
function textsOf(side: Json | undefined): Named | undefined {
  if (!Array.isArray(side) || !side.every((each) => typeof each === "string")) return undefined;
  const found = new Map(side.map((text) => [text, text] as const));
  return found.size === side.length ? found : undefined;
}

/** Whether three arrays are sets of texts, to which each side only added or from which each only removed. */
function areOneWay(sets: readonly (Named | undefined)[]): sets is [Named, Named, Named] {
  const [base, ...sides] = sets;
  if (!base?.size) return false;
  return sides.every((side) => {
    const common = side && [...side.keys()].filter((text) => base.has(text));
    return common && [base.size, side.size].includes(common.length) && isEqual(common, [...base.keys()].filter((text) => side.has(text)));
  });
}

function texts(base: Named, theirs: Named, mine: Named): Json {
  const all = new Map([...base, ...theirs, ...mine]);
  const kept = new Map([...all].filter(([text]) => (base.has(text) ? theirs.has(text) && mine.has(text) : true)));
  return freeze(ordered(base, theirs, mine, kept, () => "theirs").order);
}

type Joined = (name: string, base: Json | undefined, theirs: Json | undefined, mine: Json | undefined) => Json | undefined;

function each(base: Named, theirs: Named, mine: Named, joinedOf: Joined): Map<string, Json> {
  const joined = new Map<string, Json>();
  for (const name of new Set([...theirs.keys(), ...mine.keys(), ...base.keys()])) {
    const value = joinedOf(name, base.get(name), theirs.get(name), mine.get(name));
    if (value !== undefined) joined.set(name, value);
  }
  return joined;
}
