/** What identifies the elements of arrays, so that they can be compared and merged one by one. */

import { isObject, member, type Json, type JsonObject } from "./json.js";
import { tokensOf } from "./pointer.js";

export const IDENTITIES = ["id", "i", "uid"];
/** Members that identify elements until they are edited; used only if no element has one of IDENTITIES. */
export const NAMES: readonly string[] = ["key", "refId", "name"];

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

/** Return the value at one of a conflict's pointers, which name elements by index in one of the documents `named`. */
export function valueOf(document: Json, pointer: string, named: readonly Json[]): Json | undefined {
  let places: readonly (Json | undefined)[] = [document, ...named];
  for (const token of tokensOf(pointer)) {
    const lists = places.filter(Array.isArray) as (readonly Json[])[];
    const identity = identityOf(...lists);
    const element = lists.slice(Array.isArray(places[0]) ? 1 : 0).map((list) => list[Number(token)]).find(Boolean);
    const inList = (list: readonly Json[]) => (identity && element ? list.find((one) => nameOf(one, identity) === nameOf(element, identity)) : list[Number(token)]);
    places = places.map((place) => (Array.isArray(place) ? inList(place as readonly Json[]) : member(place, token)));
  }
  return places[0];
}
