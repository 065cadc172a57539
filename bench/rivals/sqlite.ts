// SQLite, as included in Deno, in a process of its own. It loads one batch of
// each file in turn, each a durable transaction into a table with a key. Rows
// are parsed before the start.

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { writeLine } from "../../program/logging.ts";
import { TaskProcess } from "../../tools/demo/task_process.ts";
import type { DataSet } from "../data.ts";
import type { Figures } from "../figures.ts";
import { BATCH_BETS } from "../load/main.ts";

/** Loads a data set into a new database in this folder. */
export async function loadSqlite(
  { files, bets }: DataSet,
  folder: string,
): Promise<Figures> {
  await using loader = new TaskProcess([
    ...["run", "--no-prompt", "--allow-read", "--allow-write"],
    ...["bench/rivals/sqlite.ts", join(folder, "bets.db")],
    ...files.map(({ path }) => path),
  ], { name: "SQLite" });
  const [json] = await loader.line(/^\{.*\}$/);
  await loader.success();
  const { seconds, stored } = JSON.parse(json);
  if (stored === bets) return { bets, seconds, betsPerSecond: bets / seconds };
  throw new Error(`Cannot use run: SQLite has ${stored} of ${bets} bets`);
}

function main([path = "", ...paths]: readonly string[]): void {
  const files = paths.map((file) =>
    Deno.readTextFileSync(file).trimEnd().split("\r\n")
      .map((row) => row.split(","))
  );
  using database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE bets (agency INTEGER, bet_index INTEGER, first_name TEXT,
      last_name TEXT, document TEXT, birthdate TEXT, number INTEGER,
      PRIMARY KEY (agency, bet_index)) WITHOUT ROWID`);
  const insert = database.prepare("INSERT INTO bets VALUES (?,?,?,?,?,?,?)");
  const startedAt = performance.now();
  const longest = Math.max(...files.map(({ length }) => length));
  for (let from = 0; from < longest; from += BATCH_BETS) {
    for (const [i, rows] of files.entries()) {
      const to = Math.min(from + BATCH_BETS, rows.length);
      if (from >= to) continue;
      database.exec("BEGIN");
      for (let at = from; at < to; at++) insert.run(i + 1, at, ...rows[at]!);
      database.exec("COMMIT");
    }
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const count = "SELECT count(*) AS stored FROM bets";
  const { stored } = database.prepare(count).get()!;
  writeLine(Deno.stdout, JSON.stringify({ seconds, stored }));
}

if (import.meta.main) main(Deno.args);
