// What has changed from one config to another, in words.
import { filtersOf, isShown, themeOf } from "./config.js";
import { count } from "./words.js";

const MOST_NAMED = 2;

/**
 * Return what has changed, each with the ids of its charts: `{ text: "“Revenue” moved", ids: ["a"] }`. Charts that only made
 * room for a chart that was added, removed, shown or hidden are left out.
 *
 * @param {object | null} before
 * @param {object | null} after
 * @param {string} [added] the word for a chart that `before` does not have
 */
export function changesBetween(before, after, added = "added") {
  const [from, to] = [before, after].map((config) => config?.chartCustomizations ?? {});
  const byWord = new Map();
  for (const id of Object.keys({ ...from, ...to })) {
    const word = wordFor(from[id], to[id], added);
    byWord.set(word, [...(byWord.get(word) ?? []), { id, title: (to[id] ?? from[id]).title || "Untitled" }]);
  }
  byWord.delete(null);
  if ([added, "removed", "shown", "hidden"].some((word) => byWord.has(word))) byWord.delete("moved");
  const charts = [...byWord].map(([word, found]) => ({ text: `${named(found)} ${word}`, ids: found.map(({ id }) => id) }));
  const others = Object.entries({ Filters: filtersOf, Theme: themeOf }).filter(([, part]) => !isEqual(part(before), part(after)));
  return [...charts, ...others.map(([name]) => ({ text: `${name} changed`, ids: [] }))];
}

function wordFor(before, after, added) {
  if (!before) return added;
  if (!after) return "removed";
  if (isShown(before) !== isShown(after)) return isShown(after) ? "shown" : "hidden";
  const members = Object.keys({ ...before, ...after }).filter((name) => !isEqual(before[name], after[name]));
  if (!members.length) return null;
  return members.every((name) => name === "position") ? "moved" : "changed";
}

function named(charts) {
  if (charts.length > MOST_NAMED) return count(charts.length, "chart");
  return charts.map(({ title }) => `“${title}”`).join(" and ");
}

const isEqual = (one, other) => JSON.stringify(one) === JSON.stringify(other);
