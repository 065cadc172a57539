import { assertEquals, assertLess } from "@std/assert";
import { CommitGroup } from "../../storage/commit_queue.ts";
import { StorageError } from "../../storage/mod.ts";
import { StoreIndex } from "../../storage/store_index.ts";

const REFUSED = 100_000;
/** A file's state takes some 400 bytes. */
const MEMORY_LIMIT = 20_000_000;
const FINGERPRINT = "0123456789abcdef";
const RANGES = [{ start: 0, end: 10 }];
const BUFFER = new Uint8Array(0);

Deno.test("StoreIndex keeps nothing of files whose batches are refused", () => {
  const index = new StoreIndex();
  const before = Deno.memoryUsage().heapUsed;
  for (let agency = 1; agency <= REFUSED; agency++) {
    const commit = new CommitGroup(0, BUFFER);
    const file = index.fileOf({ agency, fingerprint: FINGERPRINT });
    index.addCommitted(file, { ranges: RANGES, winners: [] }, commit);
    commit.fail(new StorageError("full"));
  }
  assertLess(Deno.memoryUsage().heapUsed - before, MEMORY_LIMIT);
  assertEquals([index.bets, index.commits], [0, 0]);
});

Deno.test("StoreIndex forgets what was under way when a commit fails", () => {
  const index = new StoreIndex();
  const key = { agency: 1, fingerprint: FINGERPRINT };
  const refused = new CommitGroup(0, BUFFER);
  const bets = { ranges: RANGES, winners: ["7"] };
  index.addCommitted(index.fileOf(key), bets, refused);
  assertEquals(index.fileOf(key).claimed.missing(RANGES), []);
  // Nobody learns of a winner that is not on disk yet.
  assertEquals([index.bets, index.winners(1)], [0, []]);
  const next = new CommitGroup(0, BUFFER);
  const later = { ranges: [{ start: 10, end: 12 }], winners: [] };
  index.addCommitted(index.fileOf(key), later, next);
  refused.fail(new StorageError("full"));
  assertEquals(index.fileOf(key).claimed.missing(later.ranges), []);
  next.fail(new StorageError("full"));
  assertEquals(index.fileOf(key).claimed.missing(RANGES), RANGES);
  const stored = new CommitGroup(0, BUFFER);
  index.addCommitted(index.fileOf(key), bets, stored);
  stored.succeed();
  assertEquals(index.fileOf(key).stored.missing(RANGES), []);
  assertEquals([index.bets, index.fileOf(key).count], [10, 10]);
  assertEquals(index.winners(1), ["7"]);
});
