/**
 * Immutable JSON values with structural sharing.
 *
 * `toJson` freezes every value that the client holds. Parts that a value shares with an earlier one need neither a
 * comparison nor a copy, so an edit of a large config is cheap.
 */

import { DashkeepError, messages } from "./errors.js";
import { escaped } from "./pointer.js";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/** Deeper than any document that the server accepts; it also stops objects that contain themselves. */
const MAX_DEPTH = 200;

/** The objects and arrays that this module has frozen, at every level. */
const frozen = new WeakSet<object>();

/**
 * Convert a value to the JSON that would be sent, reusing the parts of `previous` that are equal.
 *
 * Throws a DashkeepError with the code `not-json` that names the place of a value that JSON cannot represent: `undefined`
 * in an array, a function, a symbol, a bigint, a Map, a Set, NaN, an infinity, or an object that contains itself.
 */
export function toJson(value: unknown, previous?: Json): Json {
  try {
    return convert(value, previous, 0);
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    throw new DashkeepError(0, "not-json", { detail: messages["not-json"], errors: [{ pointer: error.pointer, message: error.message }] });
  }
}

/** A value that JSON cannot represent; its pointer is built while the error propagates, so valid values cost nothing. */
class Unfit extends Error {
  pointer = "";
}

function convert(value: unknown, previous: Json | undefined, depth: number): Json {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value === 0 ? 0 : value;
  if (typeof value !== "object") throw new Unfit(`${inWords(value)} cannot be saved as JSON.`);
  if (frozen.has(value)) return value as Json;
  if (depth === MAX_DEPTH) throw new Unfit("This is nested too deeply, or contains itself.");
  if ("toJSON" in value && typeof value.toJSON === "function") return convert(value.toJSON(), previous, depth + 1);
  if (Array.isArray(value)) return arrayOf(value, Array.isArray(previous) ? previous : undefined, depth + 1);
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (kind !== "Object") throw new Unfit(`A ${kind} cannot be saved as JSON.`);
  return objectOf(value as Given, isObject(previous) ? previous : undefined, depth + 1);
}

type Given = Readonly<Record<string, unknown>>;

function arrayOf(given: readonly unknown[], previous: readonly Json[] | undefined, depth: number): Json {
  const made: Json[] = [];
  for (let index = 0; index < given.length; index += 1) made.push(part(given, index, previous?.[index], depth));
  return previous && isEqual(made, previous) ? previous : freeze(made);
}

function objectOf(given: Given, previous: JsonObject | undefined, depth: number): Json {
  const made = { ...given } as Record<string, Json>;
  const values = Object.values(given);
  Object.keys(given).forEach((name, index) => {
    const value = values[index];
    if (value === undefined) delete made[name];
    else if (typeof value !== "object" || value === null || !frozen.has(value)) put(made, name, part(given, name, member(previous, name), depth));
  });
  return previous && isEqual(made, previous) ? previous : freeze(made);
}

function part(given: object, name: string | number, previous: Json | undefined, depth: number): Json {
  try {
    return convert((given as Given)[name], previous, depth);
  } catch (error) {
    if (error instanceof Unfit) error.pointer = `/${escaped(String(name))}${error.pointer}`;
    throw error;
  }
}

/** Freeze an object or array whose parts are frozen. */
export function freeze<T extends object>(made: T): T {
  frozen.add(made);
  return Object.freeze(made);
}

/** Whether two values are equal, including the order of members: pages draw charts in that order. */
export function isEqual(one: Json | undefined, other: Json | undefined): boolean {
  return compare(one, other, true);
}

/** Whether two values are equal, ignoring the order of members. */
export function isSame(one: Json | undefined, other: Json | undefined): boolean {
  return compare(one, other, false);
}

function compare(one: Json | undefined, other: Json | undefined, ordered: boolean): boolean {
  if (one === other) return true;
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length && one.every((each, index) => compare(each, other[index], ordered));
  }
  if (!isObject(one) || !isObject(other)) return false;
  const [names, others] = [Object.keys(one), Object.keys(other)];
  // Reading all values at once is several times as fast as looking up each.
  const [values, known] = [Object.values(one), ordered ? Object.values(other) : names.map((name) => member(other, name))];
  return names.length === others.length && names.every((name, index) => (!ordered || others[index] === name) && compare(values[index], known[index], ordered));
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function member(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Set a member; an assignment to `__proto__` would set the prototype. */
export function put(object: Record<string, Json>, name: string, value: Json): void {
  if (name === "__proto__") Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}

function inWords(value: unknown): string {
  if (typeof value === "number") return String(value);
  return value === undefined ? "An undefined element" : `A ${typeof value}`;
}
