// Other projects' command-line tools, which check what is made for them.

import { testInFolder } from "./folder.ts";
import { testWith } from "./permissions.ts";
import { endingOf } from "./programs.ts";

/** How a tool ended. */
export interface ToolEnd {
  code: number;
  /** Its standard output and error. */
  output: string;
}

/**
 * Registers a test that uses tools, ignored where one of them is not installed.
 */
export function testTools(
  tools: readonly string[],
  name: string,
  fn: (dir: string) => Promise<void>,
): void {
  const needs = ["net", "run"] as const;
  const isGranted = needs.every((need) =>
    Deno.permissions.querySync({ name: need }).state === "granted"
  );
  if (!isGranted) return testWith(needs, name, () => {});
  const missing = tools.find((tool) => !isInstalled(tool));
  if (missing === undefined) return testInFolder(name, fn, needs);
  const ignored = `${name} (ignored: there is no ${missing})`;
  Deno.test({ name: ignored, ignore: true, fn() {} });
}

function isInstalled(tool: string): boolean {
  const args = ["-c", 'command -v "$0"', tool];
  return new Deno.Command("sh", { args, stdout: "null" }).outputSync().success;
}

/** Runs a tool with a text as its standard input. */
export async function runTool(
  tool: string,
  args: string[],
  input = "",
): Promise<ToolEnd> {
  const { code, stdout, stderr } = await endingOf(tool, { args }, input);
  return { code, output: stdout + stderr };
}
