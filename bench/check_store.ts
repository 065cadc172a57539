// Checks a store after a run, once its central has stopped.

import { type AuditedFile, auditStore } from "../tools/demo/audit.ts";
import { taskArgs, TaskProcess } from "../tools/demo/task_process.ts";
import { isDatabase } from "../tools/tool.ts";

/**
 * Throws an `Error` unless a store has each bet of the files once and in order,
 * and no others. The bets of a database are only counted. The project that wrote
 * the store verifies it, because another revision may write other commit marks.
 */
export async function checkStore(
  store: string,
  files: readonly (AuditedFile & { bets: number })[],
  project?: string,
): Promise<void> {
  for (const audit of isDatabase(store) ? [] : await auditStore(store, files)) {
    const { agency, bets, stored, isExact } = audit;
    if (isExact) continue;
    throw new Error(
      `Cannot use run: of ${bets} bets of agency ${agency} ${stored} are stored, or not as they were sent`,
    );
  }
  const name = isDatabase(store) ? "verify:postgres" : "verify";
  const args = [...taskArgs(name, project), store];
  await using task = new TaskProcess(args, { name, project });
  const [, stored] = await task.line(/^bets: (\d+)$/);
  await task.success();
  const sent = files.reduce((sum, { bets }) => sum + bets, 0);
  if (Number(stored) === sent) return;
  throw new Error(
    `Cannot use run: ${stored} bets are stored, ${sent} were sent`,
  );
}
