import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import ts from "typescript";

const folder = fileURLToPath(new URL("../", import.meta.url));
const { options: own } = ts.parseJsonConfigFileContent(ts.readConfigFile(`${folder}tsconfig.json`, ts.sys.readFile).config, ts.sys, folder);
const handedOut = ["index", "zustand", "react", "sharing", "live"].map((name) => `${folder}dist/${name}.d.ts`);
const uses = readdirSync(`${folder}tests/types`).map((name) => `${folder}tests/types/${name}`);

/** `tsc --project tests` compiles the same once more, with `nodenext` and the libraries. @type {ts.CompilerOptions} */
const strict = { ...own, noEmit: true, rootDir: folder, types: [], strict: true, exactOptionalPropertyTypes: true, skipLibCheck: true };

/** @type {Record<string, ts.CompilerOptions>} */
const RESOLUTIONS = {
  node16: { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
};

/** TypeScript's own libraries, which are read once. @type {Map<string, ts.SourceFile | undefined>} */
const libraries = new Map();

/** A host that knows one more file, which is in memory. @param {ts.CompilerOptions} options @param {string} [file] @param {string} [text] */
function hostOf(options, file, text = "") {
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, ...rest) => {
    if (name === file) return ts.createSourceFile(name, text, ts.ScriptTarget.ES2022);
    if (!name.includes("typescript/lib/")) return getSourceFile(name, ...rest);
    if (!libraries.has(name)) libraries.set(name, getSourceFile(name, ...rest));
    return libraries.get(name);
  };
  return host;
}

/** @param {readonly ts.Diagnostic[]} diagnostics */
const inWords = (diagnostics) => diagnostics.map(({ file, start, messageText }) => `${file?.fileName.replace(folder, "")}:${file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : ""}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);

for (const [name, resolution] of Object.entries(RESOLUTIONS)) {
  test(`applications compile strictly with the module resolution ${name}`, () => {
    const options = { ...strict, ...resolution };
    const program = ts.createProgram(uses, options, hostOf(options));
    assert.deepEqual(inWords(ts.getPreEmitDiagnostics(program)), []);
    assert.ok(program.getSourceFiles().some(({ fileName }) => fileName === handedOut[0]));
  });
}

/** The places of `any` in what modules export. */
class Walk {
  /** @type {string[]} */
  found = [];
  /** How many declarations were looked into. */
  count = 0;
  /** @type {Set<ts.Type>} */
  #seen = new Set();

  /** @param {ts.Program} program */
  constructor(program) {
    this.program = program;
    this.checker = program.getTypeChecker();
  }

  /** @param {string} file */
  module(file) {
    const source = this.program.getSourceFile(file);
    const symbol = source && this.checker.getSymbolAtLocation(source);
    assert.ok(symbol, file);
    for (const exported of this.checker.getExportsOfModule(symbol)) {
      const target = exported.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(exported) : exported;
      if (target.flags & ts.SymbolFlags.Value) this.visit(this.checker.getTypeOfSymbol(target), exported.name);
      if (target.flags & ts.SymbolFlags.Type) this.visit(this.checker.getDeclaredTypeOfSymbol(target), exported.name);
    }
  }

  /** @param {ts.Type | undefined} type @param {string} path */
  visit(type, path) {
    if (!type || this.#seen.has(type)) return;
    if (type.flags & ts.TypeFlags.Any) return void this.found.push(path);
    this.#seen.add(type);
    for (const each of [...(type.aliasTypeArguments ?? []), ...this.#argumentsOf(type)]) this.visit(each, `${path}<>`);
    if (type.isUnionOrIntersection()) for (const each of type.types) this.visit(each, path);
    if (type.isTypeParameter()) this.visit(this.checker.getBaseConstraintOfType(type), `${path} extends`);
    if (type.flags & ts.TypeFlags.Conditional) {
      const { root } = /** @type {ts.ConditionalType} */ (type);
      for (const node of [root.node.trueType, root.node.falseType]) this.visit(this.checker.getTypeFromTypeNode(node), path);
    }
    if (type.flags & ts.TypeFlags.Object && this.#isOwn(type.symbol)) this.#members(type, path);
  }

  /** @param {ts.Type} type @param {string} path */
  #members(type, path) {
    this.count += 1;
    for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()]) {
      for (const parameter of signature.typeParameters ?? []) this.visit(parameter, `${path}<${parameter.symbol.name}>`);
      for (const parameter of signature.parameters) this.visit(this.checker.getTypeOfSymbol(parameter), `${path}(${parameter.name})`);
      this.visit(signature.getReturnType(), `${path}()`);
    }
    for (const index of this.checker.getIndexInfosOfType(type)) this.visit(index.type, `${path}[]`);
    for (const property of type.getProperties()) if (this.#isOwn(property)) this.visit(this.checker.getTypeOfSymbol(property), `${path}.${property.name}`);
  }

  /** @param {ts.Type} type */
  #argumentsOf(type) {
    const isReference = type.flags & ts.TypeFlags.Object && /** @type {ts.ObjectType} */ (type).objectFlags & ts.ObjectFlags.Reference;
    return isReference ? this.checker.getTypeArguments(/** @type {ts.TypeReference} */ (type)) : [];
  }

  /** Whether a symbol is not one of TypeScript's own libraries, or of Zustand's. @param {ts.Symbol | undefined} symbol */
  #isOwn(symbol) {
    return !symbol?.declarations?.some((each) => each.getSourceFile().fileName.includes("node_modules"));
  }
}

/** @param {string[]} files @param {ts.CompilerHost} [host] */
function walked(files, host = hostOf(strict)) {
  const walk = new Walk(ts.createProgram(files, strict, host));
  for (const file of files) walk.module(file);
  return walk;
}

test("nothing that is handed out has the type any, however deep", () => {
  const { found, count } = walked(handedOut);
  assert.deepEqual(found, []);
  assert.ok(count > 200, `${count} declarations`);
});

test("the search for any finds it wherever it is", () => {
  const file = `${folder}dist/example.d.ts`;
  const text = `
    export declare function call(given: any): void;
    export declare function made(): Promise<any>;
    export interface Shape { deep: { list: readonly { value: any }[] }; map: Map<string, any>; method<T extends any[]>(given: T): void; [name: string]: any }
    export declare class Thing { constructor(given: any); readonly member: any }
    export type Either = { one: string } | { other: any };
    export declare const text: string;`;
  assert.deepEqual(walked([file], hostOf(strict, file, text)).found.sort(), ["Either.other", "Shape.deep.list<>.value", "Shape.map<>", "Shape.method<T> extends<>", "Shape[]", "Thing(given)", "Thing().member", "call(given)", "made()<>"].sort());
});
