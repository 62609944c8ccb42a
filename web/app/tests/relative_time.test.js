// Filters by relative time as ranges of dates.
import assert from "node:assert/strict";
import { test } from "node:test";

import { localDate, resolved } from "../relative_time.js";

const rangeOn = (today, operator, ...values) => resolved([{ id: "f", column: "Day", operator, values }], today)[0].values.join(" ");

test("the last days and weeks include today", () => {
  assert.equal(rangeOn("2026-12-01", "last", 1, "day"), "2026-12-01 2026-12-01");
  assert.equal(rangeOn("2026-12-01", "last", 7, "day"), "2026-11-25 2026-12-01");
  assert.equal(rangeOn("2026-01-03", "last", 2, "week"), "2025-12-21 2026-01-03");
});

test("the last months begin on the day after the same day, at the latest after the last of the month", () => {
  assert.equal(rangeOn("2026-03-15", "last", 1, "month"), "2026-02-16 2026-03-15");
  assert.equal(rangeOn("2026-03-31", "last", 1, "month"), "2026-03-01 2026-03-31");
  assert.equal(rangeOn("2028-03-31", "last", 1, "month"), "2028-03-01 2028-03-31");
  assert.equal(rangeOn("2026-03-29", "last", 1, "month"), "2026-03-01 2026-03-29");
  assert.equal(rangeOn("2028-03-29", "last", 1, "month"), "2028-03-01 2028-03-29");
  assert.equal(rangeOn("2026-01-31", "last", 14, "month"), "2024-12-01 2026-01-31");
});

test("the last years know leap days", () => {
  assert.equal(rangeOn("2028-02-29", "last", 1, "year"), "2027-03-01 2028-02-29");
  assert.equal(rangeOn("2029-02-28", "last", 1, "year"), "2028-02-29 2029-02-28");
});

test("the current week is from Monday to Sunday, also over the end of a year", () => {
  assert.equal(rangeOn("2026-11-30", "current", "week"), "2026-11-30 2026-12-06");
  assert.equal(rangeOn("2026-12-06", "current", "week"), "2026-11-30 2026-12-06");
  assert.equal(rangeOn("2027-01-01", "current", "week"), "2026-12-28 2027-01-03");
});

test("the current day, month and year are whole", () => {
  assert.equal(rangeOn("2026-12-01", "current", "day"), "2026-12-01 2026-12-01");
  assert.equal(rangeOn("2028-02-10", "current", "month"), "2028-02-01 2028-02-29");
  assert.equal(rangeOn("2026-12-31", "current", "month"), "2026-12-01 2026-12-31");
  assert.equal(rangeOn("2026-12-31", "current", "year"), "2026-01-01 2026-12-31");
});

test("other filters, and values that make no range, stay as they are", () => {
  const others = [
    { column: "Day", operator: "in", values: ["2026-01-01"] },
    { column: "Day", operator: "last", values: [0, "day"] },
    { column: "Day", operator: "last", values: [1.5, "day"] },
    { column: "Day", operator: "last", values: [3, "fortnight"] },
    { column: "Day", operator: "current" },
  ];
  assert.deepEqual(resolved(others, "2026-12-01"), others);
});

test("today is the user's own date, not that of UTC", () => {
  assert.equal(localDate(new Date(2026, 0, 1, 0, 30)), "2026-01-01");
  assert.equal(localDate(new Date(2026, 11, 31, 23, 30)), "2026-12-31");
});
