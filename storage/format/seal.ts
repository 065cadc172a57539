// The end of every entry in the store's two files: `:write:crc`
// (docs/storage.md). It makes each file its own journal.

import { crc32 } from "node:zlib";

export interface Seal {
  /** Byte offset where the write that contains the entry began. */
  write: number;
  /** CRC-32 of the entry's bytes up to and including the colon before it. */
  crc: number;
}

/** Where a file ends: its size, and the seal of its last entry. */
export interface LogEnd extends Seal {
  size: number;
}

export const EMPTY_END: Readonly<LogEnd> = { size: 0, write: 0, crc: 0 };

/** Number of hex digits. */
export const CRC_DIGITS = 8;
/** An offset of at most 15 digits is a safe integer. */
const SEAL_REGEXP = /:(0|[1-9]\d{0,14}):([0-9a-f]{8})$/;

export function formatCrc(crc: number): string {
  return crc.toString(16).padStart(CRC_DIGITS, "0");
}

export function sealLine(text: string, write: number): Uint8Array {
  const start = `${text}:${write}:`;
  return new TextEncoder().encode(`${start}${formatCrc(crc32(start))}\n`);
}

export function parseSeal(column: string): Seal | undefined {
  const match = SEAL_REGEXP.exec(column);
  if (!match) return undefined;
  return { write: Number(match[1]), crc: parseInt(match[2]!, 16) };
}
