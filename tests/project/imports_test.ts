import { assertEquals } from "@std/assert";
import { testReading } from "../support/permissions.ts";

const PROJECT = new URL("../../", import.meta.url);
const IMPORT_REGEXP = /(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g;

/** A line of a documentation comment, which may show an import. */
const EXAMPLE_LINE_REGEXP = /^ \*.*$/gm;

/** The folders that each folder may import, besides itself (docs/architecture.md). */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  bytes: [],
  program: [],
  bet: ["bytes"],
  protocol: ["bet", "bytes"],
  net: ["protocol", "bytes", "program"],
  storage: ["bet", "bytes", "program"],
  echo: ["net", "program"],
  central: ["storage", "net", "protocol", "bet", "bytes", "program"],
  postgres: ["server", "storage", "bet", "program"],
  agency: ["storage", "net", "protocol", "bet", "bytes", "program"],
};

/** What stands outside of the levels, and may import every door. */
const OUTSIDE = ["tools", "bench", "postgres"];
/**
 * Folders with a door, their mod.ts. The module of the same name at the top
 * level exports a selection to other projects.
 */
const DOORS = ["protocol", "storage"];

/** A top-level module belongs to the folder of its name. */
function topFolderOf(path: string): string {
  return path.split("/")[0]!.replace(/\.ts$/, "");
}

/** The project's modules that a module imports. */
function importsOf(path: string, source: string): string[] {
  const url = new URL(path, PROJECT);
  const code = source.replaceAll(EXAMPLE_LINE_REGEXP, "");
  return [...code.matchAll(IMPORT_REGEXP)].map(([, specifier]) =>
    new URL(specifier!, url).href.slice(PROJECT.href.length)
  );
}

/** Describes every import that runs upwards, sideways or past a door. */
function forbiddenImports(path: string, source: string): string[] {
  const topFolder = topFolderOf(path);
  return importsOf(path, source).flatMap((target) => {
    const found = `${path} imports ${target}`;
    const isOwn = topFolderOf(target) === topFolder;
    const allowed = ALLOWED[topFolder];
    if (allowed && !isOwn && !allowed.includes(topFolderOf(target))) {
      return [found];
    }
    if (!DOORS.includes(topFolderOf(target))) return [];
    const isDoor = target === `${topFolderOf(target)}/mod.ts`;
    if (isOwn && path.includes("/") && (isDoor || !target.includes("/"))) {
      return [`${found}, its own door`];
    }
    if (isOwn || isDoor) return [];
    return [`${found}, past its door`];
  });
}

/** Returns a circle of imports, or nothing. */
function findCircle(
  imports: ReadonlyMap<string, readonly string[]>,
): string[] | undefined {
  const done = new Set<string>();
  function visit(path: string, way: readonly string[]): string[] | undefined {
    const at = way.indexOf(path);
    if (at >= 0) return [...way.slice(at), path];
    if (done.has(path)) return undefined;
    for (const target of imports.get(path) ?? []) {
      const circle = visit(target, [...way, path]);
      if (circle) return circle;
    }
    done.add(path);
    return undefined;
  }
  for (const path of imports.keys()) {
    const circle = visit(path, []);
    if (circle) return circle;
  }
  return undefined;
}

/** The modules of a folder and its subfolders. */
async function* modulesIn(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(folder, PROJECT))) {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) yield* modulesIn(`${path}/`);
    else if (path.endsWith(".ts")) yield path;
  }
}

/** The source of every module outside of tests/ and std/, by its path. */
async function readModules(): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  const read = async (path: string) =>
    sources.set(path, await Deno.readTextFile(new URL(path, PROJECT)));
  const topFolders = new Set([...Object.keys(ALLOWED), ...OUTSIDE]);
  for (const topFolder of topFolders) {
    for await (const path of modulesIn(`${topFolder}/`)) await read(path);
  }
  for (const door of ["client", "protocol", "server", "storage"]) {
    await read(`${door}.ts`);
  }
  return sources;
}

testReading("imports run downwards, and through the doors", async () => {
  const found: string[] = [];
  for (const [path, source] of await readModules()) {
    found.push(...forbiddenImports(path, source));
  }
  assertEquals(found, []);
});

testReading("imports make no circle", async () => {
  const imports = new Map<string, string[]>();
  for (const [path, source] of await readModules()) {
    imports.set(path, importsOf(path, source));
  }
  assertEquals(findCircle(imports), undefined);
});

Deno.test("a circle of imports is found", () => {
  const imports = new Map([
    ["a.ts", ["b.ts", "c.ts"]],
    ["b.ts", []],
    ["c.ts", ["d.ts"]],
    ["d.ts", ["b.ts", "c.ts"]],
  ]);
  assertEquals(findCircle(imports), ["c.ts", "d.ts", "c.ts"]);
});

testReading("only four modules stand at the top level", async () => {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(PROJECT)) {
    if (name.endsWith(".ts")) names.push(name);
  }
  assertEquals(names.sort(), [
    "client.ts",
    "protocol.ts",
    "server.ts",
    "storage.ts",
  ]);
});

/** Lines of modules, and what each imports that it may not. */
const WRONG: [path: string, line: string, wrong: string][] = [
  ["storage/a.ts", 'await import("../net/a.ts");', "net/a.ts"],
  ["agency/a.ts", 'export { Draw } from "../central/a.ts";', "central/a.ts"],
  ["storage/a.ts", 'import "../storage.ts";', "storage.ts, its own door"],
  ["tools/a.ts", 'import "../storage/a.ts";', "storage/a.ts, past its door"],
];

Deno.test("imports upwards, sideways and past a door are found", () => {
  for (const [path, line, wrong] of WRONG) {
    assertEquals(forbiddenImports(path, line), [`${path} imports ${wrong}`]);
  }
});
