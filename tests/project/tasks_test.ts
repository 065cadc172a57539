import { assertEquals } from "@std/assert";
import { configKeys } from "../../program/config_keys.ts";
import project from "../../deno.json" with { type: "json" };
import assertPackage from "../../std/assert/deno.json" with { type: "json" };
import csvPackage from "../../std/csv/deno.json" with { type: "json" };
import logPackage from "../../std/log/deno.json" with { type: "json" };
import yamlPackage from "../../std/yaml/deno.json" with { type: "json" };

const TASKS: Record<string, unknown> = project.tasks;
const PROGRAMS = ["server", "client", "echo:server", "echo:client"];
/** The kinds of permission that a task of ours may need at all. */
const MOST: Record<string, readonly string[]> = {
  "server": ["env", "net", "read", "write"],
  "client": ["env", "net", "read", "write"],
  "echo:server": ["env", "net", "read"],
  "echo:client": ["env", "net", "read"],
  "data": ["read", "write"],
  "demo": ["read", "run", "write"],
  "verify": ["env", "read"],
  "test": ["net", "read", "run", "write"],
};

/** Flags that grant nothing. */
const NO_PERMISSION = new Set([
  "--doc",
  "--no-check",
  "--no-prompt",
  "--v8-flags",
]);

for (const [task, most] of Object.entries(MOST)) {
  Deno.test(`task "${task}" grants just what its program needs`, () => {
    const flags = flagsOf(task);
    const kinds = [...flags.keys()].filter((flag) => !NO_PERMISSION.has(flag))
      .map((flag) => flag.replace(/^--allow-/, ""));
    assertEquals(kinds.sort(), most);
    // A program that lacks a permission says so; it does not wait for an answer.
    assertEquals(flags.has("--no-prompt"), true);
  });
}

for (const task of PROGRAMS) {
  Deno.test(`task "${task}" grants each variable of its program`, () => {
    const program = task.endsWith("server") ? "server" : "client";
    const variables = configKeys().map(([, { variables }]) =>
      variables[program]
    ).filter((variable) => variable !== undefined);
    if (program === "client") variables.push("CLI_ID");
    assertEquals(
      flagsOf(task).get("--allow-env")!.split(",").sort(),
      variables.sort(),
    );
  });

  Deno.test(`task "${task}" grants any file and address`, () => {
    // Which ones they are, the configuration says.
    for (const [flag, value] of flagsOf(task)) {
      if (flag === "--allow-env" || NO_PERMISSION.has(flag)) continue;
      assertEquals(value, "", flag);
    }
  });
}

Deno.test('task "verify" grants just the variable of the store', () => {
  assertEquals(flagsOf("verify").get("--allow-env"), "SERVER_STORE_FILE");
});

Deno.test("deno.json asks for four packages and has them at hand", () => {
  assertEquals(project.imports, {
    "@std/assert": "jsr:@std/assert@^1.0.19",
    "@std/csv": "jsr:@std/csv@^1.0.6",
    "@std/log": "jsr:@std/log@^0.224.14",
    "@std/yaml": "jsr:@std/yaml@^1.0.10",
  });
  assertEquals(project.links, [
    "./std/assert",
    "./std/csv",
    "./std/log",
    "./std/yaml",
  ]);
  const packages = [assertPackage, csvPackage, logPackage, yamlPackage];
  for (const [i, { name, version }] of packages.entries()) {
    const wanted = Object.values(project.imports)[i]!;
    assertEquals(wanted.startsWith(`jsr:${name}@^`), true, name);
    assertEquals(satisfies(version, wanted.split("^")[1]!), true, name);
  }
});

/** The flags of a task with their values, up to the program's file. */
function flagsOf(task: string): Map<string, string> {
  const words = String(TASKS[task]).split(" ");
  assertEquals(words[0], "deno", task);
  const flags = words.filter((word) => word.startsWith("-"));
  return new Map(flags.map((flag) => {
    const [name = "", value = ""] = flag.split("=");
    return [name, value];
  }));
}

/** Whether a version is one that a caret range from `least` on takes. */
function satisfies(version: string, least: string): boolean {
  const found = version.split(".").map(Number);
  const wanted = least.split(".").map(Number);
  // A caret fixes the first number that is not 0.
  const fixed = wanted.findIndex((number) => number > 0) + 1;
  const isFixed =
    found.slice(0, fixed).join() === wanted.slice(0, fixed).join();
  const [a = 0, b = 0] = found.slice(fixed);
  const [c = 0, d = 0] = wanted.slice(fixed);
  return isFixed && (a > c || (a === c && b >= d));
}
