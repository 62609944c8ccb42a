// Lists of dashboards: loading as far as is wanted, finding and ordering.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Listing } from "../listing.js";
import { found } from "../listing_order.js";

/** A list of so many, on a server that notes the limits of the pages it was asked for. */
function served(number, mostPerPage = 4) {
  const limits = [];
  const all = Array.from({ length: number }, (_, index) => ({ address: `a${index}`, name: `Name ${index}` }));
  const server = { isDown: false };
  const listing = new Listing(
    async ({ limit, cursor = 0 }) => {
      if (server.isDown) throw Object.assign(new Error("down"), { status: 503 });
      limits.push(limit);
      const end = cursor + limit;
      return { projects: all.slice(cursor, end), nextCursor: end < all.length ? end : null };
    },
    mostPerPage,
    () => {},
  );
  return { listing, limits, server };
}

test("a list is loaded as far as is wanted, and no page is larger than the server allows", async () => {
  const { listing, limits } = served(9);
  await listing.want(2);
  assert.equal(listing.projects.length, 2);
  assert.ok(!listing.isWhole);
  await listing.want(Infinity);
  assert.equal(listing.projects.length, 9);
  assert.ok(listing.isWhole);
  assert.deepEqual(limits, [2, 4, 4]);
});

test("what is wanted while a page is loaded comes after it, and no page twice", async () => {
  const { listing, limits } = served(6);
  await Promise.all([listing.want(2), listing.want(3), listing.want(Infinity)]);
  assert.equal(listing.projects.length, 6);
  assert.deepEqual(limits, [2, 4]);
});

test("after an error, loading goes on where it has stopped", async () => {
  const { listing, server } = served(6);
  await listing.want(2);
  server.isDown = true;
  await listing.want(4);
  assert.equal(listing.error.message, "down");
  assert.equal(listing.projects.length, 2);
  server.isDown = false;
  await listing.want(0);
  assert.equal(listing.error, null);
  assert.deepEqual(listing.projects.map(({ address }) => address), ["a0", "a1", "a2", "a3"]);
});

test("a list that is closed loads no further page", async () => {
  const { listing, limits } = served(9);
  const loading = listing.want(Infinity);
  listing.close();
  await loading;
  assert.equal(limits.length, 1);
});

test("what is put into a list replaces the members that it has, and keeps the others", async () => {
  const { listing } = served(2);
  await listing.want(2);
  listing.put({ address: "a1", name: "New", role: "owner" });
  listing.put({ address: "a1", name: "Newer" });
  assert.deepEqual(listing.projects[1], { address: "a1", name: "Newer", role: "owner" });
  listing.remove("a1");
  assert.equal(listing.projects.length, 1);
});

const PROJECTS = [
  { name: "Región 10", createdAt: "2026-03-01T00:00:00Z", updatedAt: "2026-03-01T00:00:00Z" },
  { name: "region 9", createdAt: "2026-01-01T00:00:00Z", updatedAt: "2026-05-01T00:00:00Z" },
  { name: "Sales", createdAt: "2026-02-01T00:00:00Z", updatedAt: "2026-04-01T00:00:00Z" },
];
const names = (search, order = "changed") => found(PROJECTS, { search, order }).map(({ name }) => name);

test("names are found by a part of them, regardless of case and accents", () => {
  assert.deepEqual(names("REGION"), ["region 9", "Región 10"]);
  assert.deepEqual(names(" ión 1 "), ["Región 10"]);
  assert.deepEqual(names("nowhere"), []);
  assert.equal(names("").length, 3);
});

test("the newest change or creation comes first, and names are in the order of their numbers", () => {
  assert.deepEqual(names("", "changed"), ["region 9", "Sales", "Región 10"]);
  assert.deepEqual(names("", "created"), ["Región 10", "Sales", "region 9"]);
  assert.deepEqual(names("", "name"), ["region 9", "Región 10", "Sales"]);
});
