// Runs of SQLite, as included in Deno.

import { join } from "node:path";
import { TaskProcess } from "../../tools/demo/task_process.ts";
import type { DataSet } from "../data.ts";
import type { Figures } from "../figures.ts";

/** Loads a data set into a new database in this folder. */
export async function loadSqlite(
  { files, bets }: DataSet,
  folder: string,
): Promise<Figures> {
  await using loader = new TaskProcess([
    ...["run", "--no-prompt", "--allow-read", "--allow-write"],
    ...["bench/rivals/sqlite_load.ts", join(folder, "bets.db")],
    ...files.map(({ path }) => path),
  ], { name: "SQLite" });
  const [json] = await loader.line(/^\{.*\}$/);
  await loader.success();
  const { seconds, stored } = JSON.parse(json);
  if (stored === bets) return { bets, seconds, betsPerSecond: bets / seconds };
  throw new Error(`Cannot use run: SQLite has ${stored} of ${bets} bets`);
}
