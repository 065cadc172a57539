/**
 * What people do with the database: `deno task verify:postgres`,
 * `export:postgres` and `import:postgres`.
 *
 * @module
 */

import { parse } from "@std/csv";
import type { Sql } from "postgres";
import { type Batch, packBets } from "../bet/bet.ts";
import { messageOf, ProgramError } from "../program/errors.ts";
import { writeLine } from "../program/logging.ts";
import { EXIT_FAILURE } from "../program/program.ts";
import {
  openUnheldFile,
  scanStore,
  type StoredBatch,
  withoutMark,
} from "../storage.ts";
import { connect, describeDatabase, explainDatabase } from "./database.ts";
import { PostgresStore } from "./postgres_store.ts";
import { checkVersion } from "./schema.ts";

const USAGE = `Usage: deno task verify:postgres URL
       deno task export:postgres URL
       deno task import:postgres FILE URL

verify  checks the tables' version and counts bets, agencies and finished ones
export  writes the bets to standard output as CSV: agency, first name, last name,
        document, birthdate, number
import  stores the bets of the store FILE in the database, and who has finished;
        may be run again after it broke off`;

const EXPORT_ROWS = 2_000;
/** Batches that are under way at once. */
const IMPORT_BATCHES = 200;

async function verify(sql: Sql): Promise<void> {
  await checkVersion(sql);
  const [row] = await sql`
    SELECT (SELECT count(*) FROM bets) AS bets,
      (SELECT count(DISTINCT agency) FROM bets) AS agencies,
      (SELECT count(*) FROM finished) AS finished,
      (SELECT draw_held_at FROM loteria) AS draw_held_at`;
  const heldAt = row?.["draw_held_at"] as Date | null;
  writeLine(Deno.stdout, `bets: ${row?.["bets"]}`);
  writeLine(Deno.stdout, `agencies: ${row?.["agencies"]}`);
  writeLine(Deno.stdout, `finished: ${row?.["finished"]}`);
  writeLine(Deno.stdout, `draw: ${heldAt?.toISOString() ?? "not held"}`);
}

/** Writes all bets, a few thousand at a time. */
async function exportBets(sql: Sql): Promise<void> {
  await checkVersion(sql);
  const rows = sql`
    SELECT agency, first_name, last_name, document, birthdate::text, number
    FROM bets ORDER BY agency, source, position`.cursor(EXPORT_ROWS);
  for await (const bets of rows) {
    const lines = bets.map((bet) =>
      Object.values(bet).map((field) => csvField(String(field))).join()
    );
    writeLine(Deno.stdout, lines.join("\n"));
  }
}

function csvField(field: string): string {
  return /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/** Stores what a file store has. Bets that are there already stay as they are. */
async function importStore(path: string, url: string): Promise<void> {
  using file = await openUnheldFile(path);
  const batches: StoredBatch[] = [];
  const { committedSize } = await scanStore(file, (batch) => {
    batches.push(batch);
  });
  const store = await PostgresStore.open(url);
  try {
    using writer = store.writer();
    for (let first = 0; first < batches.length; first += IMPORT_BATCHES) {
      const group = batches.slice(first, first + IMPORT_BATCHES);
      await Promise.all(group.map(async (batch, i) => {
        const end = batches[first + i + 1]?.byteOffset ?? committedSize;
        await writer.append(await readBatch(path, batch, end));
      }));
    }
    for (const agency of await readFinished(path)) await store.finish(agency);
  } finally {
    await store.close();
  }
  const bets = batches.reduce((sum, { count }) => sum + count, 0);
  writeLine(Deno.stdout, `bets: ${bets}`);
}

async function readBatch(
  path: string,
  stored: StoredBatch,
  end: number,
): Promise<Batch> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(end - stored.byteOffset);
  await file.seek(stored.byteOffset, Deno.SeekMode.Start);
  for (let at = 0; at < bytes.length;) {
    at += await file.read(bytes.subarray(at)) ?? bytes.length;
  }
  const lines = new TextDecoder().decode(bytes).trimEnd().split("\n");
  const bets = lines.map((line) => {
    const [row] = parse(withoutMark(line));
    const [, firstName, lastName, document, birthdate, number] = row!;
    return {
      firstName: firstName!,
      lastName: lastName!,
      document: document!,
      birthdate: birthdate!,
      number: number!,
    };
  });
  const { agency, fingerprint, betIndex, count } = stored;
  return { agency, fingerprint, betIndex, count, bets: packBets(bets) };
}

/** The agencies of finished.csv beside the store; none without it. */
async function readFinished(path: string): Promise<number[]> {
  try {
    const file = path.replace(/[^/]*$/, "finished.csv");
    const text = await Deno.readTextFile(file);
    return text.split("\n").slice(0, -1).map(Number);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function withDatabase(
  url: string,
  use: (sql: Sql) => Promise<void>,
): Promise<void> {
  const sql = connect(url);
  try {
    await use(sql);
  } catch (cause) {
    if (cause instanceof Deno.errors.BrokenPipe) throw cause;
    throw new ProgramError(
      `Cannot use "${describeDatabase(url)}": ${explainDatabase(cause)}`,
      { cause },
    );
  } finally {
    await sql.end({ timeout: 0 });
  }
}

async function main(args: readonly string[]): Promise<void> {
  const [command, one, other] = args;
  if (command === "verify" && args.length === 2) {
    await withDatabase(one!, verify);
  } else if (command === "export" && args.length === 2) {
    await withDatabase(one!, exportBets);
  } else if (command === "import" && args.length === 3) {
    await importStore(one!, other!);
  } else if (args.includes("--help")) {
    writeLine(Deno.stdout, USAGE);
  } else {
    throw new ProgramError(`Cannot run: wrong arguments\n\n${USAGE}`);
  }
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    // The reader of the output, such as `head`, has enough.
    if (!(error instanceof Deno.errors.BrokenPipe)) {
      writeLine(Deno.stderr, `${Deno.args[0]}: ${messageOf(error)}`);
      Deno.exitCode = EXIT_FAILURE;
    }
  }
}
