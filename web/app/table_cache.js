// The tables that this browser keeps, each with its version, so that a known version is not transferred again.
const NAME = "dashkeep-tables";
const MOST_TABLES = 20;
const NEWEST_FORM = 1;

/** Return the table kept under a key, `{ rawData, dataSchema, version }`, or null. */
export async function kept(key) {
  const answer = await attempt(async (cache) => (await cache.match(addressOf(key)))?.json());
  return answer?.form === NEWEST_FORM ? answer.table : null;
}

/** Keep a table in place of the one under this key, and forget the tables that were kept first if there are too many; null forgets the key. */
export async function keep(key, table) {
  await attempt(async (cache) => {
    await cache.delete(addressOf(key));
    const known = await cache.keys();
    for (const old of known.slice(0, Math.max(0, known.length - MOST_TABLES + 1))) await cache.delete(old);
    if (table) await cache.put(addressOf(key), new Response(JSON.stringify({ form: NEWEST_FORM, table })));
  });
}

/** A browser may have no cache (plain http, blocked storage) or no space left: the table is then loaded from the server. */
async function attempt(work) {
  try {
    return await work(await caches.open(NAME));
  } catch {
    return undefined;
  }
}

function addressOf(key) {
  return `/kept/${key.map(encodeURIComponent).join("/")}`;
}
