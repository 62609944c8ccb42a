// Builds the page into web/dist: `node build.js`.
//
// Scripts have a hash of their content in their names, so that a browser may keep them for ever; the document has the
// styles and the theme in it, so that it is painted as soon as it is there. They are also stored compressed: the
// server chooses by the request's Accept-Encoding, as a content delivery network does.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const TARGET = ["chrome120", "firefox121", "safari17"];
const FOLDER = "dist";
/** The modules that are needed to show a list, and those that an open dashboard needs as well. */
const LIST = ["app/main.js", "client/dist/calls.js"];
const DASHBOARD = ["app/dashboard.js", "client/dist/tables.js", "app/echarts.js"];
const WORKER = "app/table_worker.js";

const scripts = await build({
  entryPoints: ["app/main.js", WORKER],
  outdir: join(FOLDER, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  minify: true,
  sourcemap: true,
  target: TARGET,
  legalComments: "linked",
  metafile: true,
  write: false,
});
const styles = await build({ entryPoints: ["app/styles/all.css"], bundle: true, loader: { ".svg": "dataurl" }, minify: true, target: TARGET, write: false });
const early = await build({ entryPoints: ["theme.js", "app/preload.js"], outdir: FOLDER, minify: true, target: TARGET, write: false });

await rm(FOLDER, { recursive: true, force: true });
await Promise.all([...scripts.outputFiles.map(({ path, contents }) => write(path, contents)), write(join(FOLDER, "index.html"), await page())]);

/** Fill in the document's placeholders. */
async function page() {
  const { outputs } = scripts.metafile;
  const main = withImports(LIST, outputs);
  const known = {
    styles: styles.outputFiles[0].text.trim(),
    theme: early.outputFiles[0].text.trim(),
    preload: early.outputFiles[1].text.trim(),
    main: main[0],
    worker: withImports([WORKER], outputs)[0],
    preloads: main.slice(1).map((path) => `<link rel="modulepreload" href="${path}">`).join("\n  "),
    dashboard: withImports(DASHBOARD, outputs).filter((path) => !main.includes(path)).join(" "),
  };
  const hashes = Object.fromEntries(["styles", "theme", "preload"].map((name) => [`${name}-hash`, hash(known[name])]));
  return (await readFile("index.html", "utf8")).replaceAll(/\{\{([\w-]+)\}\}/g, (_, name) => ({ ...known, ...hashes })[name]);
}

/** Return the addresses of the scripts with these modules, and of all that they import at once. */
function withImports(modules, outputs) {
  const found = new Set();
  const add = (path) => {
    if (found.has(path)) return;
    found.add(path);
    outputs[path].imports.filter(({ kind }) => kind === "import-statement").forEach(({ path: imported }) => add(imported));
  };
  for (const module of modules) add(Object.keys(outputs).find((path) => outputs[path].entryPoint === module));
  return [...found].map((path) => path.slice(FOLDER.length));
}

/** The source that a Content-Security-Policy allows: https://www.w3.org/TR/CSP3/#grammardef-hash-source */
function hash(text) {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

async function write(path, contents) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
  if (!/\.(js|html)$/.test(path)) return;
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  const [brotli, zipped] = await Promise.all([promisify(brotliCompress)(contents, quality), promisify(gzip)(contents, { level: 9 })]);
  await Promise.all([writeFile(`${path}.br`, brotli), writeFile(`${path}.gz`, zipped)]);
}
