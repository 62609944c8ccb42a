// Many pages that follow one project, with the client itself: when each asks after a save, and what is left once all are closed.
// node --expose-gc --experimental-websocket followers.js URL PROJECT PAGES, and the users' tokens as JSON on the standard input.
// It says {"ready": true}; after a line on the standard input it waits until all pages have the next version, and says what it saw.

import { createInterface } from "node:readline";
import { createDashboardClient as createClient } from "../../web/client/dist/index.js";
import { browserEnvironment } from "../../web/client/dist/environment.js";
import { live } from "../../web/client/dist/live.js";

const [url, project, pages] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const tokens = JSON.parse((await lines.next()).value);
const environment = { ...browserEnvironment(), isPage: () => true, listen: () => () => {}, openChannel: () => null };
const page = { isHidden: () => false, listen: () => () => {} };

const say = (message) => console.log(JSON.stringify(message));
const heap = () => {
  for (let round = 0; round < 3; round += 1) gc();
  return process.memoryUsage().heapUsed;
};
const until = async (isThere) => {
  while (!isThere()) await new Promise((resolve) => setTimeout(resolve, 20));
};

/** One page: a client with an open document and a connection; `asked` has the times of its loads. */
function open(token) {
  const asked = [];
  const fetch = (address, request) => {
    if (request.method === "GET") asked.push(Date.now());
    return globalThis.fetch(address, request);
  };
  // Without a time limit: in Node.js 20, AbortSignal.any keeps the signals that it was given.
  const client = createClient({ baseUrl: url, getToken: () => token, fetch, storage: null, environment, timeout: Infinity });
  const document = client.open(project, { legacyKeys: null });
  document.load().catch(() => {});
  const connection = live(client, { environment: page });
  const heard = [];
  connection.follow(project, { changed: () => heard.push(Date.now()) });
  return { asked, heard, document, connection };
}

const isReady = ({ connection, document }) => connection.state === "live" && document.state.status === "clean";

/** Open pages, eight at a time: all at the same moment is another test. */
async function openAll(count) {
  const opened = [];
  while (opened.length < count) {
    opened.push(...Array.from({ length: Math.min(8, count - opened.length) }, (_, number) => open(tokens[(opened.length + number) % tokens.length])));
    await until(() => opened.every(isReady));
  }
  return opened;
}

async function closeAll(opened) {
  for (const { document, connection } of opened.splice(0)) {
    document.close();
    connection.close();
  }
  await new Promise((resolve) => setTimeout(resolve, 2_000));
}

// What the first pages load stays.
await closeAll(await openAll(tokens.length));
const before = heap();
const opened = await openAll(Number(pages));
const { version } = opened[0].document.state;
opened.forEach(({ asked }) => asked.splice(0));
say({ ready: true, open: heap() - before });

await lines.next();
await until(() => opened.every(({ document }) => document.state.version > version));
// Longer than any spread: what asks twice has done so.
await new Promise((resolve) => setTimeout(resolve, 6_000));
const asked = opened.map((each) => each.asked);
const kept = opened.flatMap(({ document, connection }) => [new WeakRef(document), new WeakRef(connection)]);
await closeAll(opened);
heap();
say({ asked, kept: kept.filter((each) => each.deref()).length });
process.exit(0);
