// What is in a store, read by @std/csv and from docs/storage.md alone: none of
// the code under test takes part.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "@std/csv";
import { crc32 } from "node:zlib";

/** One committed batch. */
export interface StoredBatch {
  /** The agency's id. */
  agency: number;
  /** 16 hex digits. */
  fingerprint: string;
  /** Bet index of its first row. */
  betIndex: number;
  /** Bet index of each row. */
  betIndexes: number[];
  /** Byte offset where its write began. */
  write: number;
  /** Its rows, without the agency and the mark. */
  bets: string[][];
}

/** Reads a store, and asserts that every batch is whole and every mark good. */
export async function readStore(path: string): Promise<StoredBatch[]> {
  return parseStore(await Deno.readTextFile(path));
}

/**
 * Reads the text of a store, and asserts that every batch is whole and every
 * mark good.
 */
export function parseStore(text: string): StoredBatch[] {
  const batches: StoredBatch[] = [];
  let rows: string[][] = [];
  let batchText = "";
  let byteOffset = 0;
  for (const line of text.split("\n").slice(0, -1)) {
    const [row] = parse(line);
    rows.push(row!);
    batchText += line;
    if (row!.length === 6) {
      batchText += "\n";
      continue;
    }
    const { write } = batches.at(-1) ?? { write: 0 };
    batches.push(checkBatch(rows, batchText, { byteOffset, write }));
    byteOffset += new TextEncoder().encode(batchText).length + 1;
    rows = [];
    batchText = "";
  }
  assertEquals(rows, [], "rows without a mark at the end");
  assertEquals(text === "" || text.endsWith("\n"), true, "a torn last line");
  return batches;
}

/** Reads each agency's bets from a store, in the order stored. */
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

/** Checks a batch that begins at this byte, after a write that began at one. */
function checkBatch(
  rows: string[][],
  text: string,
  { byteOffset, write: before }: { byteOffset: number; write: number },
): StoredBatch {
  const mark = rows.at(-1)![6]!;
  assertMatch(mark, /^[0-9a-f]{16}:\d+:\d+(\.\d+\.\d+)*:\d+:[0-9a-f]{8}$/);
  const [fingerprint, betIndex, runs, write, crc] = mark.split(":");
  const betIndexes = indexesOf(Number(betIndex), runs!);
  assertEquals(betIndexes.length, rows.length, `rows of mark ${mark}`);
  assert(
    [before, byteOffset].includes(Number(write)),
    `write of mark ${mark} at byte ${byteOffset}`,
  );
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
    betIndex: betIndexes[0]!,
    betIndexes,
    write: Number(write),
    bets: rows.map((row) => row.slice(1, 6)),
  };
}

/** The indexes of `rows.gap.rows` from the first on. */
function indexesOf(first: number, runs: string): number[] {
  const indexes: number[] = [];
  let at = first;
  for (const [i, length] of runs.split(".").map(Number).entries()) {
    for (const end = at + length; at < end; at++) {
      if (i % 2 === 0) indexes.push(at);
    }
  }
  return indexes;
}

/** Reads the agencies that have finished, in their order. */
export async function readFinishers(path: string): Promise<number[]> {
  const text = await Deno.readTextFile(`${path}.finished`);
  return [...text.matchAll(/^finish,(\d+),/gm)].map(([, id]) => Number(id));
}
