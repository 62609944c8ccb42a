// How the page words sizes.
import assert from "node:assert/strict";
import { test } from "node:test";

import { size } from "../words.js";

test("sizes are in kilobytes and megabytes", () => {
  assert.deepEqual([1_500, 98_140_000].map(size), ["1.5 KB", "98.1 MB"]);
});
