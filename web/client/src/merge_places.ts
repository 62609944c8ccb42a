/** The placements of dashboard elements in grids, recognized by what they look like. */

import { isEqual, member, type Json, type JsonObject } from "./json.js";
import type { Named } from "./merge_order.js";
import type { Side } from "./types.js";

const PLACE = ["x", "y"];
const SIZE = ["w", "h"];
/** The members of a placement that are not merged one by one. */
export const PLACED: readonly string[] = [...PLACE, ...SIZE];
/** Beyond it, sums are not exact, and no grid is that large. */
const LARGEST = 2 ** 53;

/** In the grid's unit. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/**
 * Return the rectangle of a placement, which is an object with numbers `x` and `y` and positive `w` and `h`, one of which may
 * be absent and is 1 then; undefined if the value is something else.
 */
export function rectangleOf(value: Json | undefined): Rectangle | undefined {
  const [x, y, width, height] = PLACED.map((name) => member(value, name));
  if (width === undefined && height === undefined) return undefined;
  const [w, h] = [width ?? 1, height ?? 1];
  return [x, y, w, h].every(isLength) && Number(w) > 0 && Number(h) > 0 ? ({ x, y, w, h } as Rectangle) : undefined;
}

function isLength(value: Json | undefined): boolean {
  return typeof value === "number" && Math.abs(value) <= LARGEST;
}

/**
 * Merge the place and the size of three placements, each of which is one value.
 *
 * `decide` is called once if both sides changed the place differently, or both the size. If the placement `isDisputed`, the
 * side that it returns has both.
 */
export function placed(base: JsonObject, theirs: JsonObject, mine: JsonObject, isDisputed: boolean, decide: () => Side): Named {
  let decision: Side | undefined;
  const preferred = () => ((decision ??= decide()) === "mine" ? mine : theirs);
  const sideOf = (names: readonly string[]) => {
    const valuesOf = (side: JsonObject): Json => names.map((name) => member(side, name) ?? null);
    const [before, saved, sent] = [valuesOf(base), valuesOf(theirs), valuesOf(mine)];
    if (isDisputed) return preferred();
    if (isEqual(before, sent) || isEqual(saved, sent)) return theirs;
    return isEqual(before, saved) ? mine : preferred();
  };
  const made = new Map<string, Json>();
  for (const names of [PLACE, SIZE]) {
    const side = sideOf(names);
    for (const name of names) if (Object.hasOwn(side, name)) made.set(name, side[name] as Json);
  }
  return made;
}
