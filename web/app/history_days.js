// The versions as the history lists them: by day, and a run of automatic saves by one person as one entry.
import { lazily } from "./numbers.js";

const HOUR_MS = 3_600_000;
const day = lazily(() => new Intl.DateTimeFormat("en", { weekday: "long", day: "numeric", month: "long" }));
const dayOfAnotherYear = lazily(() => new Intl.DateTimeFormat("en", { dateStyle: "long" }));
const clock = lazily(() => new Intl.DateTimeFormat("en", { timeStyle: "short" }));

export const timeOfDay = (time) => clock().format(new Date(time));

/** `Today`, `Yesterday`, or the date. */
export function dayInWords(time, now = new Date()) {
  const then = new Date(time);
  if (isSameDay(then, now)) return "Today";
  if (isSameDay(then, new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1))) return "Yesterday";
  return (then.getFullYear() === now.getFullYear() ? day() : dayOfAnotherYear()).format(then);
}

/**
 * Group versions, the newest first: days with their entries, each of one version or more. A run of automatic saves within an
 * hour, by the same person, is one entry, but what somebody has named stands alone.
 *
 * @returns {{ name: string, entries: object[][] }[]}
 */
export function daysOf(versions, now = new Date()) {
  const days = [];
  for (const version of versions) {
    const name = dayInWords(version.updatedAt, now);
    if (days.at(-1)?.name !== name) days.push({ name, entries: [] });
    const { entries } = days.at(-1);
    if (belongsTo(entries.at(-1), version)) entries.at(-1).push(version);
    else entries.push([version]);
  }
  return days;
}

function belongsTo(entry, version) {
  if (!entry || !isOneOfMany(version) || !isOneOfMany(entry[0])) return false;
  const [newest] = entry;
  return newest.updatedBy?.id === version.updatedBy?.id && new Date(newest.updatedAt) - new Date(version.updatedAt) < HOUR_MS;
}

function isOneOfMany({ source, name, message, restoredFrom, undoOf, deleted, removed }) {
  return source === "autosave" && ![name, message, restoredFrom, undoOf, deleted, removed].some(Boolean);
}

const isSameDay = (one, other) => one.toDateString() === other.toDateString();
