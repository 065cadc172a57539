/**
 * Other projects' command-line tools, which check what is made for them.
 *
 * @module
 */

import { testWith } from "./permissions.ts";

/** Registers a test that runs a tool, ignored where there is none. */
export function testTool(
  tool: string,
  name: string,
  fn: (
    run: (args: string[], input?: string) => Promise<ToolEnd>,
  ) => Promise<void>,
): void {
  if (Deno.permissions.querySync({ name: "run" }).state !== "granted") {
    return testWith(["run"], name, () => {});
  }
  const isThere = isInstalled(tool);
  Deno.test({
    name: isThere ? name : `${name} (ignored: there is no ${tool})`,
    ignore: !isThere,
    fn: () => fn((args, input) => runTool(tool, args, input)),
  });
}

/** How a tool ended. */
export interface ToolEnd {
  /** Its exit code. */
  code: number;
  /** Its standard output and error. */
  output: string;
}

function isInstalled(tool: string): boolean {
  const args = ["-c", 'command -v "$0"', tool];
  const { success } = new Deno.Command("sh", { args, stdout: "null" })
    .outputSync();
  return success;
}

async function runTool(
  tool: string,
  args: string[],
  input = "",
): Promise<ToolEnd> {
  const process = new Deno.Command(tool, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}
