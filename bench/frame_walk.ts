/**
 * Where frames begin in bytes that come in pieces (docs/protocol.md), without
 * the code that is measured.
 *
 * @module
 */

const HEADER_BYTES = 5;

/**
 * Creates a walker over one direction of a connection. It takes pieces that are
 * cut anywhere, and calls back with the type of each frame whose header ends.
 */
export function walkFrames(
  onFrame: (type: number) => void,
): (bytes: Uint8Array) => void {
  let headerSeen = 0;
  let type = 0;
  let left = 0;
  return (bytes) => {
    for (let at = 0; at < bytes.length;) {
      if (headerSeen === HEADER_BYTES) {
        const size = Math.min(left, bytes.length - at);
        left -= size;
        at += size;
      } else {
        const byte = bytes[at++]!;
        if (headerSeen === 0) [type, left] = [byte, 0];
        else left = left * 256 + byte; // big-endian
        if (++headerSeen === HEADER_BYTES) onFrame(type);
      }
      if (headerSeen === HEADER_BYTES && left === 0) headerSeen = 0;
    }
  };
}
