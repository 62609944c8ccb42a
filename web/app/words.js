// Formats numbers, times and the state of a dashboard as text.
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const MOST_ERRORS = 5;
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const whole = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const full = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const rounded = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export const count = (number, one, many = `${one}s`) => `${full.format(number)} ${number === 1 ? one : many}`;
export const short = (number) => (Math.abs(number) < 1_000 ? full.format(number) : compact.format(number));
export const long = (number) => full.format(number);
/** `98.1 MB`: a million bytes each. */
export const size = (bytes) => (bytes < 100_000 ? `${rounded.format(bytes / 1_000)} KB` : `${rounded.format(bytes / 1_000_000)} MB`);
export const exactly = (time) => whole.format(new Date(time));

/** Describe the state of a dashboard; it is “Saved” only when the server has confirmed it. */
export function statusInWords({ status, version, updatedAt, isDirty, origin }, isUnkept) {
  const unsaved = isUnkept ? "Not saved yet, not stored in this browser yet" : "Not saved yet";
  const saved = updatedAt ? `Saved ${ago(updatedAt)}` : "Saved";
  const texts = {
    loading: isDirty ? unsaved : origin ? "Looking for changes…" : "Loading…",
    clean: version ? saved : "Nothing to save",
    corrected: "Layout adjusted, saved with your next change",
    dirty: unsaved,
    saving: "Saving…",
    offline: isDirty ? "Offline, not saved yet" : "Offline",
    failed: isDirty ? "Not saved" : "Not up to date",
    conflict: "Conflict, not saved yet",
  };
  return texts[status];
}

/** Describe what is wrong with a dashboard and what happens to unsaved edits; empty if nothing is wrong. */
export function troubleInWords({ status, error, isDirty }, isUnkept) {
  const what = {
    conflict: "Someone else changed the same values.",
    offline: error?.message,
    failed: `${isDirty ? "Your changes are not saved." : "The dashboard is not up to date."} ${error?.message}`,
  }[status];
  // The server's message cannot say that the page retries the request.
  const isRepeated = status === "failed" && error.isTemporary && ![0, 401].includes(error.status);
  return what ? [what, isRepeated && "The page will try again.", keptInWords(isDirty, isUnkept)].filter(Boolean).join(" ") : "";
}

/** Say what is wrong with a table and in which cells. */
export function tableErrorInWords({ message, problem }) {
  const errors = problem?.errors ?? [];
  if (!errors.length) return message;
  const left = errors.length - MOST_ERRORS;
  return [problem.detail, ...errors.slice(0, MOST_ERRORS).map(placed), left > 0 && `And ${count(left, "other")}.`].filter(Boolean).join(" ");
}

/** Most messages name the place themselves. */
function placed({ pointer = "", message }) {
  const [member, ...rest] = pointer.split("/").slice(1).map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (member === "columns" && rest.length) return `Column “${rest[0]}”: ${message}`;
  if (member !== "rawData" || !rest.length || /^(Row|Header)/.test(message)) return message;
  return [`Row ${Number(rest[0]) + 1}`, rest.length > 1 && `column “${rest[1]}”`].filter(Boolean).join(", ") + `: ${message}`;
}

function keptInWords(isDirty, isUnkept) {
  if (!isDirty) return "You are seeing the last known version.";
  return isUnkept ? "Your changes are not stored in this browser yet: keep this page open." : "Your changes are kept in this browser.";
}

/** `3 minutes ago`; after a week, the date. */
export function ago(time, now = Date.now()) {
  const seconds = Math.max(0, (now - new Date(time)) / 1_000);
  const unit = UNITS.find(([, size]) => seconds >= size);
  if (!unit) return "just now";
  return seconds > 7 * 86_400 ? exactly(time) : relative.format(-Math.floor(seconds / unit[1]), unit[0]);
}
