import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cp, mkdtemp, mkdir, readdir, readFile, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { publint } from "publint";

const client = fileURLToPath(new URL("../", import.meta.url));
const root = fileURLToPath(new URL("../../../", import.meta.url));
const modules = join(client, "node_modules");
const manifest = JSON.parse(await readFile(join(client, "package.json"), "utf8"));

/** A folder with an application in which the tarball is installed. */
let scratch = "";
let tarball = "";

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), "package-"));
  // Packed in a copy without `dist`: other tests use the compiled client meanwhile.
  const copy = join(scratch, "repository", "web", "client");
  for (const name of ["package.json", ".npmrc", "tsconfig.json", "README.md", "src"]) await cp(join(client, name), join(copy, name), { recursive: true });
  await cp(join(root, "LICENSE"), join(scratch, "repository", "LICENSE"));
  await symlink(modules, join(copy, "node_modules"));
  execFileSync("npm", ["run", "--silent", "tarball", "--", "--pack-destination", scratch], { cwd: copy, env: { ...process.env, npm_config_update_notifier: "false" }, stdio: "pipe" });
  tarball = join(scratch, `dashkeep-client-${manifest.version}.tgz`);

  const installed = join(scratch, "node_modules", "@dashkeep", "client");
  await mkdir(installed, { recursive: true });
  execFileSync("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
});

after(() => rm(scratch, { recursive: true }));

test("the package holds its modules with their types, README and LICENSE, nothing else, and is as small as the README says", async () => {
  const names = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).trim().split("\n").map((name) => name.replace("package/", ""));
  const sources = (await readdir(join(client, "src"))).map((name) => name.replace(/\.ts$/, ""));
  assert.deepEqual(names.sort(), ["LICENSE", "README.md", "package.json", ...sources.flatMap((name) => [`dist/${name}.d.ts`, `dist/${name}.js`])].sort());
  assert.deepEqual(manifest.dependencies, undefined);
  const [, most] = /The tarball has at most\s(\d+) KB/.exec(await readFile(join(client, "README.md"), "utf8")) ?? [];
  const { size } = await stat(tarball);
  assert.ok(size <= Number(most) * 1024, `${size} bytes`);
});

test("publint has nothing to say about the package", async () => {
  const bytes = await readFile(tarball);
  const { messages } = await publint({ pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) }, strict: true });
  assert.deepEqual(messages, []);
});

test("the types of every entry resolve for ES modules, in Node and in bundlers", () => {
  const shown = spawnSync(join(modules, ".bin", "attw"), [tarball, "--profile", "esm-only", "--format", "json"], { encoding: "utf8" });
  const { analysis } = JSON.parse(shown.stdout);
  assert.deepEqual(Object.keys(analysis.entrypoints), Object.keys(manifest.exports));
  for (const { resolutions } of Object.values(analysis.entrypoints)) assert.ok(resolutions.bundler.resolution && resolutions["node16-esm"].resolution);
  assert.equal(shown.status, 0, shown.stdout);
});

/** Run a module in the application; returns what it prints. @param {string} code */
function run(code) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", code], { cwd: scratch, encoding: "utf8", timeout: 30_000 });
  assert.deepEqual([status, signal, stderr], [0, null, ""]);
  return stdout.trim();
}

test("the client needs neither Zustand nor React, and importing it keeps no process alive", () => {
  assert.equal(run('const { createDashboardClient } = await import("@dashkeep/client"); console.log(typeof createDashboardClient);'), "function");
});

test("every entry can be imported where React and Zustand are installed, and keeps no process alive", async () => {
  for (const name of ["react", "zustand"]) await symlink(join(modules, name), join(scratch, "node_modules", name));
  const entries = Object.keys(manifest.exports).map((entry) => entry.replace(".", manifest.name));
  const names = JSON.parse(run(`console.log(JSON.stringify(await Promise.all(${JSON.stringify(entries)}.map(async (entry) => Object.keys(await import(entry))))));`));
  for (const [index, name] of ["createDashboardClient", "dashkeep", "useDashboard", "sharing", "live"].entries()) assert.ok(names[index].includes(name), name);
});

test("a bundler drops what an application does not use", async () => {
  const contents = Object.keys(manifest.exports).map((entry, index) => `import * as unused${index} from "${entry.replace(".", manifest.name)}";`).join("\n");
  const bundle = async (/** @type {string} */ used) => {
    const { outputFiles } = await build({ stdin: { contents: contents + used, resolveDir: scratch }, bundle: true, format: "esm", write: false });
    return outputFiles[0]?.text.length ?? Number.NaN;
  };
  assert.equal(await bundle(""), 0);
  assert.ok((await bundle("console.log(unused0.placeInWords);")) < 3_000);
});
