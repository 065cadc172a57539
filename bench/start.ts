// How long an agency with one bet takes, from process start to exit, compared
// with an empty program.

import { dirname, join } from "node:path";
import { startAgency, startCentral } from "../tools/demo/programs.ts";
import { TaskProcess } from "../tools/demo/task_process.ts";
import type { Case, Figures } from "./figures.ts";

/** Starts of each kind. */
export const STARTS = 15;

/**
 * Lists the starts of an empty program and of each project's agency. `projects`
 * has their folders, by the suffix of their cases.
 */
export async function startCases(
  projects: ReadonlyMap<string, string>,
  parent: string,
  stack: AsyncDisposableStack,
): Promise<Case[]> {
  const folder = await Deno.makeTempDir({ dir: parent, prefix: "start-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const program = join(folder, "empty.ts");
  await Deno.writeTextFile(program, "");
  const cases = [startCase("start-empty", () => startEmpty(program))];
  const file = join(folder, "agency.csv");
  await Deno.writeTextFile(file, "Ana,Paz,30904465,1999-03-17,7574\n");
  for (const [suffix, project] of projects) {
    const store = join(folder, `store${suffix}`, "bets.csv");
    await Deno.mkdir(dirname(store));
    const { central, port } = await startCentral(store, { project });
    stack.use(central);
    let agency = 0;
    cases.push(startCase(`start-agency${suffix}`, () => {
      agency++;
      return startAgency({ agency, file, port, project });
    }));
  }
  return cases;
}

function startEmpty(program: string): TaskProcess {
  const args = ["run", "--no-prompt", "--no-config", program];
  return new TaskProcess(args, { name: "the empty program" });
}

function startCase(name: string, start: () => TaskProcess): Case {
  async function run(): Promise<Figures> {
    const startedAt = performance.now();
    await using process = start();
    await process.success();
    return { startSeconds: (performance.now() - startedAt) / 1000 };
  }
  return { name, run };
}
