import { assertEquals, assertLess } from "@std/assert";
import { Commit } from "../../storage/commit_queue.ts";
import { StoreIndex } from "../../storage/store_index.ts";

const REFUSED = 100_000;
/** A file's state takes some 400 bytes. */
const MEMORY_LIMIT = 20_000_000;
const FINGERPRINT = "0123456789abcdef";
const RANGES = [{ start: 0, end: 10 }];

Deno.test("StoreIndex keeps nothing of files whose batches are refused", () => {
  const index = new StoreIndex();
  const before = Deno.memoryUsage().heapUsed;
  for (let agency = 1; agency <= REFUSED; agency++) {
    const file = index.fileOf({ agency, fingerprint: FINGERPRINT });
    index.claim(file, { ranges: RANGES, winners: [] }, new Commit());
    index.drop();
  }
  assertLess(Deno.memoryUsage().heapUsed - before, MEMORY_LIMIT);
  assertEquals([index.bets, index.underWay], [0, 0]);
});

Deno.test("StoreIndex forgets what was under way when a commit fails", () => {
  const index = new StoreIndex();
  const key = { agency: 1, fingerprint: FINGERPRINT };
  const bets = { ranges: RANGES, winners: ["7"] };
  const later = { ranges: [{ start: 10, end: 12 }], winners: ["8"] };
  const all = [{ start: 0, end: 12 }];
  const claimBoth = () => {
    index.claim(index.fileOf(key), bets, new Commit());
    index.claim(index.fileOf(key), later, new Commit());
  };
  claimBoth();
  assertEquals(index.fileOf(key).claimed.missing(all), []);
  // A winner that is not on disk yet is not returned.
  assertEquals([index.bets, index.winners(1)], [0, []]);
  index.drop();
  assertEquals(index.fileOf(key).claimed.missing(all), all);
  claimBoth();
  index.commit(1);
  assertEquals(index.fileOf(key).stored.missing(all), later.ranges);
  assertEquals(index.fileOf(key).claimed.missing(later.ranges), []);
  assertEquals([index.bets, index.fileOf(key).count], [10, 10]);
  assertEquals(index.winners(1), ["7"]);
  index.drop();
  assertEquals(index.fileOf(key).claimed.missing(all), all);
  assertEquals([index.bets, index.underWay], [10, 0]);
});
