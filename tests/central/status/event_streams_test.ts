import { assertEquals, assertRejects } from "@std/assert";
import { EventStreams } from "../../../central/status/event_streams.ts";
import "../../support/watchdog.ts";

async function readAll(stream: ReadableStream<Uint8Array>): Promise<string[]> {
  return await Array.fromAsync(
    stream,
    (bytes: Uint8Array) => new TextDecoder().decode(bytes),
  );
}

Deno.test("EventStreams.send() keeps nothing for those who do not read", async () => {
  const streams = new EventStreams();
  const idle = streams.open("first")!;
  const reading = streams.open("first")!;
  const reader = reading.getReader();
  await reader.read();
  for (let i = 0; i < 20; i++) {
    streams.send(`event ${i}`);
    const { value } = await reader.read();
    assertEquals(new TextDecoder().decode(value), `event ${i}`);
  }
  streams.close();
  assertEquals(streams.size, 0);
  assertEquals(await readAll(idle), ["first"]);
  assertEquals((await reader.read()).done, true);
});

Deno.test("EventStreams lets a page miss 30 events in a row, and no more", () => {
  const streams = new EventStreams();
  streams.open("first");
  for (let i = 0; i < 30; i++) streams.send("event");
  assertEquals(streams.size, 1);
  streams.send("event");
  assertEquals(streams.size, 0);
});

Deno.test("EventStreams gives the place of a watcher that never reads to another", async () => {
  const streams = new EventStreams();
  const all = Array.from({ length: 64 }, () => streams.open("first")!);
  assertEquals([streams.size, streams.open("first")], [64, undefined]);
  const reader = all[0]!.getReader();
  // It is slow, but it does read.
  for (let i = 0; i < 60; i++) {
    if (i % 20 === 0) await reader.read();
    streams.send(`event ${i}`);
  }
  assertEquals(streams.size, 1);
  await assertRejects(() => readAll(all[1]!), Error, "does not read");
  await reader.cancel();
  assertEquals(streams.size, 0);
});
