import { assertEquals } from "@std/assert";
import { CommitQueue } from "../../storage/commit_queue.ts";
import { everyPromise } from "../support/deadline.ts";
import { FakeTime } from "../support/fake_time.ts";
import { lineOf } from "../support/memory_log.ts";

const ENTRY = lineOf("x");

/** Starts a wait for more entries; `isEnded` once it has ended. */
function gather(queue: CommitQueue, answered: number): { isEnded: boolean } {
  const wait = { isEnded: false };
  queue.gather(answered).then(() => wait.isEnded = true);
  return wait;
}

Deno.test("CommitQueue.gather() waits for as many entries as were answered, up to 16 in all", async () => {
  const table = [
    ...[[0, 0, 0], [0, 1, 1], [0, 3, 3], [1, 3, 3], [5, 10, 10]],
    ...[[0, 20, 16], [12, 20, 4], [15, 1, 1], [16, 1, 0], [17, 5, 0]],
  ] as const;
  for (const [waiting, answered, expected] of table) {
    using time = new FakeTime();
    const queue = new CommitQueue(0);
    for (let i = 0; i < waiting; i++) queue.add(ENTRY);
    const wait = gather(queue, answered);
    await everyPromise();
    let added = 0;
    for (; !wait.isEnded && added < 99; added++) {
      queue.add(ENTRY);
      await everyPromise();
    }
    assertEquals(added, expected, `${answered} after ${waiting}`);
    queue.stopTimer();
    assertEquals(time.pending, 0);
  }
});

Deno.test("CommitQueue.gather() waits no longer than two periods of one timer", async () => {
  using time = new FakeTime();
  const queue = new CommitQueue(0);
  const first = gather(queue, 1);
  queue.add(ENTRY);
  await everyPromise();
  queue.take();
  const second = gather(queue, 2);
  assertEquals([first.isEnded, time.pending], [true, 1]);
  const ended: boolean[] = [];
  for (let period = 0; period < 2; period++) {
    time.advance(1);
    await everyPromise();
    ended.push(second.isEnded);
  }
  assertEquals([ended, time.pending], [[false, true], 0]);
});
