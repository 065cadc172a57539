import { assert, assertEquals } from "@std/assert";
import {
  keysOf,
  TOKEN_VARIABLE,
  variableOf,
} from "../../program/config/config_names.ts";
import project from "../../deno.json" with { type: "json" };

const TASKS: Record<string, { description: string; command?: string }> =
  project.tasks;
const PROGRAMS = ["server", "client", "echo:server", "echo:client"];
/** Flags that grant nothing. */
const NO_PERMISSION = new Set([
  "--doc",
  "--no-check",
  "--parallel",
  "--no-prompt",
  "--v8-flags",
]);

// Deno keeps a module's compiled code for one set of V8 flags.
Deno.test("the central and the agencies run with the same V8 flags", () => {
  const [flags, ...others] = ["client", "server", "server:postgres"]
    .map((task) => flagsOf(task).get("--v8-flags"));
  assertEquals(others, [flags, flags]);
});

for (const task of PROGRAMS) {
  Deno.test(`task "${task}" grants each variable of its program`, () => {
    const program = task.endsWith("server") ? "server" : "client";
    const variables = keysOf(program).map((key) => variableOf(key, program));
    if (task === "client") variables.push(TOKEN_VARIABLE);
    const granted = flagsOf(task).get("--allow-env")!.split(",");
    for (const variable of variables) {
      assert(
        granted.some((pattern) =>
          new RegExp(`^${pattern.replace("*", ".*")}$`).test(variable)
        ),
        variable,
      );
    }
  });

  Deno.test(`task "${task}" grants any file and address, and never asks`, () => {
    assert(flagsOf(task).has("--no-prompt"));
    // The configuration defines which variables.
    for (const [flag, value] of flagsOf(task)) {
      if (flag === "--allow-env" || NO_PERMISSION.has(flag)) continue;
      assertEquals(value, "", flag);
    }
  });
}

Deno.test('task "verify" grants just the variable of the store', () => {
  assertEquals(flagsOf("verify").get("--allow-env"), "SERVER_STORE_FILE");
});

Deno.test("each task in deno.json says what it does", () => {
  for (const [task, { description }] of Object.entries(TASKS)) {
    assert(/^[A-Z].{10,60}[^.]$/.test(description), task);
  }
});

/** The flags of a task with their values, up to the program's file. */
function flagsOf(task: string): Map<string, string> {
  const words = TASKS[task]!.command!.replaceAll("'", "").split(" ");
  assertEquals(words[0], "deno", task);
  const flags = words.filter((word) => word.startsWith("-"));
  return new Map(flags.map((flag) => {
    const [name = "", value = ""] = flag.split("=");
    return [name, value];
  }));
}
