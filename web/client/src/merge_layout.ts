/** The grids that both sides of a merge changed: what each side meant there, and how it fits together. */

import { freeze, type Json, type JsonObject } from "./json.js";
import { bottom, exceeds, findPlacements, gridsOf, overlap, overlaps, right, shareColumn, visible, type Placement, type Placements } from "./merge_grids.js";
import { tokensOf } from "./pointer.js";

/** The most elements of a grid in which what overlaps is moved apart, as on the server. */
const MOST_MOVED_APART = 500;

/** Rows (`y`) by the pointer of a placement. */
type Rows = ReadonlyMap<string, number>;

/** What becomes of a merged document's placements. */
export interface Settled {
  /** What a grid shifted and nobody moved. */
  readonly shifted: Rows;
  /** The places of what reaches further right than anything in its grid did on either side. */
  readonly tooWide: readonly string[];
  /** What has to move down because it overlaps. */
  readonly apart: Rows;
}

export interface Layout {
  /** The documents without what they only shifted, so that a shift is no edit. */
  readonly theirs: Json;
  readonly mine: Json;
  settle(document: Json): Settled;
}

interface Grid {
  readonly ids: readonly string[];
  readonly base: Placements;
  readonly theirs: Side;
  readonly mine: Side;
}

/** The visible placements of a grid on one side, and which of them it only shifted. */
interface Side {
  readonly placements: Placements;
  readonly shifted: ReadonlySet<string>;
}

/** Find the grids that both sides changed. */
export function layoutOf(base: Json, theirs: Json, mine: Json): Layout {
  const { placements, members } = findPlacements([base, theirs, mine]);
  const [before, saved, sent] = placements as [Placements, Placements, Placements];
  const isChanged = (id: string, side: Placements) => !isAlike(before.get(id), side.get(id)) || before.get(id)?.isVisible !== side.get(id)?.isVisible;
  const shared = gridsOf(placements).filter((ids) => [saved, sent].every((side) => ids.some((id) => isChanged(id, side))));
  const grids = shared.map((ids): Grid => {
    const shown = visible(before, ids);
    const side = (all: Placements) => ({ placements: visible(all, ids), shifted: shiftedOf(shown, visible(all, ids)) });
    return { ids, base: shown, theirs: side(saved), mine: side(sent) };
  });
  const unshifted = (document: Json, sideOf: (grid: Grid) => Side) =>
    withRows(document, new Map(grids.flatMap((grid) => [...sideOf(grid).shifted].map((id) => [sideOf(grid).placements.get(id)!.pointer, grid.base.get(id)!.y]))));
  return {
    theirs: unshifted(theirs, (grid) => grid.theirs),
    mine: unshifted(mine, (grid) => grid.mine),
    settle(document) {
      const found = grids.length ? (findPlacements([document], members).placements[0] as Placements) : new Map<string, Placement>();
      const [shifted, apart, tooWide] = [new Map<string, number>(), new Map<string, number>(), [] as string[]];
      for (const grid of grids) {
        const outcome = new Map(grid.ids.flatMap((id) => found.get(id) ?? []).map((placement) => [JSON.stringify(placement.key), placement]));
        for (const [id, y] of shiftsOf(grid, outcome)) {
          const placement = outcome.get(id)!;
          outcome.set(id, { ...placement, y });
          shifted.set(placement.pointer, y);
        }
        const shown = visible(outcome, outcome.keys());
        const edge = Math.max(0, ...[grid.theirs, grid.mine].flatMap((side) => [...side.placements.values()].map(right)));
        tooWide.push(...[...shown].filter(([, placement]) => exceeds(right(placement), edge)).map(([id]) => `theirs${saved.get(id)!.pointer}`));
        for (const [id, y] of apartOf(grid, shown)) apart.set(shown.get(id)!.pointer, y);
      }
      return { shifted, tooWide, apart };
    },
  };
}

/** Copy a document with other rows of some placements. */
export function withRows(document: Json, rows: Rows): Json {
  const put = (value: Json, tokens: readonly string[], y: number): Json => {
    const [token, ...rest] = tokens;
    if (token === undefined) return freeze({ ...(value as JsonObject), y });
    if (Array.isArray(value)) return freeze((value as Json[]).map((each, index) => (String(index) === token ? put(each, rest, y) : each)));
    return freeze({ ...(value as JsonObject), [token]: put((value as JsonObject)[token] as Json, rest, y) });
  };
  let changed = document;
  for (const [pointer, y] of rows) changed = put(changed, tokensOf(pointer), y);
  return changed;
}

