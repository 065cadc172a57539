/**
 * What is in a store, read by @std/csv and from docs/storage.md alone: none of
 * the code under test takes part.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { parse } from "@std/csv";
import { crc32 } from "node:zlib";

/** One committed batch. */
export interface StoredBatch {
  /** The agency's id. */
  agency: number;
  /** 16 hex digits. */
  fingerprint: string;
  /** Position of its first bet. */
  betIndex: number;
  /** Its rows, without the agency and the mark. */
  bets: string[][];
}

/**
 * Reads a store, and asserts that every batch is whole and every mark good.
 *
 * @param path The file.
 * @returns Its batches, in order.
 */
export async function readStore(path: string): Promise<StoredBatch[]> {
  return parseStore(await Deno.readTextFile(path));
}

/**
 * Reads the text of a store, and asserts that every batch is whole and every
 * mark good.
 *
 * @param text The content of its file.
 * @returns Its batches, in order.
 */
export function parseStore(text: string): StoredBatch[] {
  const batches: StoredBatch[] = [];
  let rows: string[][] = [];
  let batchText = "";
  for (const line of text.split("\n").slice(0, -1)) {
    const [row] = parse(line);
    rows.push(row!);
    batchText += line;
    if (row!.length === 6) {
      batchText += "\n";
      continue;
    }
    batches.push(checkBatch(rows, batchText));
    rows = [];
    batchText = "";
  }
  assertEquals(rows, [], "rows without a mark at the end");
  assertEquals(text === "" || text.endsWith("\n"), true, "a torn last line");
  return batches;
}

/**
 * Reads each agency's bets from a store, in the order stored.
 *
 * @param path The file.
 * @returns Five fields for each bet, by agency.
 */
export async function readBets(
  path: string,
): Promise<Map<number, string[][]>> {
  const bets = new Map<number, string[][]>();
  for (const batch of await readStore(path)) {
    const earlier = bets.get(batch.agency) ?? [];
    for (const bet of batch.bets) earlier.push(bet);
    bets.set(batch.agency, earlier);
  }
  return bets;
}

function checkBatch(rows: string[][], text: string): StoredBatch {
  const mark = rows.at(-1)![6]!;
  assertMatch(mark, /^[0-9a-f]{16}:\d+:\d+:[0-9a-f]{8}$/);
  const [fingerprint, betIndex, count, crc] = mark.split(":");
  assertEquals(Number(count), rows.length, `count of mark ${mark}`);
  const checked = text.slice(0, -crc!.length);
  assertEquals(
    crc32(checked).toString(16).padStart(8, "0"),
    crc,
    `CRC of mark ${mark}`,
  );
  assertEquals(new Set(rows.map(([agency]) => agency)).size, 1);
  return {
    agency: Number(rows[0]![0]),
    fingerprint: fingerprint!,
    betIndex: Number(betIndex),
    bets: rows.map((row) => row.slice(1, 6)),
  };
}

/**
 * Writes a store.
 *
 * @param dir Its folder.
 * @param parts The bytes of its file of bets.
 * @returns The path of the file.
 */
export async function putStore(
  dir: string,
  ...parts: Uint8Array<ArrayBuffer>[]
): Promise<string> {
  const path = `${dir}/bets.csv`;
  await Deno.writeFile(path, new Uint8Array(await new Blob(parts).bytes()));
  return path;
}
