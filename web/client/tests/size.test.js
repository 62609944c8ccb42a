import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { test } from "node:test";

import { build } from "esbuild";
import { minify } from "terser";

/** What a page loads to edit a dashboard in a Zustand store. */
const MOST_BYTES = 12 * 1024;

test("a page loads at most 12 KB, minified and compressed, to edit a dashboard in a store", async (t) => {
  const bundled = await build({
    stdin: { contents: 'export { createDashboardClient } from "./dist/index.js"; export { dashkeep } from "./dist/zustand.js";', resolveDir: fileURLToPath(new URL("../", import.meta.url)) },
    bundle: true,
    format: "esm",
    write: false,
    // What is loaded when it is first used is no part of it.
    external: ["./calls.js", "./legacy.js", "./locks.js"],
  });
  const { code } = await minify(bundled.outputFiles[0]?.text ?? "", { module: true, ecma: 2020, compress: { passes: 3 } });
  const bytes = gzipSync(code ?? "", { level: 9 }).length;
  t.diagnostic(`${bytes} bytes`);
  assert.ok(bytes > 5_000 && bytes <= MOST_BYTES, `${bytes} bytes`);
});
