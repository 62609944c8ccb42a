/**
 * Two sides of a config: where they differ, and how to copy one side's values into the other's document.
 */

const MISSING = Symbol("missing");
const IDENTITIES = ["id", "i"];

/**
 * Return whether two JSON values are equal, ignoring the order of members.
 *
 * @param {any} one
 * @param {any} other
 * @returns {boolean}
 */
export function same(one, other) {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => name in other && same(one[name], other[name]));
}

/**
 * Apply the changes from `base` to `mine` to `theirs`, member by member; an array is a single value.
 *
 * Used for edits made while a save was in flight; the server merges everything else.
 *
 * @param {any} base
 * @param {any} theirs
 * @param {any} mine
 * @returns {{ config: any, conflicts: string[] }} where both sides changed a value, the config has theirs
 */
export function rebase(base, theirs, mine) {
  /** @type {string[]} */
  const conflicts = [];
  const config = join(base, theirs, mine, "");
  return { config, conflicts };

  /** @type {(base: any, theirs: any, mine: any, pointer: string) => any} */
  function join(base, theirs, mine, pointer) {
    if (same(base, mine) || same(theirs, mine)) return theirs;
    if (same(base, theirs)) return mine;
    if (![base, theirs, mine].every(isPlain)) {
      conflicts.push(pointer);
      return theirs;
    }
    const names = new Set([...Object.keys(theirs), ...Object.keys(mine), ...Object.keys(base)]);
    const members = [...names].map((name) => [
      name,
      join(member(base, name), member(theirs, name), member(mine, name), `${pointer}/${escaped(name)}`),
    ]);
    return Object.fromEntries(members.filter(([, value]) => value !== MISSING));
  }
}

/**
 * Copy the values at some pointers from `from` into `into`; values that `from` lacks are removed from `into`.
 *
 * The server's pointers name an array element by its index in their document or in the base. Elements with an `id` or
 * `i` are found by it in any document.
 *
 * @param {any} into
 * @param {any} from
 * @param {readonly string[]} pointers
 * @param {readonly any[]} named the documents that the pointers' indexes may refer to
 */
export function withValuesOf(into, from, pointers, named) {
  let result = structuredClone(into);
  for (const pointer of pointers) {
    const path = pathOf(pointer, named);
    result = put(result, path, valueAt(from, path));
  }
  return result;
}

/**
 * Return the value at one of the server's pointers in a document; undefined if there is no such value.
 *
 * @param {any} document
 * @param {string} pointer
 * @param {readonly any[]} named
 */
export function valueOf(document, pointer, named) {
  const value = valueAt(document, pathOf(pointer, named));
  return value === MISSING ? undefined : value;
}

/** @typedef {string | { key: string, value: any }} Step a member's name or an element's identity */

/** @type {(pointer: string, named: readonly any[]) => Step[]} */
function pathOf(pointer, named) {
  const tokens = pointer.split("/").slice(1).map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  let documents = [...named];
  return tokens.map((token) => {
    const step = documents.map((document) => identity(document?.[token], document)).find(Boolean) ?? token;
    documents = documents.map((document) => valueAt(document, [step])).map((value) => (value === MISSING ? undefined : value));
    return step;
  });
}

/** @type {(element: any, array: any) => Step | undefined} */
function identity(element, array) {
  if (!Array.isArray(array) || !isPlain(element)) return undefined;
  const key = IDENTITIES.find((name) => name in element);
  return key && { key, value: element[key] };
}

/** @type {(document: any, path: readonly Step[]) => any} */
function valueAt(document, path) {
  let value = document;
  for (const step of path) {
    value = typeof step === "string" ? member(value, step) : element(value, step);
    if (value === MISSING) return MISSING;
  }
  return value;
}

/** @type {(document: any, path: readonly Step[], value: any) => any} */
function put(document, [step, ...rest], value) {
  if (step === undefined) return value === MISSING ? null : structuredClone(value);
  if (typeof step === "string" && !Array.isArray(document)) return putMember(isPlain(document) ? document : {}, step, rest, value);
  return putElement(Array.isArray(document) ? document : [], step, rest, value);
}

/** @type {(object: any, name: string, rest: readonly Step[], value: any) => any} */
function putMember(object, name, rest, value) {
  if (!rest.length && value === MISSING) {
    const { [name]: _, ...others } = object;
    return others;
  }
  return { ...object, [name]: put(object[name], rest, value) };
}

/** @type {(array: any[], step: Step, rest: readonly Step[], value: any) => any[]} */
function putElement(array, step, rest, value) {
  const index = typeof step === "string" ? Number(step) : array.findIndex((each) => each?.[step.key] === step.value);
  if (!rest.length && value === MISSING) return array.filter((_, place) => place !== index);
  const at = index < 0 ? array.length : index;
  return [...array.slice(0, at), put(array[at], rest, value), ...array.slice(at + 1)];
}

/** @type {(value: any, name: string) => any} */
function member(value, name) {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name) ? value[name] : MISSING;
}

/** @type {(array: any, step: { key: string, value: any }) => any} */
function element(array, step) {
  const found = Array.isArray(array) && array.find((each) => each?.[step.key] === step.value);
  return found || MISSING;
}

/** @param {any} value */
function isPlain(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {string} name */
function escaped(name) {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
