// What the history says of a version: where it comes from, what has changed in it, and what cannot be taken back.
import { inOneLine, madeRoom } from "./changes.js";
import { placesOf } from "./conflict.js";
import { placeInWords, valueInWords } from "./places.js";
import { count } from "./words.js";

const MOST_PLACES = 3;
const IS_ELEMENT = /^\/(chartCustomizations|filters)\/[^/]+$/;
const POSITION = /^(\/chartCustomizations\/([^/]+)\/position)(\/|$)/;
const SOURCES = { user: "Saved", autosave: "Saved automatically", ai: "Saved by AI", localStorage: "Moved from browser storage", import: "Imported" };

/** Say where a version comes from. */
export function origin({ source, message, forced, merged, restoredFrom, undoOf, deleted, removed }) {
  const made = restoredFrom ? `Restored version ${restoredFrom}` : undoOf ? `Took back the changes of version ${undoOf}` : SOURCES[source];
  const what = deleted && !undoOf ? "Deleted" : made;
  if (removed) return [what, "its content was taken out"].join(" · ");
  const notes = [merged && !undoOf && "merged with other changes", forced && "replaced the latest version", message && `“${message}”`];
  return [what, ...notes].filter(Boolean).join(" · ");
}

/** Say what becomes of the dashboard if what a version has changed is taken back. */
export function takenBack({ before, after }) {
  const [what] = inOneLine(after, before).split("; ");
  return `Taking back: ${what}. All later changes stay.`;
}

/** Say why a version's changes cannot be taken back, and what can be done instead. */
export function refusalInWords({ code, message, conflicts, current }, { before, after }) {
  if (code === "not-found") return "These changes can no longer be taken back: this version, or the one before it, is no longer kept.";
  if (!conflicts) return message;
  const names = placesOf({ conflicts, mine: before, theirs: current, base: after }).map(({ name }) => name);
  const more = names.length - MOST_PLACES;
  const places = [...names.slice(0, MOST_PLACES), ...(more > 0 ? [`${more} more`] : [])].join(", ");
  return `These changes cannot be taken back, because the same was changed again since: ${places}. Change it on the dashboard, or restore a whole version.`;
}

/**
 * Return what has changed, place by place. A chart's position is one place, and the charts that only made room are one line.
 *
 * @returns {{ place: string, text: string }[]}
 */
export function linesOf(operations, before, after) {
  const room = madeRoom(before, after);
  const whole = operations.map((operation) => (POSITION.test(operation.path) ? { op: "replace", path: POSITION.exec(operation.path)[1] } : operation));
  const isRoom = ({ path }) => room.includes(POSITION.exec(path)?.[2].replaceAll("~1", "/").replaceAll("~0", "~"));
  const isFirst = ({ path, op }, index) => op !== "replace" || whole.findIndex((each) => each.path === path) === index;
  const lines = whole.filter((operation, index) => !isRoom(operation) && isFirst(operation, index)).map((operation) => inSentence(operation, before, after));
  return room.length ? [...lines, { place: count(room.length, "other chart"), text: "made room" }] : lines;
}

function inSentence({ op, path }, before, after) {
  const place = placeInWords(path, after, before);
  if (op === "remove") return { place, text: "removed" };
  if (op === "move") return { place, text: "moved" };
  const now = valueInWords(path, valueAt(after, path));
  if (op === "add") return { place, text: IS_ELEMENT.test(path) ? `added: ${now}` : now };
  return { place, text: `${valueInWords(path, valueAt(before, path))} → ${now}` };
}

function valueAt(document, pointer) {
  return pointer.split("/").slice(1).reduce((value, token) => value?.[token.replaceAll("~1", "/").replaceAll("~0", "~")], document);
}
