import { assertEquals } from "@std/assert";
import { testWith } from "../support/permissions.ts";

const PROJECT = new URL("../../", import.meta.url);
const IMPORT_REGEXP = /(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g;

/** The wings that each wing may import, besides itself (docs/architecture.md). */
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

/** A top-level module belongs to the wing of its name. */
function wingOf(path: string): string {
  return path.split("/")[0]!.replace(/\.ts$/, "");
}

/** Describes every import of a module that runs upwards or sideways. */
function forbiddenImports(path: string, source: string): string[] {
  const wing = wingOf(path);
  const allowed = ALLOWED[wing];
  if (!allowed) return [];
  const url = new URL(path, PROJECT);
  return [...source.matchAll(IMPORT_REGEXP)]
    .map(([, specifier]) =>
      new URL(specifier!, url).href.slice(PROJECT.href.length)
    )
    .filter((target) => ![wing, ...allowed].includes(wingOf(target)))
    .map((target) => `${path} imports ${target}`);
}

/** The modules of a folder and its subfolders. */
async function* modulesIn(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(folder, PROJECT))) {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) yield* modulesIn(`${path}/`);
    else if (path.endsWith(".ts")) yield path;
  }
}

testWith(["read"], "imports run downwards", async () => {
  const found: string[] = [];
  for (const wing of Object.keys(ALLOWED)) {
    for await (const path of modulesIn(`${wing}/`)) {
      const source = await Deno.readTextFile(new URL(path, PROJECT));
      found.push(...forbiddenImports(path, source));
    }
  }
  for (const path of ["protocol.ts", "storage.ts"]) {
    const source = await Deno.readTextFile(new URL(path, PROJECT));
    found.push(...forbiddenImports(path, source));
  }
  assertEquals(found, []);
});

testWith(["read"], "only four modules stand at the top level", async () => {
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

for (
  const [path, source, expected] of [
    [
      "bet/bet.ts",
      'import { viewOf } from "../bytes/swar.ts";\nimport { FileStore } from "../storage.ts";',
      ["bet/bet.ts imports storage.ts"],
    ],
    [
      "storage/recovery/scan.ts",
      'const net = await import("../../net/connection.ts");',
      ["storage/recovery/scan.ts imports net/connection.ts"],
    ],
    [
      "agency/batch_sender.ts",
      'export { Draw } from "../central/draw.ts";\nimport "../server.ts";',
      [
        "agency/batch_sender.ts imports central/draw.ts",
        "agency/batch_sender.ts imports server.ts",
      ],
    ],
    [
      "storage.ts",
      'import { AppendLog } from "./storage/append_log.ts";',
      [],
    ],
  ] as const
) {
  Deno.test(`an import that runs upwards is found in ${path}`, () => {
    assertEquals(forbiddenImports(path, source), [...expected]);
  });
}
