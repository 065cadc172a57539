import { assertEquals, assertMatch } from "@std/assert";
import { openMemoryLog } from "../support/memory_log.ts";
import { Random, SEED } from "../support/random_bets.ts";

Deno.test("AppendLog names the first of its faults", async () => {
  const { log, file, append } = openMemoryLog();
  file.fail("syncData");
  file.fail("truncate");
  const outcomes = [await append("a")];
  await log.whenIdle().catch(() => {});
  outcomes.push(await append("b"));
  for (const outcome of outcomes) {
    assertMatch(outcome, /^Cannot flush the store to disk: Input/);
  }
  assertMatch(outcomes[1]!, /restart the central to accept bets again$/);
  await log.close();
});

Deno.test("AppendLog.append() refuses if the file accepts no bytes", async () => {
  const { log, memory, file, append } = openMemoryLog();
  file.maxWrite = 0;
  assertMatch(await append("a"), /^Cannot write to the store: the file took/);
  file.maxWrite = 1;
  assertEquals(await append("b"), "stored");
  assertEquals(memory.text, "before\nb\n");
  await log.close();
});

Deno.test(`AppendLog keeps exactly what it reported as stored, whatever fails (seed ${SEED})`, async () => {
  const random = new Random(SEED);
  for (let round = 0; round < 100; round++) {
    const { log, memory, file, append } = openMemoryLog();
    const outcomes: Promise<[string, string]>[] = [];
    for (let index = 0; index < 30; index++) {
      file.maxWrite = 1 + random.below(12);
      if (random.below(4) === 0) {
        const [nth, after] = [1 + random.below(4), random.below(6)];
        file.fail("write", { nth, after });
      }
      if (random.below(40) === 0) file.fail("syncData");
      const entry = `${round}-${index}`;
      outcomes.push(append(entry).then((outcome) => [entry, outcome]));
      for (let turns = random.below(12); turns > 0; turns--) {
        await Promise.resolve();
      }
    }
    await log.close();
    const stored = (await Promise.all(outcomes))
      .filter(([, outcome]) => outcome === "stored")
      .map(([entry]) => `${entry}\n`);
    assertEquals(memory.text, `before\n${stored.join("")}`);
  }
});
