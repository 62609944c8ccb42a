// What a front end does to a shared document when its user edits: it assigns what changed, inserts what is new and
// deletes what is gone, and never replaces what it can change in place.
import { isDeepStrictEqual } from 'node:util';
import { identity } from './identity.js';

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/**
 * Changes a shared object so that it goes from `before` to `after`.
 * @param at how the library reads and changes: `set` and `remove` a member, `insert` and `removeAt` an index, and
 *   `inside` to read either
 */
export function change(target, before, after, at) {
  for (const name of Object.keys(before)) if (!(name in after)) at.remove(target, name);
  for (const [name, value] of Object.entries(after)) {
    if (isDeepStrictEqual(before[name], value)) continue;
    if (isObject(before[name]) && isObject(value)) change(at.inside(target, name), before[name], value, at);
    else if (isChangedInPlace(before[name], value)) changeList(at.inside(target, name), before[name], value, at);
    else at.set(target, name, value);
  }
}

/** Lists of elements are changed in place; so are lists of texts to which someone only added, or only removed from. */
function isChangedInPlace(before, after) {
  if (!Array.isArray(before) || !Array.isArray(after)) return false;
  if ([...before, ...after].every(isObject)) return true;
  const kept = before.filter((each) => after.includes(each));
  const areTexts = [...before, ...after].every((each) => typeof each === 'string');
  return areTexts && (kept.length === before.length || kept.length === after.length);
}

function changeList(target, before, after, at) {
  const old = new Map(before.map((element) => [identity(element), element]));
  const names = after.map(identity);
  const current = before.map(identity);
  const staying = new Set(longestInOrder(names.filter((name) => old.has(name)), current));
  for (let index = current.length - 1; index >= 0; index -= 1) {
    if (staying.has(current[index])) continue;
    at.removeAt(target, index);
    current.splice(index, 1);
  }
  names.forEach((name, index) => {
    if (!staying.has(name)) at.insert(target, index, after[index]);
    else if (isObject(after[index])) change(at.inside(target, index), old.get(name), after[index], at);
  });
}

/** The most names that stand in one order in both, so that a dragged element alone is taken out and put back. */
function longestInOrder(names, current) {
  const places = names.map((name) => current.indexOf(name));
  const longest = (runs) => runs.reduce((best, run) => (run.names.length > best.length ? run.names : best), []);
  const runs = [];
  places.forEach((place, index) => {
    runs.push({ place, names: [...longest(runs.filter((run) => run.place < place)), names[index]] });
  });
  return longest(runs);
}
