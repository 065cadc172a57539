import { assertEquals } from "@std/assert";
import { startRareTimer, startTimer } from "../../program/timer.ts";

for (const start of [startTimer, startRareTimer]) {
  Deno.test(`${start.name}() calls back once, and not if cancelled`, async () => {
    const calls: string[] = [];
    const { promise: last, resolve } = Promise.withResolvers<void>();
    const cancel = start(() => calls.push("cancelled"), 1);
    start(() => calls.push("first"), 2);
    start(() => {
      calls.push("last");
      resolve();
    }, 3);
    cancel();
    await last;
    assertEquals(calls, ["first", "last"]);
  });
}
