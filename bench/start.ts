// How long an agency with one bet takes, from process start to exit, compared
// with an empty program.

import { join } from "node:path";
import { startAgency, startCentral } from "../tools/demo/programs.ts";
import { TaskProcess } from "../tools/demo/task_process.ts";
import type { Figures } from "./figures.ts";

export async function startAgencyWithOneBet(
  folder: string,
  project: string,
): Promise<Figures> {
  const file = join(folder, "agency.csv");
  await Deno.writeTextFile(file, "Ana,Paz,30904465,1999-03-17,7574\n");
  const { central, port } = await startCentral(join(folder, "bets.csv"), {
    project,
  });
  await using _central = central;
  const start = (agency: number) =>
    startAgency({ agency, file, port, project });
  // The first batch of a central is slower: code is compiled and files are made.
  await measureStart(() => start(1));
  return await measureStart(() => start(2));
}

export async function startEmptyProgram(folder: string): Promise<Figures> {
  const program = join(folder, "empty.ts");
  await Deno.writeTextFile(program, "");
  const args = ["run", "--no-prompt", "--no-config", program];
  return await measureStart(() =>
    new TaskProcess(args, { name: "the empty program" })
  );
}

async function measureStart(start: () => TaskProcess): Promise<Figures> {
  const startedAt = performance.now();
  await using process = start();
  await process.success();
  return { startSeconds: (performance.now() - startedAt) / 1000 };
}
