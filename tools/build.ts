// Makes each program one executable script, with its permissions in the first
// line. With --compile also a file that needs no Deno, where Deno's runtime can
// be downloaded.

import project from "../deno.json" with { type: "json" };
import { messageOf, ProgramError } from "../program/errors.ts";
import { print, runTool } from "./tool.ts";

const PROGRAMS = ["client", "server"] as const;
const TASK_REGEXP = /^deno run (.*) \S+$/;

type Program = typeof PROGRAMS[number];

/** The flags of the program's task, for a shell. */
function flagsOf(program: Program): string {
  return TASK_REGEXP.exec(project.tasks[program].command)![1]!;
}

async function bundle(program: Program, folder: string): Promise<string> {
  const path = `${folder}/${program}`;
  await runDeno("bundle", "--quiet", "--output", path, `${program}.ts`);
  const code = await Deno.readTextFile(path);
  const start = `#!/usr/bin/env -S deno run --no-config ${flagsOf(program)}`;
  await Deno.writeTextFile(path, `${start}\n${code}`);
  await Deno.chmod(path, 0o755);
  return path;
}

async function compile(program: Program, folder: string): Promise<string> {
  const path = `${folder}/${program}-compiled`;
  const flags = flagsOf(program).replaceAll("'", "").split(" ");
  try {
    const args = [...flags, "--output", path, `${program}.ts`];
    await runDeno("compile", "--quiet", "--no-check", ...args);
    return path;
  } catch (error) {
    return `${path} is not there: ${messageOf(error)}`;
  }
}

async function runDeno(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [command, ...args],
    cwd: new URL("../", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return;
  const text = new TextDecoder().decode(stderr);
  const reason = /error sending request for url \([^)]*\)/.exec(text)?.[0] ??
    text.split("\n")[0];
  throw new ProgramError(`Cannot ${command} ${args.at(-1)}: ${reason}`);
}

if (import.meta.main) {
  await runTool(async () => {
    const isCompiling = Deno.args.includes("--compile");
    const folder = Deno.args.find((arg) => !arg.startsWith("-")) ?? "build";
    await Deno.mkdir(folder, { recursive: true });
    for (const program of PROGRAMS) {
      print([await bundle(program, folder)]);
      if (isCompiling) print([await compile(program, folder)]);
    }
  });
}
