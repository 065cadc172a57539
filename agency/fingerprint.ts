/**
 * Which file it is that an agency sends.
 *
 * @module
 */

/** Files up to this many bytes are hashed in one piece. */
const WHOLE_FILE_BYTES = 1 << 22;
const CHUNK_BYTES = 1 << 18;
const FINGERPRINT_BYTES = 8;

/**
 * Names a file by what is in it, so that its bets can be told from another's.
 *
 * @param path The file; read to its end.
 * @param signal Stops it.
 * @returns The first 8 bytes of its SHA-256, as 16 hex digits.
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
 * The hash that streams takes as long to load as the rest of an agency's start,
 * which is half of the run for a file of this size.
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
