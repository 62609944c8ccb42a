// The worker that holds a table's rows, so that loading, parsing, filtering and aggregating them never block the page.
//
// The page sends `{ id, name, given }` and gets `{ id, result }` or `{ id, error }`. Tokens are the page's: the worker asks
// for one with `{ token, options }` and gets `{ token, value }` or `{ token, failure }`.
import { createDashboardClient } from "../client/dist/index.js";
import { openLink } from "../client/dist/sharing.js";
import { dataOf } from "./chart_data.js";
import { csvIn } from "./csv.js";
import { choicesOf, filtered } from "./filters.js";
import { suggestions } from "./suggestions.js";
import { kept, keep } from "./table_cache.js";
import { tableOf } from "./table_data.js";
import { emptyCells, ordered, pageOf } from "./table_pages.js";

const PARTS = ["rawData", "dataSchema"];
const ROWS_LOOKED_AT = 1_000;

/** The tokens that the page was asked for. */
const asked = new Map();
let lastAsked = 0;
let table = null;
/** The rows that match the last filters. */
let matching = { filters: "", rows: [] };
/** The indices of the rows as they were looked at last. */
let looked = { wanted: "", order: [] };

const calls = {
  /** Take the copy that this browser has kept of a table; returns what is known of it, or null. */
  async copy({ key }) {
    const copy = key ? await kept(key) : null;
    return copy && hold(copy);
  },
  /** Drop the copy, and keep what is shown. */
  forget: ({ key }) => keep(key, null),
  /** Load the newest table; returns what is known of it, null if the project has none. */
  async load({ root, project, link, key }) {
    if (link) return hold(tableIn(await openLink({ baseUrl: root, token: link }).data()));
    const client = createDashboardClient({ baseUrl: root, getToken: tokenOfPage, storage: null });
    try {
      return await newest(client, project, key);
    } catch (error) {
      // It was deleted, or is no longer shared with the user.
      if (error.code === "not-found") await keep(key, null);
      throw error;
    }
  },
  count: (filters) => rowsOf(filters).length,
  data: (chart, filters) => dataOf(chart, rowsOf(filters), table.dataSchema.columnTypes),
  /** Return all rows of a table card as CSV. */
  csv({ dataMapping }, filters) {
    const { columns, rows } = tableOf(dataMapping ?? {}, rowsOf(filters), table.dataSchema.columnTypes, Infinity);
    return csvIn([columns, ...rows]);
  },
  choices: (column) => choicesOf(table.rawData, column),
  suggestions: () => suggestions(table.dataSchema, table.rawData),
  /** Return a page of the rows, null if this worker has none: another one may have loaded them. */
  page: (wanted) => table && pageOf(table.rawData, table.dataSchema, orderOf(wanted), wanted.page),
  emptyCells: () => table && emptyCells(table.rawData, table.dataSchema),
};

async function newest(client, project, key) {
  if (table) {
    const { dataSchema, version } = await client.data.load(project, { include: ["dataSchema"] });
    if (dataSchema && version === table.version) return knownOf(table);
  }
  const loaded = tableIn(await client.data.load(project, { include: PARTS }));
  const known = hold(loaded);
  // After the answer, because writing a large table takes a while.
  setTimeout(() => void keep(key, loaded));
  return known;
}

const tableIn = ({ rawData, dataSchema, version }) => (dataSchema ? { rawData, dataSchema, version } : null);

function hold(loaded) {
  table = loaded;
  matching = { filters: "[]", rows: loaded?.rawData ?? [] };
  looked = { wanted: "", order: [] };
  return loaded && knownOf(loaded);
}

/** What the page needs to know of a table without its rows: `examples` has the first value of each column. */
function knownOf({ dataSchema, version, rawData }) {
  const first = rawData.slice(0, ROWS_LOOKED_AT);
  const examples = Object.fromEntries(dataSchema.columnNames.map((name) => [name, first.find((row) => row[name] != null)?.[name]]));
  return { dataSchema, version, examples };
}

function rowsOf(filters) {
  const text = JSON.stringify(filters);
  if (matching.filters !== text) matching = { filters: text, rows: filtered(table.rawData, filters, table.dataSchema.columnTypes) };
  return matching.rows;
}

function orderOf({ search, sort }) {
  const wanted = JSON.stringify([search, sort]);
  if (looked.wanted !== wanted) looked = { wanted, order: ordered(table.rawData, table.dataSchema, { search, sort }) };
  return looked.order;
}

function tokenOfPage(options) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const token = (lastAsked += 1);
  asked.set(token, { resolve, reject });
  postMessage({ token, options });
  return promise;
}

function onToken({ token, value, failure }) {
  const { resolve, reject } = asked.get(token);
  asked.delete(token);
  if (failure) reject(new Error(failure));
  else resolve(value);
}

async function onCall({ id, name, given }) {
  try {
    postMessage({ id, result: await calls[name](...given) });
  } catch (error) {
    const { status, code, problem, message, stack } = error;
    postMessage({ id, error: { status, code, problem, message: status === undefined ? stack : message } });
  }
}

addEventListener("message", ({ data }) => (data.token ? onToken(data) : void onCall(data)));
