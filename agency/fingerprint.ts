/**
 * Identifies an agency's file by its content.
 *
 * @module
 */

/** Files up to this size are hashed in one piece. */
const WHOLE_FILE_BYTES = 1 << 22;
const CHUNK_BYTES = 1 << 18;
const FINGERPRINT_BYTES = 8;

/**
 * Computes the fingerprint of a file: the same bytes always have the same one,
 * and other bytes another.
 *
 * @param path The file. It is read to its end.
 * @param signal Aborts the computation.
 * @returns The first 8 bytes of the SHA-256, as 16 hex digits.
 */
export async function fingerprintFile(
  path: string,
  signal?: AbortSignal,
): Promise<string> {
  const { size } = await Deno.stat(path);
  const hash = size <= WHOLE_FILE_BYTES
    ? await hashWhole(path)
    : await hashInChunks(path, signal);
  return hash.subarray(0, FINGERPRINT_BYTES).toHex();
}

/**
 * Hashes a small file without node:crypto, whose loading takes as long as the
 * rest of an agency's start.
 */
async function hashWhole(path: string): Promise<Uint8Array> {
  const bytes = await Deno.readFile(path);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

async function hashInChunks(
  path: string,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const { createHash } = await import("node:crypto");
  using file = await Deno.open(path, { read: true });
  const hash = createHash("sha256");
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (;;) {
    signal?.throwIfAborted();
    const read = await file.read(chunk);
    if (read === null) break;
    hash.update(chunk.subarray(0, read));
  }
  return hash.digest();
}
