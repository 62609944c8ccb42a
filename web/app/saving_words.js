// The state of saving in words: the toolbar's short text, and what is wrong, what happens next and what the user can do.
import { exact } from "./numbers.js";
import { placeInWords } from "./places.js";
import { ago, count } from "./words.js";

const SIGNED_OUT = ["token", "signed-out", "unauthorized"];
const MOST_ERRORS = 3;

/** What the page knows of a dashboard besides the document's own state. */
const NOTHING_KNOWN = { isUnkept: false, isDeleted: false, isShared: false, savedBy: "" };

/** Describe the state of a dashboard; it is “Saved” only when the server has confirmed it. */
export function statusInWords(state, known = NOTHING_KNOWN) {
  const { status, version, updatedAt, isDirty, origin } = state;
  const unsaved = known.isUnkept ? "Not saved yet, not stored in this browser yet" : "Not saved yet";
  const saved = ["Saved", updatedAt && ago(updatedAt), known.savedBy && `by ${known.savedBy}`].filter(Boolean).join(" ");
  const troubled = {
    deleted: isDirty ? "Deleted, not saved" : "Deleted",
    gone: isDirty ? "No access, not saved" : "No access",
    conflict: "Conflict, not saved yet",
    "signed-out": isDirty ? "Signed out, not saved yet" : "Signed out",
    offline: isDirty ? "Offline, not saved yet" : "Offline",
  };
  const texts = {
    loading: isDirty ? unsaved : origin ? "Looking for changes…" : "Loading…",
    clean: version ? saved : "Nothing to save",
    corrected: "Layout adjusted, saved with your next change",
    dirty: unsaved,
    saving: "Saving…",
    failed: isDirty ? "Not saved" : "Not up to date",
  };
  return troubled[troubleKind(state, known)] ?? texts[status];
}

/**
 * Return what is wrong with a dashboard, null if nothing is: its kind, and a text that says what happened, what happens
 * next and what becomes of unsaved edits.
 *
 * @returns {{ kind: string, text: string } | null}
 */
export function troubleOf(state, known = NOTHING_KNOWN) {
  const kind = troubleKind(state, known);
  if (!kind) return null;
  const { error, isDirty, config } = state;
  const what = {
    deleted: "This dashboard was deleted.",
    gone: "This dashboard is no longer shared with you, or it was deleted.",
    conflict: "Someone else changed the same values.",
    offline: "The server cannot be reached. The page will try again.",
    refused: [isDirty ? "Your changes are not saved." : "The dashboard is not up to date.", error && reasonInWords(error, config)].join(" "),
  }[kind];
  return { kind, text: `${what ?? error.message} ${keptInWords(isDirty, known.isUnkept)}` };
}

/** Name what is wrong: `refused` is every answer of the server that is not one of the others. */
function troubleKind({ status, error }, { isDeleted, isShared }) {
  // Whether another user's dashboard was deleted is not said to those who have no access.
  if (isDeleted) return isShared ? "gone" : "deleted";
  if (status === "conflict" || status === "offline") return status;
  if (status !== "failed") return null;
  if (SIGNED_OUT.includes(error.code)) return isNetworkFailure(error.cause) ? "offline" : "signed-out";
  return error.code === "user-changed" ? error.code : "refused";
}

/** A sign-in that could not be asked for a token: what `fetch` throws without a network, or after its time limit. */
const isNetworkFailure = (cause) => cause instanceof TypeError || cause?.name === "TimeoutError";

/** Whether loading failed because nobody is signed in. */
export const isSignedOut = (state) => troubleKind(state, NOTHING_KNOWN) === "signed-out";

/** Say why the server has refused a request, and what happens next; `config` names the places. */
export function reasonInWords(error, config) {
  const { status, code, problem, message, retryAfter } = error;
  const places = (problem?.errors ?? []).slice(0, MOST_ERRORS);
  if (code === "unsafe-text") {
    return `A browser could run this text as a program: ${places.map(({ pointer }) => placeInWords(pointer, config)).join(", ")}. Change it, then save again.`;
  }
  if (status === 422 && places.length) {
    return `${places.map((each) => `${placeInWords(each.pointer, config)}: ${each.message}`).join(" ")} Change this, then save again.`;
  }
  if (code === "config-too-large") return tooLarge(problem, config);
  if (code === "forbidden") return "You can view this dashboard, not change it.";
  if (code === "quota-exceeded") return "Your storage is used up. Delete dashboards that you no longer need, then save again.";
  if (status === 429) return `There were too many requests in the last minute. The page will try again ${soon(retryAfter)}.`;
  if (status >= 500) return `The server has a problem. The page will try again ${soon(retryAfter)}.`;
  return message;
}

function tooLarge({ actualBytes, limitBytes, largest = [] }, config) {
  const sizes = actualBytes && limitBytes ? `: ${kilobytes(actualBytes)}, and ${kilobytes(limitBytes)} are allowed` : "";
  const part = largest.length ? ` The largest part is “${placeInWords(largest[0].pointer, config)}”.` : "";
  return `The dashboard is too large${sizes}.${part} Remove something, then save again.`;
}

/** To a tenth: 300 KB of 262.1 KB. */
const kilobytes = (bytes) => `${exact(Math.round(bytes / 100) / 10)} KB`;

function soon(seconds) {
  if (!seconds || seconds < 5) return "soon";
  return seconds < 60 ? `in ${count(seconds, "second")}` : `in about ${count(Math.ceil(seconds / 60), "minute")}`;
}

function keptInWords(isDirty, isUnkept) {
  if (!isDirty) return "You are seeing the last known version.";
  return isUnkept ? "Your changes are not stored in this browser yet: keep this page open." : "Your changes are kept in this browser.";
}
