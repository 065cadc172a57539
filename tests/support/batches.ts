// Batches for the store's tests. Each bet contains its position in its file.

import { assertEquals } from "@std/assert";
import { type Batch, type Bet, packBets } from "../../bet/bet.ts";
import type { Store } from "../../storage/mod.ts";
import { formatRecord } from "../../storage/finished/finish_record.ts";
import { EMPTY_END } from "../../storage/format/seal.ts";
import { betRanges } from "../../storage/index_ranges.ts";
import { RowFormatter } from "../../storage/format/row_formatter.ts";
import { readStore } from "./stored.ts";

/** Identifies a file of an agency. */
export const FINGERPRINT = "0123456789abcdef";

/** Five empty fields, which leave an index out. */
export const GAP: Bet = {
  firstName: "",
  lastName: "",
  document: "",
  birthdate: "",
  number: "",
};

/** Origin of a batch that is not of the first file of agency 1. */
export type BatchOrigin = Partial<Pick<Batch, "agency" | "fingerprint">>;

/**
 * Makes a batch of bets that are all different; the same position of a file has
 * the same bet each time.
 */
export function numberedBatch(
  betIndex: number,
  count: number,
  origin: BatchOrigin = {},
): Batch {
  const bets = Array.from(
    { length: count },
    (_, index) => numberedBet(betIndex + index),
  );
  return batchOf(bets, betIndex, origin);
}

export function batchOf(
  bets: readonly Bet[],
  betIndex = 0,
  origin: BatchOrigin = {},
): Batch {
  return {
    agency: 1,
    fingerprint: FINGERPRINT,
    ...origin,
    betIndex,
    count: bets.length,
    betCount: bets.filter((bet) => Object.values(bet).join("") !== "").length,
    bets: packBets(bets),
  };
}

/** The bet at a position of every file of {@linkcode numberedBatch}. */
export function numberedBet(byteOffset: number): Bet {
  return {
    firstName: byteOffset % 3 === 0 ? 'Ana, "Ñata"' : "Ana",
    lastName: "Gil",
    document: String(10_000_000 + byteOffset),
    birthdate: "1999-03-17",
    number: "2201",
  };
}

/** The fields of these bets, as a reader of the store finds them. */
function numberedRows(start: number, end: number): string[][] {
  return Array.from(
    { length: end - start },
    (_, index) => Object.values(numberedBet(start + index)),
  );
}

/** Asserts that a store holds just these batches of numbered bets, in order. */
export async function assertStored(
  path: string,
  batches: readonly Batch[],
): Promise<void> {
  const expected = batches.map(({ agency, fingerprint, betIndex, count }) => ({
    ...{ agency, fingerprint, betIndex },
    betIndexes: Array.from({ length: count }, (_, i) => betIndex + i),
    bets: numberedRows(betIndex, betIndex + count),
  }));
  const found = await readStore(path);
  assertEquals(found.map(({ write: _, ...batch }) => batch), expected);
}

/** Writes batches as a store has them. */
export function rowsAt(
  start: number,
  ...writes: readonly (readonly Batch[])[]
): Uint8Array<ArrayBuffer> {
  const rows = new RowFormatter();
  let bytes = new Uint8Array(0);
  for (const batches of writes) {
    const write = start + bytes.length;
    for (const batch of batches) {
      const formatted = rows.format(batch, betRanges(batch), write);
      bytes = Uint8Array.from([...bytes, ...formatted.bytes]);
    }
  }
  return bytes;
}

/** Writes batches as a new store has them, each in a write of its own. */
export function rowsOf(...batches: Batch[]): Uint8Array<ArrayBuffer> {
  return rowsAt(0, ...batches.map((batch) => [batch]));
}

/**
 * Writes a store as a central that was killed leaves it, before any agency has
 * finished.
 */
export async function putStore(
  dir: string,
  ...parts: Uint8Array<ArrayBuffer>[]
): Promise<string> {
  const path = `${dir}/bets.csv`;
  await Deno.writeFile(path, await new Blob(parts).bytes());
  const record = { event: "start", number: 0, bets: EMPTY_END } as const;
  await Deno.writeFile(`${path}.finished`, formatRecord(record, 0));
  return path;
}

/** Appends a batch on a connection of its own. */
export async function appendTo(
  store: Pick<Store, "writer">,
  batch: Batch,
): Promise<number> {
  using writer = store.writer();
  return await writer.append(batch);
}
