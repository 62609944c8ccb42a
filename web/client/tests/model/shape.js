/**
 * The small config that the model uses: charts by name, filters by id, a theme, and `annotations`, which no client touches.
 *
 * A *place* names one value of it: `c/a/title`, `f/f1/value`, `theme`, `annotations`. Every value that somebody writes is a
 * new text, so that history tells who wrote it: `e1` is a user's edit, `c2` a correction, `o3` another writer's.
 *
 * The merge is the contract's, written apart from the client's, so that a mistake in that one shows.
 */

export const EMPTY = { chartCustomizations: {} };
/** Beyond what JavaScript can hold: the server keeps its text, a client sees it rounded. */
const BIG = "9007199254740993";

const textOf = (/** @type {any} */ value) => (value === undefined ? undefined : JSON.stringify(value));
const isObject = (/** @type {any} */ value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** The values of a config by place, as JSON texts. @param {any} config @returns {Map<string, string>} */
export function leaves(config) {
  const found = new Map();
  if (!config) return found;
  for (const [name, chart] of Object.entries(config.chartCustomizations)) addMembers(found, `c/${name}`, chart);
  for (const { id, ...filter } of config.filters ?? []) addMembers(found, `f/${id}`, filter);
  if ("theme" in config) found.set("theme", JSON.stringify(config.theme));
  if ("annotations" in config) found.set("annotations", JSON.stringify(config.annotations.text));
  return found;
}

/** @param {Map<string, string>} found @param {string} at @param {any} members */
function addMembers(found, at, members) {
  for (const [name, value] of Object.entries(members)) found.set(`${at}/${name}`, JSON.stringify(value));
}

/** The value at a place. @param {any} config @param {string} place */
export function valueAt(config, place) {
  const [part, name, member] = place.split("/");
  if (part === "c") return config?.chartCustomizations[name ?? ""]?.[member ?? ""];
  if (part === "f") return config?.filters?.find((/** @type {any} */ one) => one.id === name)?.[member ?? ""];
  return config?.[part ?? ""];
}

/** Put a value at a place; undefined removes it, or, where the place has no member, the chart or filter. @param {any} config @param {string} place @param {any} value */
export function withValue(config, place, value) {
  const [part = "", name = "", member] = place.split("/");
  if (part === "c") return { ...config, chartCustomizations: put(config.chartCustomizations, name, member && put(config.chartCustomizations[name] ?? {}, member, value)) };
  if (part === "f") return { ...config, filters: withFilter(config.filters ?? [], name, member, value) };
  return put(config, part, value);
}

/** @param {any[]} filters @param {string} id @param {string | undefined} member @param {any} value */
function withFilter(filters, id, member, value) {
  if (!member) return filters.filter((one) => one.id !== id);
  if (!filters.some((one) => one.id === id)) return value === undefined ? filters : [...filters, { id, [member]: value }];
  return filters.map((one) => (one.id === id ? put(one, member, value) : one));
}

/** @param {any} object @param {string} name @param {any} value */
function put(object, name, value) {
  if (value !== undefined) return { ...object, [name]: value };
  const { [name]: _, ...rest } = object;
  return rest;
}

/** A config as it travels: the large number is a number. @param {any} config */
export function toWire(config) {
  if (config?.annotations?.big !== BIG) return config;
  return { ...config, annotations: { ...config.annotations, big: Number(BIG) } };
}

/** A config that another writer annotates. @param {any} config @param {string} text */
export function annotated(config, text) {
  return { ...config, annotations: { text, big: BIG } };
}

/** Whether the large number is as it was written. @param {any} config */
export function isExact(config) {
  return !config?.annotations || config.annotations.big === BIG;
}

/**
 * Merge three ways, with the value of the side `prefer` where both changed one; what is at the pointers `disputed` is one value,
 * and has that of the side even if mine is the base again.
 *
 * @param {any} base @param {any} theirs @param {any} mine
 * @param {"mine" | "theirs" | ((pointer: string) => "mine" | "theirs")} [prefer] @param {readonly string[]} [disputed]
 * @returns {{ config: any, conflicts: string[] }}
 */
export function mergeShape(base, theirs, mine, prefer = "theirs", disputed = []) {
  /** @type {string[]} */
  const conflicts = [];
  /** @type {(b: any, t: any, m: any, path: string, isAmbiguous?: boolean) => any} */
  const join = (b, t, m, path, isAmbiguous = false) => {
    const [before, other, own] = [b, t, m].map(textOf);
    if (other === own) return t;
    if (before === other) return m;
    const isOne = disputed.includes(path) && !isAmbiguous;
    if (before === own && !isOne && !disputed.some((pointer) => pointer.startsWith(`${path}/`))) return t;
    if (!isOne && [b, t, m].every(isObject)) return objects(b, t, m, path);
    if (!isOne && [b, t, m].every(Array.isArray)) return lists(b, t, m, path);
    if (before === own && !isOne) return t;
    conflicts.push(path);
    return (typeof prefer === "function" ? prefer(path) : prefer) === "mine" ? m : t;
  };
  /** @type {typeof join} */
  const objects = (b, t, m, path) => {
    const names = new Set([...Object.keys(t), ...Object.keys(m), ...Object.keys(b)]);
    const joined = [...names].map((name) => [name, join(b[name], t[name], m[name], `${path}/${name}`)]);
    return Object.fromEntries(joined.filter(([, value]) => value !== undefined));
  };
  /** @type {(b: any[], t: any[], m: any[], path: string) => any[]} */
  const lists = (b, t, m, path) => {
    const ids = new Set([...t, ...m, ...b].map(({ id }) => id));
    const all = [...ids].map((id) => {
      const [before, other, own] = [b, t, m].map((side) => side.find((one) => one.id === id));
      const index = other ? t.indexOf(other) : before ? b.indexOf(before) : m.indexOf(own);
      return { before, other, own, index, isTheirs: textOf(before) !== textOf(other) };
    });
    const joined = all.map(({ before, other, own, index, isTheirs }) => {
      const isAmbiguous = isTheirs && all.filter((one) => one.isTheirs && one.index === index).length > 1;
      return join(before, other, own, `${path}/${index}`, isAmbiguous);
    });
    return joined.filter((value) => value !== undefined);
  };
  return { config: join(base ?? EMPTY, theirs, mine, "") ?? null, conflicts };
}

/** Apply a JSON Patch (RFC 6902) as a server does. @param {any} config @param {readonly any[]} operations */
export function patched(config, operations) {
  let document = structuredClone(config);
  for (const { op, from, path, value } of operations) {
    const added = op === "move" ? taken(document, from) : structuredClone(value);
    if (path === "") document = added;
    else if (op === "remove") taken(document, path);
    else place(document, path, added, op === "replace");
  }
  return document;
}

/** @param {any} document @param {string} path */
function parentOf(document, path) {
  const tokens = path.slice(1).split("/");
  const last = tokens.pop() ?? "";
  const parent = tokens.reduce((at, token) => at[token], document);
  if (typeof parent !== "object" || parent === null) throw new RangeError(`There is no ${path}.`);
  return { parent, last };
}

/** @param {any} document @param {string} path */
function taken(document, path) {
  const { parent, last } = parentOf(document, path);
  if (!(last in parent)) throw new RangeError(`There is no ${path}.`);
  const value = parent[last];
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete parent[last];
  return value;
}

/** @param {any} document @param {string} path @param {any} value @param {boolean} replaces */
function place(document, path, value, replaces) {
  const { parent, last } = parentOf(document, path);
  if (replaces && !(last in parent)) throw new RangeError(`There is no ${path}.`);
  if (Array.isArray(parent)) parent.splice(Number(last), replaces ? 1 : 0, value);
  else parent[last] = value;
}
