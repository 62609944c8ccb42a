import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { test } from "node:test";

import { build } from "esbuild";
import { minify } from "terser";

const KB = 1024;
const folder = fileURLToPath(new URL("../", import.meta.url));
const readme = await readFile(`${folder}README.md`, "utf8");
/** The README's budgets: the modules, when they are loaded, and at most how many bytes they have. @type {[string[], string, number][]} */
const budgets = [...readme.matchAll(/^\| (`[^|]*`) \| ([^|]*) \| ([\d.]+) KB \|$/gm)].map(([, names = "", when = "", most]) => [[...names.matchAll(/`(.*?)`/g)].map(([, name = ""]) => name), when, Number(most) * KB]);

/** What applications use of the entries. @type {Record<string, string>} */
const USED = { "@dashkeep/client": "createDashboardClient", "@dashkeep/client/zustand": "dashkeep", "@dashkeep/client/react": "useDashboard", "@dashkeep/client/sharing": "sharing", "@dashkeep/client/live": "live" };

/**
 * The size of modules, minified and compressed, without what a page already has; and what they load when it is first used.
 *
 * @param {string[]} names @param {string[]} [present] the modules that the page has
 */
async function measure(names, present = []) {
  /** @type {Set<string>} */
  const later = new Set();
  const contents = names.map((name) => `export ${USED[name] ? `{ ${USED[name]} }` : "*"} from "${USED[name] ? name : `./${name}`}";`).join("\n");
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: folder },
    absWorkingDir: folder,
    bundle: true,
    format: "esm",
    write: false,
    metafile: true,
    external: ["react"],
    plugins: [
      {
        name: "what is loaded when it is first used is no part of it",
        setup: ({ onResolve }) =>
          onResolve({ filter: /^\.\// }, ({ kind, path }) => {
            const file = path.replace("./", "dist/");
            if (kind === "dynamic-import") later.add(file);
            return kind === "dynamic-import" || present.includes(file) ? { path, external: true } : undefined;
          }),
      },
    ],
  });
  const { code } = await minify(outputFiles[0]?.text ?? "", { module: true, ecma: 2020, compress: { passes: 3 } });
  return { bytes: gzipSync(code ?? "", { level: 9 }).length, modules: Object.keys(metafile.inputs), later: [...later] };
}

/** What a page has that edits a dashboard in a store. */
const page = await measure(["@dashkeep/client", "@dashkeep/client/zustand"]);

test("a page loads at most 12 KB, minified and compressed, to edit a dashboard in a store", () => {
  assert.ok(page.bytes > 5_000 && page.bytes <= 12 * KB, `${page.bytes} bytes`);
});

for (const [names, when, most] of budgets) {
  test(`${names.join(" and ")}, loaded ${when}: at most ${most / KB} KB, minified and compressed`, async (t) => {
    const { bytes } = await measure(names, names.includes("@dashkeep/client") ? [] : page.modules);
    t.diagnostic(`${bytes} bytes`);
    assert.ok(bytes > most / 2 && bytes <= most, `${bytes} bytes`);
  });
}

test("every entry of the package is measured", async () => {
  const { exports } = JSON.parse(await readFile(`${folder}package.json`, "utf8"));
  assert.deepEqual(Object.keys(exports).map((entry) => entry.replace(".", "@dashkeep/client")), Object.keys(USED));
});

test("the README has a budget for every entry, and for all that is loaded later", async () => {
  const later = new Set(page.later);
  for (const name of later) for (const next of (await measure([name], page.modules)).later) later.add(next);
  assert.deepEqual([...new Set(budgets.flatMap(([names]) => names))].sort(), [...Object.keys(USED), ...later].sort());
});

test("a page without React has nothing of the hook", () => {
  assert.ok(!page.modules.includes("dist/react.js"));
});
