import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { StorageError } from "../../storage/errors.ts";
import {
  assertEnded,
  everyTurn,
  openMemoryLog,
} from "../support/memory_log.ts";
import { Random, SEED } from "../support/random_bets.ts";

Deno.test("AppendLog.append() refuses a failed write and all later ones, at whatever byte it fails", async () => {
  for (let after = 0; after <= "a\nb\n".length; after++) {
    const { memory, file, append, appendAll } = openMemoryLog();
    await append("0");
    file.fail("write", { after, code: "ENOSPC" });
    const gate = file.hold("write");
    const refused = appendAll("a", "b");
    await gate.reached;
    const behind = append("c");
    gate.release();
    for (const outcome of [...await refused, await behind]) {
      assertMatch(outcome, /^Cannot write to the store: No space left/);
    }
    assertEquals(await appendAll("a", "b", "c"), Array(3).fill("stored"));
    assertEquals(memory.text, "before\n0\na\nb\nc\n");
    assertEquals(file.count("truncate"), 1);
  }
});

Deno.test("AppendLog.append() refuses if the file accepts no bytes", async () => {
  const { memory, file, append } = openMemoryLog();
  file.maxWrite = 0;
  assertMatch(await append("a"), /^Cannot write to the store: the file took/);
  file.maxWrite = 1;
  assertEquals(await append("b"), "stored");
  assertEquals(memory.text, "before\nb\n");
});

Deno.test("AppendLog.append() stores entries once that arrive while the file is truncated", async () => {
  const { memory, file, append } = openMemoryLog();
  file.fail("write", { after: 1 });
  const gate = file.hold("truncate");
  const refused = append("a");
  await gate.reached;
  assertMatch(await refused, /^Cannot write to the store: Input/);
  const stored = append("b");
  await everyTurn();
  assertEquals(file.calls, ["write", "truncate"], "nothing else is written");
  gate.release();
  assertEquals(await stored, "stored");
  assertEquals(memory.text, "before\nb\n");
  assertEquals(file.calls, ["write", "truncate", "write", "syncData"]);
});

Deno.test("AppendLog accepts nothing more after a failed truncation", async () => {
  const { log, memory, file, settled, append } = openMemoryLog();
  await append("0");
  file.fail("write", { after: 1 });
  file.fail("truncate");
  const gate = file.hold("truncate");
  const outcomes = [append("a")];
  await gate.reached;
  outcomes.push(append("b"));
  gate.release();
  const [first, second] = await Promise.all(outcomes);
  assertMatch(first!, /^Cannot write to the store: Input/);
  assertMatch(second!, /^Cannot cut back the store: Input/);
  assertEnded(log, "Cannot cut back the store");
  await assertRejects(() => log.whenIdle(), StorageError, "Cannot cut back");
  await log.close();
  assertEnded(log, "Cannot cut back the store");
  assertEquals(settled, ["0 true", "a false", "b false"]);
  assertEquals(memory.text, "before\n0\na");
  assertEquals(file.calls.at(-1), "truncate");
});

Deno.test("AppendLog accepts nothing more after a failed fdatasync, and truncates the file", async () => {
  const { log, memory, file, settled, append, appendAll } = openMemoryLog();
  await append("0");
  file.fail("syncData");
  const gate = file.hold("syncData");
  const refused = appendAll("a", "b");
  await gate.reached;
  const behind = append("c");
  gate.release();
  for (const outcome of [...await refused, await behind]) {
    assertMatch(outcome, /^Cannot flush the store to disk: Input/);
  }
  assertEnded(log, "Cannot flush the store to disk");
  await assertRejects(() => log.whenIdle(), StorageError, "Cannot flush");
  await log.close();
  assertEquals(settled, ["0 true", "a false", "b false", "c false"]);
  assertEquals(memory.text, "before\n0\n");
  assertEquals(file.count("write"), 2);
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
