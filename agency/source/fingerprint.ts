/**
 * The fingerprint of a file's content: a tree of the digests of its chunks
 * (docs/protocol.md, "Fingerprint"). A digest also tells whether a chunk is the
 * same when it is read again.
 *
 * @module
 */

const DIGEST_BYTES = 32;
const FINGERPRINT_BYTES = 8;

/** The digests of the chunks, one after the other. */
export class ChunkDigests {
  readonly #digests: Uint8Array<ArrayBuffer>;
  #count = 0;

  constructor(maxChunks: number) {
    this.#digests = new Uint8Array(maxChunks * DIGEST_BYTES);
  }

  /** Adds a chunk. The buffer can be used again before the result is there. */
  async add(chunk: Uint8Array): Promise<void> {
    this.#digests.set(await sha256(chunk), DIGEST_BYTES * this.#count++);
  }

  /** True if the chunk is the one that was added at an index. */
  async matches(index: number, chunk: Uint8Array): Promise<boolean> {
    const digest = await sha256(chunk);
    return digest.every((byte, at) =>
      byte === this.#digests[DIGEST_BYTES * index + at]
    );
  }

  /** Returns the fingerprint of all chunks, as 16 hex digits. */
  async fingerprint(): Promise<string> {
    const used = this.#digests.subarray(0, DIGEST_BYTES * this.#count);
    return (await sha256(used)).subarray(0, FINGERPRINT_BYTES).toHex();
  }
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  const data = bytes as Uint8Array<ArrayBuffer>;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}
