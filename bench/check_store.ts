// Checks a store after a run, once its central has stopped.

import { type AuditedFile, auditStore } from "../tools/demo/audit.ts";
import {
  PROJECT_FOLDER,
  taskArgs,
  TaskProcess,
} from "../tools/demo/task_process.ts";

/**
 * Throws an `Error` unless a store has each bet of the files once and in order,
 * and no others. Returns the number of batches. The project that wrote the
 * store verifies it, because another revision may write other commit marks.
 */
export async function checkStore(
  path: string,
  files: readonly AuditedFile[],
  project: string = PROJECT_FOLDER,
): Promise<number> {
  const audits = await auditStore(path, files);
  for (const { agency, bets, stored, isExact } of audits) {
    if (isExact) continue;
    throw new Error(
      `Cannot use run: of ${bets} bets of agency ${agency} ${stored} are stored, or not as they were sent`,
    );
  }
  const { bets, batches } = await verify(path, project);
  const sent = audits.reduce((sum, audit) => sum + audit.bets, 0);
  if (bets === sent) return batches!;
  throw new Error(`Cannot use run: ${bets} bets are stored, ${sent} were sent`);
}

/** Runs `deno task verify` and returns the counts that it prints. */
async function verify(
  path: string,
  project: string,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  await using task = new TaskProcess([...taskArgs("verify", project), path], {
    name: "verify",
    project,
    onLine(line): void {
      const [, what, count] = /^(\w+): (\d+)$/.exec(line) ?? [];
      if (what !== undefined) counts[what] = Number(count);
    },
  });
  await task.success();
  return counts;
}
