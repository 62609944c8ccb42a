/** JSON patches (RFC 6902): what a save sends, and how unsaved edits are stored. */

import { identityOf, nameOf } from "./identity.js";
import { isEqual, isObject, type Json, type JsonObject } from "./json.js";
import { escaped } from "./pointer.js";

export type Operation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: Json }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move"; readonly from: string; readonly path: string };

/**
 * List the operations that turn `before` into `after`, including the order of members.
 *
 * The operations name only what differs, so that unknown members and numbers that JavaScript cannot represent are never
 * written back. A value that moved is moved, not rewritten.
 */
export function diff(before: Json, after: Json): Operation[] {
  const operations: Operation[] = [];
  compare(before, after, "", operations);
  return operations;
}

function compare(before: Json, after: Json, path: string, into: Operation[]): void {
  if (before === after) return;
  if (isObject(before) && isObject(after)) return compareMembers(before, after, path, into);
  if (Array.isArray(before) && Array.isArray(after)) {
    const identity = identityOf(before, after);
    return identity ? compareNamed(identity, before, after, path, into) : compareIndexed(before, after, path, into);
  }
  into.push({ op: "replace", path, value: after });
}

function compareMembers(before: JsonObject, after: JsonObject, path: string, into: Operation[]): void {
  const at = (name: string) => `${path}/${escaped(name)}`;
  const [old, wanted] = [Object.keys(before), Object.keys(after)];
  if (isEqual(old, wanted)) {
    const [values, known] = [Object.values(after), Object.values(before)];
    return wanted.forEach((name, index) => {
      if (values[index] !== known[index]) compare(known[index] as Json, values[index] as Json, at(name), into);
    });
  }
  const order = old.filter((name) => Object.hasOwn(after, name));
  for (const name of old) if (!Object.hasOwn(after, name)) into.push({ op: "remove", path: at(name) });
  for (const name of wanted) {
    const value = after[name] as Json;
    if (Object.hasOwn(before, name)) compare(before[name] as Json, value, at(name), into);
    else {
      into.push({ op: "add", path: at(name), value });
      order.push(name);
    }
  }
  // A member moves to the end via a temporary name, because moving it to its own path changes nothing.
  for (const name of wanted.slice(prefixInOrder(asKeys(order), wanted))) {
    let aside = `${name}~`;
    while (Object.hasOwn(before, aside) || Object.hasOwn(after, aside)) aside += "~";
    into.push({ op: "move", from: at(name), path: at(aside) }, { op: "move", from: at(aside), path: at(name) });
  }
}

/** Order names like the keys of an object: JavaScript puts array indexes first. */
function asKeys(names: readonly string[]): string[] {
  return Object.keys(Object.fromEntries(names.map((name) => [name, 0])));
}

/** Return how many of the wanted names can stay in place; the rest move to the end, one after another. */
function prefixInOrder(order: readonly string[], wanted: readonly string[]): number {
  let from = 0;
  const count = wanted.findIndex((name) => {
    const index = order.indexOf(name, from);
    if (index >= 0) from = index + 1;
    return index < 0;
  });
  return count < 0 ? wanted.length : count;
}

function compareNamed(identity: string, before: readonly Json[], after: readonly Json[], path: string, into: Operation[]): void {
  const wanted = after.map((each) => nameOf(each, identity));
  const kept = new Set(wanted);
  const names = before.map((each) => nameOf(each, identity));
  const old = new Map(names.map((name, index) => [name, before[index] as Json]));
  for (let index = names.length - 1; index >= 0; index -= 1) {
    if (kept.has(names[index] as string)) continue;
    into.push({ op: "remove", path: `${path}/${index}` });
    names.splice(index, 1);
  }
  wanted.forEach((name, index) => {
    if (names[index] === name) return;
    const from = names.indexOf(name);
    if (from < 0) into.push({ op: "add", path: `${path}/${index}`, value: after[index] as Json });
    else {
      into.push({ op: "move", from: `${path}/${from}`, path: `${path}/${index}` });
      names.splice(from, 1);
    }
    names.splice(index, 0, name);
  });
  wanted.forEach((name, index) => {
    const element = old.get(name);
    if (element !== undefined) compare(element, after[index] as Json, `${path}/${index}`, into);
  });
}

function compareIndexed(before: readonly Json[], after: readonly Json[], path: string, into: Operation[]): void {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && isEqual(before[start], after[start])) start += 1;
  let end = 0;
  while (end < shorter - start && isEqual(before.at(-1 - end), after.at(-1 - end))) end += 1;
  const common = shorter - end;
  for (let index = start; index < common; index += 1) compare(before[index] as Json, after[index] as Json, `${path}/${index}`, into);
  for (let index = before.length - end - 1; index >= common; index -= 1) into.push({ op: "remove", path: `${path}/${index}` });
  for (let index = common; index < after.length - end; index += 1) into.push({ op: "add", path: `${path}/${index}`, value: after[index] as Json });
}
