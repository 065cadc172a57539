// Bets files in memory, and what a scan finds in them.

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Batch } from "../../bet/bet.ts";
import { DamagedStoreError } from "../../storage/mod.ts";
import {
  readStoredBatch,
  type StoredBatch,
} from "../../storage/format/stored_batch.ts";
import { LogScan } from "../../storage/recovery/log_scan.ts";
import { batchOf, GAP, numberedBatch, numberedBet, rowsAt } from "./batches.ts";
import { MemoryFile } from "./memory_file.ts";

/** A bets file's bytes, and where each batch begins and ends. */
export interface MadeFile {
  bytes: Uint8Array<ArrayBuffer>;
  /** Byte offset of each batch, and of the end. */
  starts: number[];
  /** Byte offset of the last write. */
  lastWrite: number;
}

export interface Scanned {
  batches: StoredBatch[];
  committedSize: number;
}

/** Three writes; the last one has four batches, one of them with gaps. */
export const WRITES = [
  [numberedBatch(0, 2), numberedBatch(0, 1, { agency: 4294967295 })],
  [numberedBatch(2, 3)],
  [
    numberedBatch(9, 2, { fingerprint: "fedcba9876543210" }),
    batchOf([numberedBet(5), GAP, numberedBet(7)], 5),
    numberedBatch(10, 2),
    numberedBatch(12, 2),
  ],
];

export function makeFile(writes: readonly (readonly Batch[])[]): MadeFile {
  const starts = [0];
  let bytes = new Uint8Array(0);
  let lastWrite = 0;
  for (const batches of writes) {
    lastWrite = bytes.length;
    for (let i = 1; i <= batches.length; i++) {
      const write = rowsAt(lastWrite, batches.slice(0, i));
      starts.push(lastWrite + write.length);
    }
    bytes = joined(bytes, rowsAt(lastWrite, batches));
  }
  return { bytes, starts, lastWrite };
}

export function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export async function scan(
  bytes: Uint8Array<ArrayBuffer>,
  { maxRead = Infinity, flushedSize = 0 } = {},
): Promise<Scanned> {
  const batches: StoredBatch[] = [];
  const file = new MemoryFile(bytes, maxRead);
  const scan = new LogScan(file, { flushedSize });
  const { end, size } = await scan.run((entry) => {
    batches.push(readStoredBatch(entry)!);
    return undefined;
  });
  assertEquals(size, bytes.length);
  assert(file.bytes === bytes, "the file was written to");
  return { batches, committedSize: end.size };
}

/** The byte offset at which the scan reports damage. */
export async function damageIn(
  bytes: Uint8Array<ArrayBuffer>,
  flushedSize = 0,
  message?: string,
): Promise<number> {
  const error = await assertRejects(
    () => scan(bytes, { flushedSize }),
    DamagedStoreError,
    undefined,
    message,
  );
  return error.byteOffset;
}

/** Asserts that exactly the first `count` batches of a file were found. */
export async function assertCut(
  bytes: Uint8Array<ArrayBuffer>,
  count: number,
  { starts }: MadeFile,
  message: string,
): Promise<void> {
  try {
    const { batches, committedSize } = await scan(bytes);
    assertEquals([batches.length, committedSize], [count, starts[count]]);
  } catch (cause) {
    throw new Error(message, { cause });
  }
}
