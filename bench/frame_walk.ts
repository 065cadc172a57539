/**
 * Where frames begin in bytes that come in pieces (docs/protocol.md), without
 * the code that is measured.
 *
 * @module
 */

const HEADER_BYTES = 5;

/** Walks over the frames of one direction of a connection. */
export class FrameWalk {
  /** Bytes of the header that have been seen; then those left of the payload. */
  #headerSeen = 0;
  #type = 0;
  #left = 0;

  /**
   * Walks over the next piece.
   *
   * @param bytes The piece, cut anywhere.
   * @param onFrame Told the type of each frame whose header ends in the piece.
   */
  walk(bytes: Uint8Array, onFrame: (type: number) => void): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#headerSeen < HEADER_BYTES) {
        this.#takeHeaderByte(bytes[at++]!);
        if (this.#headerSeen === HEADER_BYTES) onFrame(this.#type);
      } else {
        const size = Math.min(this.#left, bytes.length - at);
        this.#left -= size;
        at += size;
      }
      if (this.#headerSeen === HEADER_BYTES && this.#left === 0) {
        this.#headerSeen = 0;
      }
    }
  }

  #takeHeaderByte(byte: number): void {
    if (this.#headerSeen === 0) {
      this.#type = byte;
      this.#left = 0;
    } else {
      this.#left = this.#left * 256 + byte; // big-endian
    }
    this.#headerSeen++;
  }
}
