// Builds the page into web/dist: `node build.js`. BUCKET_ORIGIN and LIVE_ORIGIN are the origins of the bucket
// and of the WebSocket API, by default the local stack's.
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
import { rolldown } from "rolldown";

const FOLDER = "dist";
const ASSETS = "assets";
const TARGET = ["chrome120", "firefox125", "safari17.4"];
/** On the local stack, the emulator's own port. */
const BUCKET = process.env.BUCKET_ORIGIN ?? "http://127.0.0.1:*";
/** The local stack's own; it also serves the page under the name localhost, where the address of the WebSocket API is the same. */
const LIVE = process.env.LIVE_ORIGIN ?? "ws://127.0.0.1:*";
/** The scripts that are loaded with the document, and those that the list or an open dashboard needs as well. */
const ALWAYS = ["main", "calls"];
const LIST = ["projects"];
const DASHBOARD = ["dashboard", "tables", "echarts"];

const scripts = await bundle({ main: "app/main.js" });
// It has scripts of its own: it would otherwise import the page's.
const worker = await bundle({ table_worker: "app/table_worker.js" }, { codeSplitting: false });
const styles = await build({ entryPoints: ["app/styles/all.css"], bundle: true, loader: { ".svg": "dataurl" }, minify: true, target: TARGET, write: false });
const inlined = await build({ entryPoints: ["theme.js", "app/preload.js"], outdir: FOLDER, minify: true, target: TARGET, write: false });

await rm(FOLDER, { recursive: true, force: true });
await write("index.html", await page());
for (const { fileName, code, source } of [...scripts, ...worker]) await write(fileName, code ?? source);

async function bundle(input, options = {}) {
  const bundled = await rolldown({ input, platform: "browser", transform: { target: TARGET } });
  const names = join(ASSETS, "[name]-[hash].js");
  return (await bundled.generate({ format: "esm", minify: true, sourcemap: true, entryFileNames: names, chunkFileNames: names, ...options })).output;
}

/** Fill in the document's placeholders. */
async function page() {
  const [theme, preload] = inlined.outputFiles.map(({ text }) => text.trim());
  const known = { theme, preload, styles: styles.outputFiles[0].text.trim() };
  const hashes = Object.fromEntries(Object.entries(known).map(([name, text]) => [`${name}-hash`, hash(text)]));
  const [main, ...others] = withImports(ALWAYS);
  const later = (names) => withImports(names).filter((address) => address !== main && !others.includes(address)).join(" ");
  const preloads = others.map((address) => `<link rel="modulepreload" href="${address}">`).join("\n  ");
  const filled = { ...known, ...hashes, main, preloads, bucket: BUCKET, live: LIVE, list: later(LIST), dashboard: later(DASHBOARD), worker: `/${worker[0].fileName}` };
  return (await readFile("index.html", "utf8")).replaceAll(/\{\{([\w-]+)\}\}/g, (_, name) => filled[name]);
}

/** Return the addresses of the scripts that begin with these modules, each followed by those that it imports. */
function withImports(modules) {
  const files = new Set();
  const add = (file) => {
    if (files.has(file)) return;
    files.add(file);
    scripts.find(({ fileName }) => fileName === file).imports.forEach(add);
  };
  for (const module of modules) add(scripts.find(({ name }) => name === module).fileName);
  return [...files].map((file) => `/${file}`);
}

/** The source that a Content-Security-Policy allows: https://www.w3.org/TR/CSP3/#grammardef-hash-source */
function hash(text) {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

async function write(name, contents) {
  const path = join(FOLDER, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
  if (!/\.(js|html)$/.test(path)) return;
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  const [brotli, zipped] = await Promise.all([promisify(brotliCompress)(contents, quality), promisify(gzip)(contents, { level: 9 })]);
  await Promise.all([writeFile(`${path}.br`, brotli), writeFile(`${path}.gz`, zipped)]);
}
