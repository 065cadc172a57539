import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { StorageError } from "../../storage/mod.ts";
import { StoreIndex } from "../../storage/store_index.ts";

const REFUSED = 100_000;
/** A file's state takes some 400 bytes. */
const MEMORY_LIMIT = 20_000_000;

Deno.test("StoreIndex keeps nothing of files whose batches are refused", async () => {
  const index = new StoreIndex();
  const ranges = [{ start: 0, end: 10 }];
  const before = Deno.memoryUsage().heapUsed;
  for (let i = 0; i < REFUSED; i++) {
    const key = { agency: i, fingerprint: "0123456789abcdef" };
    const commit = Promise.reject(new StorageError("full"));
    await Promise.allSettled([
      index.addCommitted(key, ranges, { commit, failures: i, winners: [] }),
    ]);
  }
  assertLess(Deno.memoryUsage().heapUsed - before, MEMORY_LIMIT);
  assertEquals([index.bets, index.commits], [0, 0]);
});

Deno.test("StoreIndex forgets what was under way when a commit fails", async () => {
  const index = new StoreIndex();
  const key = { agency: 1, fingerprint: "0123456789abcdef" };
  const ranges = [{ start: 0, end: 10 }];
  const { promise: commit, reject } = Promise.withResolvers<void>();
  const added = index.addCommitted(key, ranges, {
    commit,
    failures: 0,
    winners: [],
  });
  assertEquals(index.unclaimed(key, ranges, 0).ranges, []);
  // The log has failed, and the promise is not settled yet.
  assertEquals(index.unclaimed(key, ranges, 1).ranges, ranges);
  const again = index.addCommitted(key, ranges, {
    commit: Promise.resolve(),
    failures: 1,
    winners: ["7"],
  });
  // Nobody learns of a winner that is not on disk yet.
  assertEquals([index.bets, index.winners(1)], [0, []]);
  reject(new StorageError("full"));
  await assertRejects(() => added, StorageError);
  await again;
  assertEquals(index.missing(key, ranges), []);
  assertEquals([index.bets, index.countStored(key)], [10, 10]);
  assertEquals(index.winners(1), ["7"]);
});