function isAlike(one: Placement | undefined, other: Placement | undefined): boolean {
  return one === other || (!!one && !!other && one.x === other.x && one.y === other.y && one.w === other.w && one.h === other.h);
}

/**
 * The elements that a grid pushed or pulled: their row alone is another, something above them in their columns was added,
 * removed, moved or resized, their order towards every other element of their columns is what it was, and they left no gap.
 */
function shiftedOf(before: Placements, after: Placements): Set<string> {
  const ids = [...new Set([...before.keys(), ...after.keys()])];
  const changed = ids.filter((id) => !isAlike(before.get(id), after.get(id)));
  const isBelow = (side: Placements, own: Placement) => changed.some((id) => isAbove(side.get(id), own));
  const top = Math.min(...[...before.values(), ...after.values()].map(({ y }) => y));
  return new Set(
    changed.filter((id) => {
      const [was, now] = [before.get(id), after.get(id)];
      if (!was || !now || was.x !== now.x || was.y === now.y || !(isBelow(before, was) || isBelow(after, now))) return false;
      const [oldGap, gap] = [gapAbove(before, was, top), gapAbove(after, now, top)];
      return (!exceeds(gap, 0) || !exceeds(Math.abs(gap - oldGap), 0)) && !hasPassed(before, after, was, now);
    }),
  );
}

function isAbove(one: Placement | undefined, other: Placement): boolean {
  return one !== undefined && one.y < other.y && shareColumn(one, other);
}

/** How far an element is from what is above it in its columns, or else from the top. */
function gapAbove(side: Placements, own: Placement, top: number): number {
  const above = [...side.values()].filter((other) => isAbove(other, own)).map(bottom);
  return own.y - Math.max(top, ...above);
}

/** Whether an element's order towards another that was and is in its columns has changed. */
function hasPassed(before: Placements, after: Placements, was: Placement, now: Placement): boolean {
  return [1, -1].some((sign) => {
    const passed = [...before].flatMap(([id, otherWas]) => {
      const otherNow = after.get(id);
      return otherNow && (otherWas.y - was.y) * sign > 0 && (otherNow.y - now.y) * sign < 0 ? [{ otherWas, otherNow }] : [];
    });
    return passed.some(({ otherWas }) => shareColumn(otherWas, was)) && passed.some(({ otherNow }) => shareColumn(otherNow, now));
  });
}

/** What was shifted and not moved, with its row: of two shifts the greater. */
function shiftsOf({ base, theirs, mine }: Grid, outcome: Placements): [string, number][] {
  return [...new Set([...theirs.shifted, ...mine.shifted])].flatMap((id): [string, number][] => {
    const [was, now] = [base.get(id)!, outcome.get(id)];
    if (!now || now.x !== was.x || now.y !== was.y) return [];
    return [[id, Math.max(...[theirs, mine].filter(({ shifted }) => shifted.has(id)).map(({ placements }) => placements.get(id)!.y))]];
  });
}

/** The rows of what has to move down: what nobody moved, resized or added gives way before what mine did; what theirs did stays. */
function apartOf({ base, theirs, mine }: Grid, outcome: Placements): Map<string, number> {
  const moved = new Map<string, number>();
  const sides = [base, theirs.placements, mine.placements];
  if (outcome.size > MOST_MOVED_APART || !overlaps(outcome) || sides.some(overlaps)) return moved;
  const isPlaced = (id: string, { placements, shifted }: Side) => {
    const [was, now] = [base.get(id), placements.get(id)];
    return now && (!was || !isAlike(was, shifted.has(id) ? { ...now, y: was.y } : now));
  };
  const rank = (id: string) => {
    const inTheirs = isPlaced(id, theirs);
    if (inTheirs && isAlike(theirs.placements.get(id), outcome.get(id))) return 0;
    return inTheirs || isPlaced(id, mine) ? 1 : 2;
  };
  const byPlace = (one: Placement, other: Placement) => one.y - other.y || one.x - other.x || right(one) - right(other);
  const order = [...outcome].map(([id, placement]) => ({ id, placement, rank: rank(id) }));
  order.sort((one, other) => one.rank - other.rank || byPlace(one.placement, other.placement));
  const settled: Placement[] = [];
  for (const { id, placement } of order) {
    let free = placement;
    for (const other of settled) if (overlap(free, other)) free = { ...free, y: bottom(other) };
    if (free !== placement) moved.set(id, free.y);
    settled.push(free);
    settled.sort((one, other) => one.y - other.y);
  }
  return moved;
}
