// What has changed from one config to another, in words.
import { filtersOf, isShown, themeOf } from "./config.js";
import { inWords } from "./filter_words.js";
import { chartTitle, count } from "./words.js";

const MOST_NAMED = 2;
const MOST_DEEDS = 3;
/** What somebody does, by what has happened to it. */
const VERBS = { shown: "showed", hidden: "hid" };
const WORDS = ["removed", "shown", "hidden", "moved", "resized", "renamed", "changed"];
const NAMED_BY_THE_PAGE = ["chartCustomizations", "filters", "theme"];

/**
 * Return what has changed, each with the ids of its charts: `{ text: "“Revenue” moved", deed: "moved “Revenue”", ids: ["a"] }`.
 * Charts that only made room are left out.
 *
 * @param {object | null} before
 * @param {object | null} after
 * @param {string} [added] the word for a chart that `before` does not have
 */
export function changesBetween(before, after, added = "added") {
  const [from, to] = [before, after].map((config) => config?.chartCustomizations ?? {});
  const room = new Set(madeRoom(before, after));
  const byWord = new Map([added, ...WORDS].map((word) => [word, []]));
  for (const id of Object.keys({ ...from, ...to })) {
    const words = room.has(id) ? membersChanged(from[id], to[id]) : wordsFor(from[id], to[id], added);
    for (const word of words) byWord.get(word).push({ id, title: titleOf(to[id] ?? from[id]), was: titleOf(from[id]) });
  }
  const charts = [...byWord].filter(([, found]) => found.length).map(([word, found]) => change(named(found), word, { ids: found.map(({ id }) => id), to: renamedTo(word, found) }));
  return [...charts, ...filterChanges(before, after), ...otherChanges(before, after)];
}

/** Say in one line what has changed, and how many charts made room: `“Revenue” moved; 2 others made room`. */
export function inOneLine(before, after) {
  const texts = changesBetween(before, after).map(({ text }, index) => (index ? text.charAt(0).toLowerCase() + text.slice(1) : text));
  const { length } = madeRoom(before, after);
  if (length) return texts.length ? `${texts.join(", ")}; ${count(length, "other")} made room` : `${count(length, "chart")} moved up`;
  return texts.join(", ") || "Nothing changed";
}

/** Say what somebody has done: `moved 2 charts and renamed “Units” to “Pieces”`. */
export function deedsInWords(deeds) {
  const most = deeds.length > MOST_DEEDS ? MOST_DEEDS - 1 : MOST_DEEDS;
  const more = deeds.length - most;
  const [last, ...others] = [...deeds.slice(0, most), ...(more > 0 ? [`made ${count(more, "more change")}`] : [])].reverse();
  return others.length ? `${others.reverse().join(", ")} and ${last}` : last;
}

/**
 * Return the ids of the charts that were not moved themselves: the grid has moved them straight up or down, while another
 * chart was added, removed, shown, hidden, resized or moved across, or else moved farther up or down. Where none has gone
 * down, the grid has closed a gap.
 */
export function madeRoom(before, after) {
  const [from, to] = [before, after].map((config) => config?.chartCustomizations ?? {});
  const ids = Object.keys({ ...from, ...to });
  const words = new Map(ids.map((id) => [id, wordsFor(from[id], to[id], "added")]));
  const isCause = (id) => words.get(id).some((word) => ["added", "removed", "shown", "hidden", "resized"].includes(word)) || isAcross(from[id], to[id]);
  const upOrDown = ids.filter((id) => words.get(id).includes("moved") && !isAcross(from[id], to[id]));
  const way = (id) => to[id].position?.y - from[id].position?.y || 0;
  if (ids.some(isCause) || upOrDown.every((id) => way(id) < 0)) return upOrDown;
  const farthest = Math.max(...upOrDown.map((id) => Math.abs(way(id))));
  return upOrDown.filter((id) => Math.abs(way(id)) < farthest);
}

const isAcross = (before, after) => before?.position?.x !== after?.position?.x;

function wordsFor(before, after, added) {
  if (!before) return [added];
  if (!after) return ["removed"];
  const words = membersChanged(before, after);
  if (isShown(before) !== isShown(after)) return [isShown(after) ? "shown" : "hidden", ...words];
  if (isEqual(before.position, after.position)) return words;
  const isResized = ["w", "h"].some((member) => before.position?.[member] !== after.position?.[member]);
  return [isResized ? "resized" : "moved", ...words];
}

/** What has changed besides the place and whether the chart is shown. */
function membersChanged(before, after) {
  const members = Object.keys({ ...before, ...after }).filter((name) => !isEqual(before[name], after[name]));
  const others = members.filter((name) => !["title", "position", "isVisible"].includes(name));
  return [members.includes("title") && "renamed", others.length && "changed"].filter(Boolean);
}

function filterChanges(before, after) {
  const [from, to] = [before, after].map((config) => new Map(filtersOf(config).map((filter) => [filter.id, filter])));
  const words = ["added", "removed", "changed"];
  const found = words.map((word) => [word, [...new Map([...from, ...to])].filter(([id]) => filterWord(from.get(id), to.get(id)) === word)]);
  return found
    .filter(([, filters]) => filters.length)
    .map(([word, filters]) => change(filters.length > 1 ? count(filters.length, "filter") : `filter “${inWords(filters[0][1])}”`, word));
}

function filterWord(before, after) {
  if (!before || !after) return before ? "removed" : "added";
  return isEqual(before, after) ? null : "changed";
}

function otherChanges(before, after) {
  const isOther = (name) => !NAMED_BY_THE_PAGE.includes(name) && !isEqual(before?.[name], after?.[name]);
  // The first version changes nothing.
  const word = before ? "changed" : "set";
  return [
    ...(themeOf(before) === themeOf(after) ? [] : [change("theme", word, { object: "the theme" })]),
    ...(Object.keys({ ...before, ...after }).some(isOther) ? [change("other settings", word)] : []),
  ];
}

const change = (subject, word, { ids = [], to = "", object = subject } = {}) => ({
  text: `${subject.charAt(0).toUpperCase()}${subject.slice(1)} ${word}${to}`,
  deed: `${VERBS[word] ?? word} ${object}${to}`,
  ids,
});

function named(charts) {
  if (charts.length > MOST_NAMED) return count(charts.length, "chart");
  return charts.map(({ was, title }) => `“${was ?? title}”`).join(" and ");
}

const renamedTo = (word, [{ title }, ...others]) => (word === "renamed" && !others.length ? ` to “${title}”` : "");
const titleOf = (chart) => chart && chartTitle(chart);
const isEqual = (one, other) => JSON.stringify(one) === JSON.stringify(other);
