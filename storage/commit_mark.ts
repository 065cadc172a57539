/**
 * The commit mark, the seventh column of a batch's last row:
 * `fingerprint:index:count:crc` (docs/storage.md).
 *
 * @module
 */

/** The content of a mark. */
export interface CommitMark {
  /** Fingerprint of the agency's file: 16 lowercase hex digits. */
  fingerprint: string;
  /** Bet index of the batch's first bet in that file. */
  betIndex: number;
  /** Number of rows in the batch. */
  count: number;
  /** CRC-32 of the batch's bytes up to and including the colon before it. */
  crc: number;
}

/** Number of characters of the CRC. */
export const CRC_DIGITS = 8;
/** Largest size of a mark, with two numbers of ten digits. */
export const MAX_MARK_BYTES: number = 16 + 1 + 10 + 1 + 10 + 1 + CRC_DIGITS;

const MARK_REGEXP = /^([0-9a-f]{16}):(0|[1-9]\d*):([1-9]\d*):([0-9a-f]{8})$/;

/**
 * Formats a mark without its CRC, which also covers this part.
 *
 * @param mark The content.
 * @returns `fingerprint:index:count:`.
 */
export function formatMarkStart(mark: Omit<CommitMark, "crc">): string {
  return `${mark.fingerprint}:${mark.betIndex}:${mark.count}:`;
}

/**
 * Formats the CRC of a mark.
 *
 * @param crc The CRC-32, unsigned.
 * @returns 8 lowercase hex digits.
 */
export function formatCrc(crc: number): string {
  return crc.toString(16).padStart(CRC_DIGITS, "0");
}

/**
 * Parses a mark. Accepts only the exact form that is written here.
 *
 * @param text The seventh column.
 * @returns The mark, or `undefined` if it is not one.
 */
export function parseMark(text: string): CommitMark | undefined {
  const match = MARK_REGEXP.exec(text);
  if (!match) return undefined;
  const [, fingerprint, betIndex, count, crc] = match;
  return {
    fingerprint: fingerprint!,
    betIndex: Number(betIndex),
    count: Number(count),
    crc: parseInt(crc!, 16),
  };
}

/**
 * Removes the commit mark from a row of the store, if it has one.
 *
 * @param row The row, without its line end.
 * @returns Its six columns.
 */
export function withoutMark(row: string): string {
  return row.replace(/,[0-9a-f]{16}:\d+:\d+:[0-9a-f]{8}$/, "");
}
