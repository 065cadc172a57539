import {
  assertEquals,
  assertGreater,
  assertLessOrEqual,
  assertThrows,
} from "@std/assert";
import { decodeWinners, encodeWinners } from "../../protocol/mod.ts";

const HEADER_BYTES = 5;
const DOCUMENT = "12345678901234567890";

/** Decodes frames of one list as an agency does. */
function joined(frames: readonly Uint8Array[]): string[] {
  return frames.flatMap((frame) =>
    decodeWinners(frame.subarray(HEADER_BYTES)).documents
  );
}

Deno.test("encodeWinners() marks only the last frame as the last", () => {
  const documents = Array.from(
    { length: 2000 },
    (_, index) => String(index).padStart(20, "0"),
  );
  const frames = encodeWinners(documents);
  assertGreater(frames.length, 2);
  for (const [index, frame] of frames.entries()) {
    assertLessOrEqual(frame.length, 8192);
    const { isLast, documents } = decodeWinners(frame.subarray(HEADER_BYTES));
    assertEquals(isLast, index === frames.length - 1);
    assertGreater(documents.length, 0);
  }
  assertEquals(joined(frames), documents);
});

Deno.test("encodeWinners() accepts lists of any length around the end of a frame", () => {
  for (let length = 370; length < 800; length++) {
    const frames = encodeWinners(Array(length).fill(DOCUMENT));
    for (const frame of frames) assertLessOrEqual(frame.length, 8192);
    assertEquals(joined(frames).length, length);
    assertEquals(frames.at(-1)![HEADER_BYTES], 1);
  }
});

Deno.test("encodeWinners() accepts documents of up to 255 bytes", () => {
  const longest = ["x".repeat(255), "ñ".repeat(127)];
  const documents = Array.from({ length: 100 }, () => longest).flat();
  assertEquals(joined(encodeWinners(documents)), documents);
  assertThrows(() => encodeWinners(["x".repeat(256)]), RangeError);
});
