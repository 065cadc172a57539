// The fingerprint of docs/protocol.md again, as simply as possible, so that a
// fault of the code under test cannot hide itself.

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** Size of a chunk of the content. */
export const CHUNK_BYTES = 1 << 18;

/** Converts a file to the content that is hashed and sent. */
export function contentOf(file: Uint8Array): Uint8Array {
  // One code unit per byte.
  let text = Buffer.from(file).toString("latin1");
  if (text.startsWith("\xef\xbb\xbf")) text = text.slice(3);
  if (text !== "" && !text.endsWith("\n")) text += "\n";
  text = text.replaceAll("\r\n", "\n");
  return new Uint8Array(Buffer.from(text, "latin1"));
}

/** Returns the fingerprint of a file, as 16 hex digits. */
export function fingerprintOf(file: string | Uint8Array): string {
  const bytes = typeof file === "string"
    ? new TextEncoder().encode(file)
    : file;
  const content = contentOf(bytes);
  const tree = createHash("sha256");
  for (let at = 0; at < content.length; at += CHUNK_BYTES) {
    const chunk = content.subarray(at, at + CHUNK_BYTES);
    tree.update(createHash("sha256").update(chunk).digest());
  }
  return tree.digest("hex").slice(0, 16);
}
