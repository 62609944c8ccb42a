/** Applying the JSON patches that `patch.ts` makes. This module is loaded when this browser has stored edits. */

import { freeze, isObject, member, put, toJson, type Json } from "./json.js";
import type { Operation } from "./patch.js";
import { tokensOf } from "./pointer.js";

/** Apply operations that `diff` has listed for this document. Throws a TypeError if they do not fit the document. */
export function apply(document: Json, operations: readonly Operation[]): Json {
  let result = document;
  for (const operation of operations) {
    const [tokens, value] = [tokensOf(operation.path), "value" in operation ? toJson(operation.value) : undefined];
    if (operation.op !== "move") result = change(result, tokens, operation.op, value);
    else {
      const moved = tokensOf(operation.from).reduce<Json | undefined>(child, result);
      result = change(change(result, tokensOf(operation.from), "remove", undefined), tokens, "add", moved);
    }
  }
  return result;
}

function child(value: Json | undefined, token: string): Json | undefined {
  return Array.isArray(value) ? value[Number(token)] : member(value, token);
}

function change(at: Json, [token, ...rest]: readonly string[], op: "add" | "replace" | "remove", value: Json | undefined): Json {
  if (token === undefined) return value as Json;
  const inner = () => change(child(at, token) as Json, rest, op, value);
  if (Array.isArray(at)) {
    const list: Json[] = [...at];
    const skipped = rest.length || op !== "add" ? 1 : 0;
    list.splice(Number(token), skipped, ...(rest.length || op !== "remove" ? [inner()] : []));
    return freeze(list);
  }
  if (!isObject(at)) throw new TypeError(`A patch does not fit its document at ${token}.`);
  const made: Record<string, Json> = {};
  for (const name of Object.keys(at)) if (name !== token || rest.length || op !== "remove") put(made, name, at[name] as Json);
  if (rest.length || op !== "remove") put(made, token, inner());
  return freeze(made);
}
