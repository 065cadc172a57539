/**
 * `deno task import:postgres`: copies a store in files into the database.
 *
 * @module
 */

import { parse } from "@std/csv";
import { type Batch, packBets } from "../../bet/bet.ts";
import { writeLine } from "../../program/logging.ts";
import {
  type BatchWriter,
  openUnheldFile,
  scanStore,
  type StoredBatch,
  withoutMark,
} from "../../storage.ts";
import { PostgresStore } from "../postgres_store.ts";

/** Batches that are under way at once. */
const BATCHES_AT_ONCE = 200;

/** Stores what a file store has. Bets that are there already stay as they are. */
export async function importStore(path: string, url: string): Promise<void> {
  using file = await openUnheldFile(path);
  const batches: StoredBatch[] = [];
  const { committedSize } = await scanStore(file, (batch) => {
    batches.push(batch);
  });
  const store = await PostgresStore.open(url);
  try {
    using writer = store.writer();
    for (let first = 0; first < batches.length; first += BATCHES_AT_ONCE) {
      const end = first + BATCHES_AT_ONCE;
      await importGroup(
        path,
        batches.slice(first, end),
        batches[end]?.byteOffset ?? committedSize,
        writer,
      );
    }
    for (const agency of await readFinished(path)) await store.finish(agency);
  } finally {
    await store.close();
  }
  const bets = batches.reduce((sum, { count }) => sum + count, 0);
  writeLine(Deno.stdout, `bets: ${bets}`);
}

/** Imports consecutive batches, whose rows end at a byte offset. */
async function importGroup(
  path: string,
  batches: readonly StoredBatch[],
  end: number,
  writer: BatchWriter,
): Promise<void> {
  const start = batches[0]!.byteOffset;
  const bytes = await readRange(path, start, end);
  await Promise.all(batches.map((batch, i) => {
    const batchEnd = batches[i + 1]?.byteOffset ?? end;
    const rows = bytes.subarray(batch.byteOffset - start, batchEnd - start);
    return writer.append(toBatch(batch, rows));
  }));
}

async function readRange(
  path: string,
  start: number,
  end: number,
): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(end - start);
  await file.seek(start, Deno.SeekMode.Start);
  for (let at = 0; at < bytes.length;) {
    const count = await file.read(bytes.subarray(at));
    if (count === null) throw new Error(`"${path}" became shorter`);
    at += count;
  }
  return bytes;
}

function toBatch(stored: StoredBatch, rows: Uint8Array): Batch {
  const lines = new TextDecoder().decode(rows).trimEnd().split("\n");
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
