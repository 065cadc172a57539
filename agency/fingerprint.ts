/**
 * Which file it is that an agency sends.
 *
 * @module
 */

import { createHash } from "node:crypto";

const CHUNK_SIZE = 1 << 18;
const SOURCE_SIZE = 8;

/**
 * Names a file by what is in it, so that its bets can be told from another's.
 *
 * @param path The file; read to its end.
 * @param signal Stops it.
 * @returns The first 8 bytes of its SHA-256, as 16 hex digits.
 */
export async function fingerprint(
  path: string,
  signal?: AbortSignal,
): Promise<string> {
  using file = await Deno.open(path, { read: true });
  const hash = createHash("sha256");
  const chunk = new Uint8Array(CHUNK_SIZE);
  for (;;) {
    signal?.throwIfAborted();
    const read = await file.read(chunk);
    if (read === null) break;
    hash.update(chunk.subarray(0, read));
  }
  return hash.digest("hex").slice(0, 2 * SOURCE_SIZE);
}
