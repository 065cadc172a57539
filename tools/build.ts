// Makes each program one executable script, with its permissions in the first
// line.

import { parseArgs } from "node:util";
import project from "../deno.json" with { type: "json" };
import { ProgramError } from "../program/errors.ts";
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
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--output", path, `${program}.ts`],
    cwd: new URL("../", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) {
    const reason = new TextDecoder().decode(stderr).trim();
    throw new ProgramError(`Cannot bundle ${program}.ts: ${reason}`);
  }
  const code = await Deno.readTextFile(path);
  // Linux reads 255 bytes of this line.
  const flags = flagsOf(program)
    .replace("--allow-net --allow-read --allow-write", "-N -R -W");
  const start = `#!/usr/bin/env -S deno run --no-config ${flags}`;
  await Deno.writeTextFile(path, `${start}\n${code}`);
  await Deno.chmod(path, 0o755);
  return path;
}

if (import.meta.main) {
  await runTool(async () => {
    const { positionals: [folder = "build"] } = parseArgs({
      allowPositionals: true,
    });
    await Deno.mkdir(folder, { recursive: true });
    for (const program of PROGRAMS) {
      print([await bundle(program, folder)]);
    }
  });
}
