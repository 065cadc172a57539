import { assertEquals, assertRejects } from "@std/assert";
import {
  LineConnection,
  MAX_LINE_BYTES,
  textOf,
} from "../../echo/line_connection.ts";
import { FakeStream } from "../support/fake_stream.ts";
import { concat } from "../support/frames.ts";

const encoder = new TextEncoder();
const NEWLINE = 0x0a;

Deno.test("readLine() finds lines however they are cut", async () => {
  const lines = ["abcd\n", "\n", "ñandú\r\n", "no end"].map((line) =>
    encoder.encode(line)
  );
  const bytes = concat(lines);
  for (const size of [1, 2, 3, bytes.length]) {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      pieces.push(bytes.subarray(at, at + size));
    }
    using connection = connect(pieces);
    for (const line of lines) assertEquals(await read(connection), line);
    assertEquals(await read(connection), null);
  }
});

Deno.test("readLine() accepts a line of the maximum length, and no longer one", async () => {
  const longest = lineOf(MAX_LINE_BYTES);
  using connection = connect([longest.slice(0, 1000), longest.slice(1000)]);
  assertEquals(await read(connection), longest);
  using longer = connect([lineOf(MAX_LINE_BYTES + 1)]);
  await assertRejects(() => read(longer), Deno.errors.InvalidData);
});

Deno.test("textOf() leaves out the line's end only", () => {
  const texts = ["a \n", "a \r\n", "a \n\n", "a ", "\ufeffa \n"];
  assertEquals(texts.map((text) => textOf(encoder.encode(text))), [
    ...["a ", "a ", "a \n", "a ", "\ufeffa "],
  ]);
});

function connect(pieces: Uint8Array[]): LineConnection {
  const stream = new FakeStream(pieces, { ends: true });
  return new LineConnection(stream, { idleTimeoutMs: Infinity });
}

/** Copies the line: it is valid only until the next read. */
async function read(connection: LineConnection): Promise<Uint8Array | null> {
  return (await connection.readLine())?.slice() ?? null;
}

function lineOf(size: number): Uint8Array {
  return new Uint8Array(size).fill(0x61).fill(NEWLINE, size - 1);
}
