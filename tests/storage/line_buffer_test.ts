import { assertEquals } from "@std/assert";
import { LineBuffer } from "../../storage/line_buffer.ts";

Deno.test("LineBuffer collects lines, and can drop the last ones", () => {
  const buffer = new LineBuffer();
  buffer.addLine("1");
  const { length } = buffer;
  buffer.addLine("4294967295");
  assertEquals(textOf(buffer), "1\n4294967295\n");
  buffer.truncate(length);
  assertEquals([textOf(buffer), buffer.length], ["1\n", 2]);
  buffer.clear();
  assertEquals([textOf(buffer), buffer.length], ["", 0]);
});

Deno.test("LineBuffer is full before it has a MiB", () => {
  const buffer = new LineBuffer();
  while (!buffer.isFull) buffer.addLine("x".repeat(1023));
  assertEquals(buffer.length < 1 << 20, true);
});

function textOf({ rows }: LineBuffer): string {
  return new TextDecoder().decode(rows);
}
