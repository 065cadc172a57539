// The WINNERS message: a list of winners in one or more frames
// (docs/protocol.md, "WINNERS").
//
// ```text
// last u8 | count u16 | count documents, each length u8 + UTF-8
// ```

import { packField } from "../bet/bet.ts";
import { viewOf } from "../bytes/swar.ts";
import { MessageType } from "./codes.ts";
import { encodeFrame, malformed, MAX_PAYLOAD_BYTES } from "./frame.ts";

const DOCUMENTS_AT = 3;
/** A length byte and the longest possible document. */
const MAX_ENTRY_BYTES = 256;

/**
 * Encodes a list of winners' documents of any length, in one frame or more.
 *
 * @throws {RangeError} If a document is longer than 255 bytes of UTF-8.
 */
export function encodeWinners(documents: readonly string[]): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const payload = new Uint8Array(MAX_PAYLOAD_BYTES);
  let end = DOCUMENTS_AT;
  let count = 0;
  function endFrame(isLast: boolean): void {
    payload[0] = isLast ? 1 : 0;
    viewOf(payload).setUint16(1, count); // big-endian
    frames.push(encodeFrame(MessageType.WINNERS, payload.subarray(0, end)));
    end = DOCUMENTS_AT;
    count = 0;
  }
  for (const document of documents) {
    if (end + MAX_ENTRY_BYTES > MAX_PAYLOAD_BYTES) endFrame(false);
    end = packField(payload, end, document);
    count++;
  }
  endFrame(true);
  return frames;
}

/**
 * Decodes the payload of a WINNERS, a part of the list.
 *
 * @throws {ProtocolError} `MALFORMED` if the payload cannot be parsed to its
 * last byte.
 */
export function decodeWinners(
  payload: Uint8Array,
): { isLast: boolean; documents: string[] } {
  if (payload.length < DOCUMENTS_AT) {
    throw malformed(
      `a WINNERS of ${payload.length} bytes is shorter than its ${DOCUMENTS_AT} of header`,
    );
  }
  const count = viewOf(payload).getUint16(1); // big-endian
  const documents: string[] = [];
  const decoder = new TextDecoder();
  let at = DOCUMENTS_AT;
  for (let index = 0; index < count; index++) {
    const start = at + 1;
    at = start + (payload[at] ?? payload.length);
    if (at > payload.length) {
      throw malformed(`document ${index} of ${count} runs past the end`);
    }
    documents.push(decoder.decode(payload.subarray(start, at)));
  }
  if (at < payload.length) {
    throw malformed(
      `${payload.length - at} bytes are left after document ${count}`,
    );
  }
  return { isLast: payload[0] === 1, documents };
}
