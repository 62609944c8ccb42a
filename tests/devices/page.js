/**
 * The page of a device: it opens one dashboard, does what the test asks, and logs every state that it sees.
 *
 * `ready` resolves when the dashboard is open; `act` does something and returns how it changed the config shown.
 */

import { createDashboardClient } from "/client/dist/index.js";

const { tab, project } = Object.fromEntries(new URLSearchParams(location.search));
const page = crypto.randomUUID();
const owner = localStorage.getItem("user");
/** What goes wrong with the next tokens, and how many milliseconds the clock is wrong. */
const faults = { tokens: JSON.parse(sessionStorage.getItem("tokens") ?? "[]"), clock: 0 };
sessionStorage.removeItem("tokens");

const realNow = Date.now;
Date.now = () => realNow() + faults.clock;
const { put } = IDBObjectStore.prototype;
IDBObjectStore.prototype.put = function (...given) {
  if (localStorage.getItem("isFull") === "true") throw new DOMException("The storage is full.", "QuotaExceededError");
  return put.apply(this, given);
};
Object.defineProperty(document, "visibilityState", { get: () => (isHidden ? "hidden" : "visible") });
let isHidden = false;

// --- tokens ---

let held = null;

async function getToken({ refresh } = {}) {
  const fault = faults.tokens.shift();
  if (fault === "rejects") throw new Error("There is no token.");
  if (fault === "signed out") return null;
  if (fault === "hangs") return new Promise(() => {});
  const user = localStorage.getItem("user");
  if (refresh || held?.user !== user) {
    const answer = await fetch(`/local/token?sub=${user}`);
    held = { user, text: (await answer.json()).token };
  }
  // The server rejects a signature that is not its issuer's, as it rejects a token that has expired.
  return fault === "rejected" ? `${held.text.slice(0, -8)}AAAAAAAA` : held.text;
}

// --- the log ---

let count = 0;
let queue = [];
let isSending = false;

function note(entry) {
  queue.push({ seq: (count += 1), ...entry });
  if (!isSending) send();
}

async function send(keepalive = false) {
  isSending = true;
  await null;
  while (queue.length) {
    const body = JSON.stringify({ page, tab, project, user: owner, entries: queue.splice(0) });
    await fetch("/log", { method: "POST", body, keepalive }).catch(() => {});
  }
  isSending = false;
}

addEventListener("pagehide", () => {
  const body = JSON.stringify({ page, tab, project, user: owner, entries: queue.splice(0) });
  fetch("/log", { method: "POST", body, keepalive: true }).catch(() => {});
});

let shown = null;
/** The configs before and after the last change. */
let last = [null, null];

function observe({ version, status, origin, isKept, config, error }) {
  if (config !== last[1]) last = [last[1], config];
  const isNew = status === "clean" && config !== shown;
  if (isNew) shown = config;
  note({ version, status, origin, isKept, error: error?.code ?? null, ...(isNew && { text: JSON.stringify(config) }) });
}

// --- what is done ---

/** The values of a config by place, as `facts` in log.py lists them. */
function facts(value, place = "", into = {}) {
  const isArray = Array.isArray(value);
  if (value === null || value === undefined) return into;
  if (typeof value !== "object") into[place] = value;
  else {
    into[place] = isArray ? "[]" : "{}";
    for (const [name, each] of Object.entries(value)) facts(each, `${place}/${isArray ? each.id : name}`, into);
  }
  return into;
}

function changes(before, after) {
  const [old, made] = [facts(before), facts(after)];
  const removed = Object.keys(old).filter((place) => !(place in made));
  return { ...Object.fromEntries(Object.entries(made).filter(([place, value]) => old[place] !== value)), ...Object.fromEntries(removed.map((place) => [place, null])) };
}

const client = createDashboardClient({ baseUrl: location.origin, getToken, timeout: 4_000 });
const dashboard = client.open(project, { autosaveDelay: 300 });

function editCharts(config, change) {
  return { ...config, chartCustomizations: change(config.chartCustomizations) };
}

/** The ids of the charts that were added here or elsewhere. */
function added({ chartCustomizations }) {
  return Object.keys(chartCustomizations).filter((id) => id.startsWith("added-"));
}

