/**
 * The grids of dashboards, found by what their elements look like: objects with finite numbers `x` and `y` and positive
 * `w` and `h`. The placements of a grid have paths that differ in one name or identity alone.
 *
 * A browser merges one dashboard, so placements are compared pair by pair.
 */

import { identityOf, nameOf } from "./identity.js";
import { isObject, type Json } from "./json.js";
import { rectangleOf, type Rectangle } from "./merge_places.js";
import { escaped } from "./pointer.js";

/** By how much, in the grid's unit, two placements may meet without overlapping: grids in percent have thirds. */
const TOLERANCE = 1e-6;

/** Names of members and identities of elements, from the root; an identity starts with `[`. */
type Key = readonly string[];

export interface Placement extends Rectangle {
  readonly key: Key;
  /** Where it is in its own document. */
  readonly pointer: string;
  readonly isVisible: boolean;
}

/** Placements by key, as text. */
export type Placements = ReadonlyMap<string, Placement>;

interface Found {
  readonly placements: readonly Placements[];
  /** By which member the elements of arrays are identified. */
  readonly members: ReadonlyMap<string, string>;
}

interface Value {
  readonly side: number;
  readonly value: Json;
  readonly pointer: string;
  readonly isVisible: boolean;
}

/** Find the placements of documents that have one base; `known` are the members that identify elements, if they were found before. */
export function findPlacements(documents: readonly Json[], known?: ReadonlyMap<string, string>): Found {
  const placements = documents.map(() => new Map<string, Placement>());
  const members = new Map<string, string>();
  const visit = (key: Key, values: readonly Value[]): void => {
    const id = JSON.stringify(key);
    const inside = new Map<string, Value[]>();
    const add = (name: string, value: Value) => inside.set(name, [...(inside.get(name) ?? []), value]);
    const objects = values.filter(({ value }) => isObject(value));
    for (const { side, value, pointer, isVisible } of objects) {
      const { isVisible: visibility, hidden } = value as { isVisible?: Json; hidden?: Json };
      const isShown = isVisible && visibility !== false && hidden !== true;
      const rectangle = rectangleOf(value);
      if (rectangle) placements[side]?.set(id, { ...rectangle, key, pointer, isVisible: isShown });
      for (const [name, part] of Object.entries(value as object)) {
        if (typeof part === "object" && part !== null) add(`/${name}`, { side, value: part, pointer: `${pointer}/${escaped(name)}`, isVisible: isShown });
      }
    }
    const arrays = objects.length ? [] : values.filter(({ value }) => Array.isArray(value));
    const identity = arrays.length ? (known ? known.get(id) : identityOf(...arrays.map(({ value }) => value))) : undefined;
    if (identity) {
      members.set(id, identity);
      for (const { side, value, pointer, isVisible } of arrays) {
        (value as Json[]).forEach((element, index) => add(`[${nameOf(element, identity)}`, { side, value: element, pointer: `${pointer}/${index}`, isVisible }));
      }
    }
    for (const [name, each] of inside) visit([...key, name], each);
  };
  visit([], documents.map((value, side) => ({ side, value, pointer: "", isVisible: true })));
  return { placements, members };
}

/**
 * Group the keys of placements by their grid.
 *
 * Where more than one name differs (a breakpoint within an element, or an element within a breakpoint), the elements are what
 * an array identifies, or else the deepest names under which nothing overlaps on any side: an element overlaps itself at its
 * other breakpoints.
 */
export function gridsOf(sides: readonly Placements[]): string[][] {
  const keys = new Map(sides.flatMap((side) => [...side].map(([id, { key }]) => [id, key])));
  return families(keys).flatMap((family) => split(family.map((id) => keys.get(id) as Key), sides));
}

function split(family: readonly Key[], sides: readonly Placements[]): string[][] {
  const [first = []] = family;
  const differing = first.flatMap((_, level) => (family.some((key) => key[level] !== first[level]) ? [level] : []));
  const rank = (level: number) => Number(!first[level]?.startsWith("["));
  differing.sort((one, other) => rank(one) - rank(other) || other - one);
  const choices = differing.length ? differing.map((level) => [...grouped(family, (key) => without(key, level)).values()]) : [[[...family]]];
  const named = choices.map((choice) => choice.map((grid) => grid.map((key) => JSON.stringify(key))));
  const isApart = (choice: string[][]) => choice.every((grid) => sides.every((side) => !overlaps(visible(side, grid))));
  return (named.length > 1 && named.find(isApart)) || (named[0] as string[][]);
}

/** Group keys that are connected by keys that differ in one name or identity. */
function families(keys: ReadonlyMap<string, Key>): string[][] {
  const alike = new Map<string, string[]>();
  for (const [id, key] of keys) for (const level of key.keys()) push(alike, without(key, level), id);
  const left = new Set(keys.keys());
  const found: string[][] = [];
  for (const start of left) {
    const family = [start];
    left.delete(start);
    // The family grows while it is read.
    for (const id of family) {
      const key = keys.get(id) as Key;
      for (const level of key.keys()) {
        const place = without(key, level);
        for (const near of alike.get(place) ?? []) if (left.delete(near)) family.push(near);
        alike.delete(place);
      }
    }
    found.push(family);
  }
  return found;
}

function without(key: Key, level: number): string {
  return JSON.stringify(key.map((name, at) => (at === level ? null : name)));
}

function grouped<T>(items: readonly T[], by: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) push(groups, by(item), item);
  return groups;
}

function push<T>(groups: Map<string, T[]>, name: string, item: T): void {
  const group = groups.get(name);
  if (group) group.push(item);
  else groups.set(name, [item]);
}

/** The visible placements of a grid. */
export function visible(placements: Placements, grid: Iterable<string>): Map<string, Placement> {
  const found = [...grid].flatMap((id) => placements.get(id) ?? []);
  return new Map(found.filter(({ isVisible }) => isVisible).map((placement) => [JSON.stringify(placement.key), placement]));
}

export const right = ({ x, w }: Rectangle): number => x + w;
export const bottom = ({ y, h }: Rectangle): number => y + h;
const meet = (start: number, end: number, otherStart: number, otherEnd: number): boolean => start + TOLERANCE < otherEnd && otherStart + TOLERANCE < end;

/** Whether two placements share a column. */
export function shareColumn(one: Rectangle, other: Rectangle): boolean {
  return meet(one.x, right(one), other.x, right(other));
}

/** Whether two placements share a cell. */
export function overlap(one: Rectangle, other: Rectangle): boolean {
  return shareColumn(one, other) && meet(one.y, bottom(one), other.y, bottom(other));
}

/** Whether any two placements of a grid overlap. */
export function overlaps(grid: Placements): boolean {
  const all = [...grid.values()].sort((one, other) => one.y - other.y);
  return all.some((one, index) => {
    for (let next = index + 1; next < all.length; next += 1) {
      const other = all[next] as Placement;
      if (other.y + TOLERANCE >= bottom(one)) return false;
      if (overlap(one, other)) return true;
    }
    return false;
  });
}

/** Whether a length is greater than another, to within the tolerance. */
export function exceeds(length: number, limit: number): boolean {
  return length > limit + TOLERANCE;
}
