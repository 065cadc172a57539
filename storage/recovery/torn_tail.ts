/**
 * The torn tail of a store: what a crash in the middle of a write leaves after
 * the last whole batch. It was never acknowledged, so the next start removes it,
 * but only if it can be ours, and never without a copy (docs/storage.md).
 *
 * @module
 */

import { dirname } from "node:path";
import { type ReadableFile, syncFolder } from "../store_file.ts";

/** No write is larger, so no torn tail is longer (see row_buffer.ts). */
export const MAX_TORN_BYTES: number = 1 << 20;

/** Disks write sectors of this size, or a multiple of it, as a whole. */
const SECTOR_BYTES = 512;
const NEWLINE = 0x0a;
/** A row without a mark, or with one; a name may contain anything. */
const ROW_REGEXP =
  /^[1-9]\d{0,9},.+,\d{1,20},\d{4}-\d\d-\d\d,\d{1,10}(?:,[0-9a-f:]*)?$/;
/** A page that never reached the disk reads as zeros. */
const ZERO = "\0";

/**
 * Reads the torn tail of a file.
 *
 * @param file The file.
 * @param start Byte offset of the tail.
 * @param size Size of the file, at most {@linkcode MAX_TORN_BYTES} more.
 * @returns The tail.
 */
export async function readTornTail(
  file: ReadableFile,
  start: number,
  size: number,
): Promise<Uint8Array> {
  const tail = new Uint8Array(size - start);
  await file.seek(start, Deno.SeekMode.Start);
  let length = 0;
  while (length < tail.length) {
    const read = await file.read(tail.subarray(length));
    if (read === null) break;
    length += read;
  }
  return tail.subarray(0, length);
}

/**
 * Finds a line that no central wrote. The last line is not checked: a crash may
 * have cut it anywhere.
 *
 * @param tail The torn tail.
 * @returns Offset in the tail of the first line that is not a row, or -1.
 */
export function findForeignLine(tail: Uint8Array): number {
  const decoder = new TextDecoder();
  const lastLine = tail.lastIndexOf(NEWLINE, tail.length - 2) + 1;
  for (let start = 0; start < lastLine;) {
    const end = tail.indexOf(NEWLINE, start);
    const line = decoder.decode(tail.subarray(start, end));
    if (!line.includes(ZERO) && !ROW_REGEXP.test(line)) return start;
    start = end + 1;
  }
  return -1;
}

/**
 * True if a whole sector never reached the disk, so that it reads as zeros. No
 * row has a zero.
 *
 * @param bytes A part of the file.
 * @param byteOffset Where in the file it begins; a sector that begins before
 * counts from there.
 * @returns Whether there is such a sector.
 */
export function hasLostSector(bytes: Uint8Array, byteOffset: number): boolean {
  for (let start = 0; start < bytes.length;) {
    const size = SECTOR_BYTES - (byteOffset + start) % SECTOR_BYTES;
    const sector = bytes.subarray(start, start + size);
    if (sector.every((byte) => byte === 0)) return true;
    start += size;
  }
  return false;
}

/**
 * Writes the last bytes of a file again, where they are. A flush that failed in
 * an earlier process leaves pages that read back fine but that the system takes
 * for flushed, so that no later flush would bring them to the disk.
 *
 * @param path The file. Only its last write may be unflushed, which is at most
 * {@linkcode MAX_TORN_BYTES} long.
 * @param size Size of the file.
 */
export async function rewriteTail(path: string, size: number): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  const start = Math.max(0, size - MAX_TORN_BYTES);
  const tail = await readTornTail(file, start, size);
  await file.seek(start, Deno.SeekMode.Start);
  for (let at = 0; at < tail.length;) at += await file.write(tail.subarray(at));
}

/**
 * Copies the torn tail to another file, durably.
 *
 * @param path The file that has the tail.
 * @param tail The tail.
 * @returns The path of the copy: `<path>.torn-<time>`.
 * @throws {Deno.errors.AlreadyExists} If there is such a copy already.
 */
export async function saveTornTail(
  path: string,
  tail: Uint8Array,
): Promise<string> {
  const time = new Date().toISOString().replace(/[-:]/g, "");
  const copy = `${path}.torn-${time}`;
  using file = await Deno.open(copy, { write: true, createNew: true });
  for (let at = 0; at < tail.length;) at += await file.write(tail.subarray(at));
  await file.sync();
  await syncFolder(dirname(copy));
  return copy;
}
