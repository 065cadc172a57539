// The fingerprint of a file's content: a tree of the digests of its chunks
// (docs/protocol.md, "Fingerprint"). A digest also shows whether a chunk is
// unchanged when it is read again.

const DIGEST_BYTES = 32;
const FINGERPRINT_BYTES = 8;

export class ChunkDigests {
  readonly #digests: Uint8Array<ArrayBuffer>;
  #count = 0;

  constructor(maxChunks: number) {
    this.#digests = new Uint8Array(maxChunks * DIGEST_BYTES);
  }

  /** The buffer may be reused before this resolves. */
  async add(chunk: Uint8Array): Promise<void> {
    this.#digests.set(await sha256(chunk), DIGEST_BYTES * this.#count++);
  }

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
