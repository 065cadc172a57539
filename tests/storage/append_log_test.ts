import { assertEquals, assertLess } from "@std/assert";
import { everyTurn } from "../support/deadline.ts";
import { kilobytes, openMemoryLog } from "../support/memory_log.ts";

Deno.test("AppendLog.append() joins entries of the same moment in one write", async () => {
  const commits: [number, number][] = [];
  const { log, memory, file, settled, appendAll } = openMemoryLog({
    onCommit: (...commit) => commits.push(commit),
  });
  const gate = file.hold("syncData");
  const stored = appendAll("a", "b", "c");
  await gate.reached;
  const { now } = performance;
  performance.now = () => now.call(performance) + 3_600_000;
  gate.release();
  assertEquals(await stored, Array(3).fill("stored"));
  performance.now = now;
  assertEquals(
    commits.map(([entries, seconds]) => [entries, Math.floor(seconds / 60)]),
    [[3, 60]],
  );
  assertEquals(memory.text, "before\na\nb\nc\n");
  assertEquals(file.calls, ["write", "syncData"]);
  assertEquals(settled, ["a true", "b true", "c true"]);
  await log.close();
});

Deno.test("AppendLog.append() resolves no entry before the fdatasync of its own write", async () => {
  const { log, memory, file, settled, append } = openMemoryLog();
  const resolved: string[] = [];
  let gate = file.hold("syncData");
  let last = append("0");
  for (let index = 0; index < 5; index++) {
    const entry = String(index);
    void last.then(() => resolved.push(entry));
    await gate.reached;
    const next = append(String(index + 1));
    await everyTurn();
    assertEquals(memory.text.endsWith(`${entry}\n`), true, "it is written");
    assertEquals(resolved.includes(entry), false, "but not resolved");
    assertEquals(settled.length, index);
    const nextGate = file.hold("syncData");
    gate.release();
    assertEquals(await last, "stored");
    gate = nextGate;
    last = next;
  }
  gate.release();
  assertEquals(await last, "stored");
  await log.close();
});

Deno.test("AppendLog.append() splits the entries of a crowd into several commits", async () => {
  const { log, memory, file, append, appendAll } = openMemoryLog();
  const first = file.hold("syncData");
  const alone = append("alone");
  await first.reached;
  const entries = kilobytes(3000);
  const crowd = appendAll(...entries);
  const second = file.hold("syncData");
  first.release();
  await second.reached;
  assertLess(memory.bytes.length, 1 << 20);
  second.release();
  assertEquals([await alone, ...await crowd], Array(3001).fill("stored"));
  assertEquals(memory.text, ["before", "alone", ...entries, ""].join("\n"));
  assertEquals(file.calls, Array(1 + 4).fill(["write", "syncData"]).flat());
  // The next crowd uses the same buffers, each for one commit at a time.
  await appendAll(...entries);
  const all = ["before", "alone", ...entries, ...entries, ""].join("\n");
  assertEquals(memory.text === all, true);
  await log.close();
});

Deno.test("AppendLog.append() takes an entry larger than a write, between others", async () => {
  const { log, memory, appendAll } = openMemoryLog();
  const large = "x".repeat(1 << 20);
  await appendAll("a", large, "b");
  assertEquals(memory.text, `before\na\n${large}\nb\n`);
  await log.close();
});

Deno.test("AppendLog.whenIdle() waits for every entry so far, refused or not", async () => {
  const { log, file, settled, append } = openMemoryLog();
  await log.whenIdle();
  const gate = file.hold("syncData");
  const outcomes = [append("a")];
  await gate.reached;
  file.fail("write");
  outcomes.push(append("b"));
  gate.release();
  await log.whenIdle();
  assertEquals(settled, ["a true", "b false"]);
  await Promise.all(outcomes);
  await log.close();
});

Deno.test("AppendLog.writeStart is where the write begins that has the next entry", async () => {
  const { log, file, append, appendAll } = openMemoryLog();
  assertEquals(log.writeStart, 7);
  const gate = file.hold("syncData");
  const stored = appendAll("a", "b");
  assertEquals(log.writeStart, 7);
  await gate.reached;
  assertEquals(log.writeStart, 11);
  const later = append("c");
  assertEquals(log.writeStart, 11);
  file.fail("write");
  gate.release();
  await Promise.all([stored, later]);
  assertEquals(log.writeStart, 11, "the failed write is undone");
  assertEquals(log.end.size, 11);
  await log.close();
});

Deno.test("AppendLog.append() makes the file ready before its first write", async () => {
  const steps: string[] = [];
  let problem: string | undefined = "No space left";
  const repair = {
    problem,
    isDone: false,
    tornBytes: 5,
    run(): Promise<void> {
      steps.push("repair");
      if (problem) return Promise.reject(new Error(problem));
      this.isDone = true;
      return Promise.resolve();
    },
    flush: () => Promise.resolve(),
  };
  const { log, file, append } = openMemoryLog({
    repair,
    onFirstWrite(): Promise<void> {
      steps.push("first write");
      return Promise.resolve();
    },
  });
  assertEquals(log.problem, problem);
  assertEquals(await append("a"), "Cannot write to the store: No space left");
  assertEquals(file.calls, [], "a torn tail stays");
  problem = undefined;
  assertEquals(await append("b"), "stored");
  assertEquals(await append("c"), "stored");
  assertEquals(steps, ["repair", "repair", "first write"]);
  assertEquals(log.problem, undefined);
  await log.close();
});
