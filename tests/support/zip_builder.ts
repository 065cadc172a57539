// Builds ZIP archives for the tests, right ones and wrong ones.

import { concat } from "./frames.ts";
import { crc32, deflateRawSync } from "node:zlib";

/** An entry to build. */
export interface BuiltEntry {
  /** Path in the archive. */
  name: string;
  /** Data, unpacked. */
  data: Uint8Array | string;
  /** Whether it is deflated or stored. @default {true} */
  deflated?: boolean;
  /** Method in the headers. */
  method?: number;
  /** CRC-32 in the directory. */
  crc?: number;
  /** Unpacked size in the directory. */
  size?: number;
  /** Packed size in the directory. */
  packedSize?: number;
  /** Offset in the directory. */
  offset?: number;
}

/** Builds an archive in memory, with an ASCII comment at its end. */
export function buildZip(
  entries: readonly BuiltEntry[],
  comment = "",
): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const entry of entries) {
    const name = encoder.encode(entry.name);
    const data = typeof entry.data === "string"
      ? encoder.encode(entry.data)
      : entry.data;
    const { deflated = true } = entry;
    const packed = deflated ? deflateRawSync(data) : data;
    const { method = deflated ? 8 : 0 } = entry;
    // Sizes and CRC are 0 here, as in an archive made as a stream.
    parts.push(header(0x04034b50, [20, 0, method, 0, 0], [0, 0, 0]));
    parts.push(record([name.length, 0], []), name, packed);
    directory.push(
      header(0x02014b50, [20, 20, 0, method, 0, 0], [
        entry.crc ?? crc32(data),
        entry.packedSize ?? packed.length,
        entry.size ?? data.length,
      ]),
      record([name.length, 0, 0, 0, 0], [0, entry.offset ?? at]),
      name,
    );
    at += 30 + name.length + packed.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = [
    header(0x06054b50, [0, 0, entries.length, entries.length], [size, at]),
    record([comment.length], []),
    encoder.encode(comment),
  ];
  return concat([...parts, ...directory, ...end]);
}

function header(
  signature: number,
  shorts: readonly number[],
  longs: readonly number[],
): Uint8Array {
  return concat([record([], [signature]), record(shorts, longs)]);
}

/** Writes numbers of 16 bits, then of 32, little-endian. */
function record(
  shorts: readonly number[],
  longs: readonly number[],
): Uint8Array {
  const view = new DataView(
    new ArrayBuffer(2 * shorts.length + 4 * longs.length),
  );
  shorts.forEach((value, i) => view.setUint16(2 * i, value, true));
  longs.forEach((value, i) =>
    view.setUint32(2 * shorts.length + 4 * i, value, true)
  );
  return new Uint8Array(view.buffer);
}
