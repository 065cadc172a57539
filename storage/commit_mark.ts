/**
 * The commit mark, the seventh column of a batch's last row:
 * `source:offset:count:crc` (docs/storage.md).
 *
 * @module
 */

/** What a mark says of its batch. */
export interface CommitMark {
  /** Which file of the agency's: 16 lowercase hex digits. */
  fingerprint: string;
  /** Position of the batch's first bet in that file. */
  betIndex: number;
  /** Rows in the batch. */
  count: number;
  /** CRC-32 of the batch's bytes up to and including the colon before it. */
  crc: number;
}

/** Characters of a mark after its last colon. */
export const CRC_DIGITS = 8;
/** Most bytes of a mark, with two numbers of ten digits. */
export const MAX_MARK_BYTES: number = 16 + 1 + 10 + 1 + 10 + 1 + CRC_DIGITS;

const MARK_REGEXP = /^([0-9a-f]{16}):(0|[1-9]\d*):([1-9]\d*):([0-9a-f]{8})$/;

/**
 * Formats a mark but for its CRC, which is taken over this part too.
 *
 * @param mark What the mark says.
 * @returns `source:offset:count:`.
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
 * Parses a mark, strictly: exactly what is written here is read here.
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