const edits = {
  edit: (config, { id }) => ({ ...config, extensions: { ...config.extensions, edits: { ...config.extensions?.edits, [id]: id } } }),
  title: (config, { id, chart }) => editCharts(config, (charts) => (charts[chart] ? { ...charts, [chart]: { ...charts[chart], title: id } } : charts)),
  add: (config, { id, number }) => ({
    ...editCharts(config, (charts) => ({ ...charts, [`added-${number}`]: { title: id } })),
    currentLayout: [...(config.currentLayout ?? []), { id: `added-${number}`, x: number }],
  }),
  remove(config, { nth }) {
    const id = added(config)[nth];
    if (id === undefined) return config;
    const { [id]: _, ...rest } = config.chartCustomizations;
    return { ...config, chartCustomizations: rest, currentLayout: (config.currentLayout ?? []).filter((each) => each.id !== id) };
  },
  move(config, { nth, number }) {
    const layout = config.currentLayout ?? [];
    const moved = layout[nth];
    return moved ? { ...config, currentLayout: [{ ...moved, x: number }, ...layout.filter((each) => each !== moved)] } : config;
  },
};

function event(target, type) {
  target.dispatchEvent(new Event(type, { bubbles: true }));
}

const acts = {
  save: () => dashboard.save(),
  load: () => dashboard.load(),
  discard: () => dashboard.discard(),
  undo: () => dashboard.state.canUndo && dashboard.undo(),
  redo: () => dashboard.state.canRedo && dashboard.redo(),
  resolve: ({ choice }) => dashboard.state.conflict && dashboard.resolve(choice),
  restore: ({ back }) => dashboard.state.version > back && dashboard.restore(dashboard.state.version - back),
  autosave: ({ on }) => dashboard.setAutosave(on),
  correct: ({ id }) => dashboard.correct((config) => ({ ...config, extensions: { ...config.extensions, corrected: id } })),
  hide() {
    isHidden = true;
    event(document, "visibilitychange");
  },
  show() {
    isHidden = false;
    event(document, "visibilitychange");
    event(window, "focus");
  },
  online: () => event(window, "online"),
  tokens: ({ tokens }) => void (faults.tokens = tokens),
  clock: ({ clock }) => void (faults.clock = clock),
};

/** Undo and redo change the config once their module is there; everything else changes it at once. */
async function act({ name, ...given }) {
  const { config: before, conflict } = dashboard.state;
  let failure = null;
  const failed = (error) => void (failure = error.code ?? String(error));
  try {
    const done = edits[name] ? dashboard.edit((config) => edits[name](config, given)) : acts[name](given);
    const ended = Promise.resolve(done).catch(failed);
    if (name === "undo" || name === "redo") await ended;
  } catch (error) {
    failed(error);
  }
  const after = dashboard.state.config;
  const [from, to] = (name === "undo" || name === "redo") && after !== before ? last : [before, after];
  const [old, made] = [facts(from), changes(from, to)];
  const seen = Object.fromEntries(Object.keys(made).flatMap((place) => (place in old ? [[place, old[place]]] : [])));
  const theirs = name === "resolve" && conflict ? facts(conflict.theirs) : {};
  const mine = name === "resolve" && conflict ? changes(conflict.theirs, conflict.mine) : {};
  return { page, seq: (count += 1), failure, changes: made, seen, theirs, mine };
}

/** How many tabs have unsaved edits of this user and project in this browser; a database that is not there yet has none. */
async function left() {
  const keys = await new Promise((resolve, reject) => {
    const opening = indexedDB.open("dashkeep");
    opening.onerror = () => reject(opening.error);
    opening.onupgradeneeded = () => {
      resolve([]);
      opening.transaction.abort();
    };
    opening.onsuccess = () => {
      const reading = opening.result.transaction("kept").objectStore("kept").getAllKeys(IDBKeyRange.bound(["edits"], ["edits", []]));
      reading.onerror = () => reject(reading.error);
      reading.onsuccess = () => resolve(reading.result);
      opening.result.close();
    };
  });
  return keys.filter(([, , user, address]) => user === owner && address.endsWith(`~${project}`)).length;
}

async function look() {
  const { status, version, config, error, isDirty } = dashboard.state;
  return { page, status, version, isDirty, error: error?.code ?? null, text: JSON.stringify(config), left: await left() };
}

Object.assign(window, { page, act, look });
// The first token is there before the dashboard is opened, so that it belongs to the user who has signed in.
if (!faults.tokens.length) await getToken();
dashboard.subscribe(observe);
dashboard.load().catch(() => {});
observe(dashboard.state);
window.isReady();
