/** The order of a merge's outcome, which is merged separately from the values. */

import { isEqual, type Json } from "./json.js";
import type { Preferred } from "./merge.js";

/** An object's members by name, or an array's elements by identity, in their order. */
export type Named = ReadonlyMap<string, Json>;

/** Order the kept names: old ones as in the side that reordered them, new ones after the old name that they follow. */
export function ordered(base: Named, theirs: Named, mine: Named, kept: Named, prefer: () => Preferred): { order: string[]; isDisputed: boolean } {
  const isOld = (name: string) => base.has(name) && kept.has(name);
  const old = [...base.keys()].filter(isOld);
  const [inTheirs, inMine] = [[...theirs.keys()].filter(isOld), [...mine.keys()].filter(isOld)];
  const isMoved = (side: Named, names: string[]) => !isEqual(names, old.filter((name) => side.has(name)));
  const [theyMoved, iMoved] = [isMoved(theirs, inTheirs), isMoved(mine, inMine)];
  const isDisputed = theyMoved && iMoved && !isEqual(inTheirs, inMine);
  const isMine = isDisputed ? prefer() === "mine" : iMoved;
  const skeleton = isMine ? inMine : theyMoved ? inTheirs : old;
  const isNew = (name: string) => !base.has(name) && kept.has(name);
  const added = [runs(theirs.keys(), isOld, isNew), runs(mine.keys(), isOld, isNew)] as const;
  const order = new Set<string>();
  for (const name of [undefined, ...skeleton, ...old]) {
    if (name !== undefined) order.add(name);
    for (const next of alternated(added[0].get(name) ?? [], added[1].get(name) ?? [])) order.add(next);
  }
  return { order: [...order], isDisputed };
}

/** List the names that both sides removed while each added its own at the same place: both renamed the element. */
export function renamed(base: Named, theirs: Named, mine: Named): string[] {
  const isKept = (name: string) => base.has(name) && theirs.has(name) && mine.has(name);
  const isNew = (name: string) => !base.has(name) && theirs.has(name) !== mine.has(name);
  const [inTheirs, inMine] = [runs(theirs.keys(), isKept, isNew), runs(mine.keys(), isKept, isNew)];
  const removed = runs(base.keys(), isKept, (name) => !theirs.has(name) && !mine.has(name));
  return [...removed].flatMap(([place, names]) => (inTheirs.has(place) && inMine.has(place) ? names : []));
}

/** Group the wanted names by the known name that they follow; undefined stands for the start. */
function runs(names: Iterable<string>, isKnown: (name: string) => boolean, isWanted: (name: string) => boolean): Map<string | undefined, string[]> {
  const found = new Map<string | undefined, string[]>();
  let behind: string | undefined;
  for (const name of names) {
    if (isKnown(name)) behind = name;
    else if (isWanted(name) && !found.get(behind)?.push(name)) found.set(behind, [name]);
  }
  return found;
}

/** Interleave two runs by name, keeping the order of each; a name in both waits until it is first in both. */
function alternated(one: readonly string[], other: readonly string[]): Iterable<string> {
  const [inOne, inOther] = [new Set(one), new Set(other)];
  const joined = new Set<string>();
  let [left, right] = [0, 0];
  while (left < one.length && right < other.length) {
    const heads = [one[left], other[right]] as [string, string];
    const waits = (name: string) => Number(heads[0] !== heads[1] && inOne.has(name) && inOther.has(name));
    const [next] = [...heads].sort((first, second) => waits(first) - waits(second) || (first < second ? -1 : 1));
    joined.add(next as string);
    while (joined.has(one[left] as string)) left += 1;
    while (joined.has(other[right] as string)) right += 1;
  }
  return new Set([...joined, ...one.slice(left), ...other.slice(right)]);
}
