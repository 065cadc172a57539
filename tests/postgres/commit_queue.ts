import { assertEquals, assertRejects } from "@std/assert";
import type { Batch } from "../../bet/bet.ts";
import type { BetsTable, Stored } from "../../postgres/bets/bets_table.ts";
import {
  CommitQueue,
  MAX_COMMITS,
  type Writer,
} from "../../postgres/bets/commit_queue.ts";
import type { StoreCounts } from "../../postgres/store_counts.ts";
import { DatabaseTimeoutError } from "../../postgres/connection/errors.ts";
import { BettingClosedError } from "../../storage/mod.ts";
import { numberedBatch } from "../support/batches.ts";
import { FakeTime } from "../support/fake_time.ts";
import { everyTurn } from "../support/deadline.ts";

/** A statement under way. */
interface Insert {
  batches: readonly Batch[];
  areNew: boolean;
  /** Ends it with the number of bets stored before, of each batch. */
  end(...before: number[]): Promise<void>;
  refuse(): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** A queue whose statements the test ends. */
function openQueue() {
  const inserts: Insert[] = [];
  const told: unknown[] = [];
  /** How long each commit took. */
  const seconds: number[] = [];
  const table: Pick<BetsTable, "insert"> = {
    insert(batches, { areNew }) {
      const { promise, resolve, reject } = Promise.withResolvers<Stored[]>();
      const outcome = (before: number, isLate: boolean) => ({ before, isLate });
      inserts.push({
        batches,
        areNew,
        end(...before) {
          resolve(batches.map((_, i) => outcome(before[i] ?? 0, false)));
          return everyTurn();
        },
        refuse() {
          resolve(batches.map(() => outcome(0, true)));
          return everyTurn();
        },
        fail(error) {
          reject(error);
          return everyTurn();
        },
      });
      return promise;
    },
  };
  const stats: Pick<StoreCounts, "add" | "report"> = {
    add: (agency, bets) => told.push(`${agency}: ${bets}`),
    report: (_subject, problem) => told.push(problem),
  };
  const queue = new CommitQueue(
    table as BetsTable,
    stats as StoreCounts,
    (batches, duration) => {
      told.push(batches);
      seconds.push(duration);
    },
  );
  /** Outcomes by the number of the batch. */
  const outcomes: string[] = [];
  let added = 0;
  function add(batch: Batch, writer: Writer): void {
    const number = added++;
    queue.add(batch, writer).then(
      (before) => outcomes[number] = `${before}`,
      (error) => outcomes[number] = error.message,
    );
  }
  return { queue, inserts, told, seconds, outcomes, add };
}

function newWriter(): Writer {
  return { hasFailed: false, hasNew: false };
}

/** Of 5 bets. */
function batchOf(agency: number, betIndex = 0): Batch {
  return numberedBatch(betIndex, 5, { agency });
}

function databaseError(code: string): Error {
  return Object.assign(new Error("it says no"), { code, severity: "ERROR" });
}

const EARLIER = "Cannot store: an earlier batch of the connection failed";
const NO = "Cannot store in the database: it says no";

Deno.test("CommitQueue joins what arrives while an agency's statement runs", async () => {
  const { inserts, told, outcomes, add } = openQueue();
  const writer = newWriter();
  add(batchOf(1), writer);
  add(batchOf(1, 5), writer);
  await everyTurn();
  add(batchOf(1, 10), writer);
  add(batchOf(1, 15), writer);
  await everyTurn();
  assertEquals(inserts.length, 1);
  await inserts[0]!.end(0, 2);
  await inserts[1]!.end(5);
  assertEquals(
    inserts.map(({ batches }) => batches.map(({ betIndex }) => betIndex)),
    [[0, 5], [10, 15]],
  );
  assertEquals(outcomes, ["0", "2", "5", "0"]);
  assertEquals(told, [
    ...[2, "1: 5", "1: 3", undefined],
    ...[2, "1: 5", undefined],
  ]);
});

Deno.test("CommitQueue reports how many seconds a commit took", async () => {
  const { inserts, seconds, add } = openQueue();
  using time = new FakeTime();
  time.advance(7_000);
  add(batchOf(1), newWriter());
  await everyTurn();
  time.advance(1_500);
  await inserts[0]!.end();
  assertEquals(seconds, [1.5]);
});

Deno.test("CommitQueue guesses that bets are new while those before were", async () => {
  const { inserts, add } = openQueue();
  const writer = newWriter();
  for (const before of [0, 0, 1, 5, 0, 0]) {
    add(batchOf(1), writer);
    await everyTurn();
    await inserts.at(-1)!.end(before);
  }
  assertEquals(
    inserts.map(({ areNew }) => areNew),
    [false, true, true, false, false, true],
  );
  const other = newWriter();
  add(batchOf(1), writer);
  add(batchOf(1), other);
  await everyTurn();
  assertEquals(inserts.at(-1)!.areNew, false, "one of two");
  await inserts.at(-1)!.end();
});

Deno.test("CommitQueue commits for some agencies at once, each in its turn", async () => {
  const { queue, inserts, add } = openQueue();
  for (let agency = 1; agency <= MAX_COMMITS + 1; agency++) {
    add(batchOf(agency), newWriter());
    await everyTurn();
  }
  assertEquals(inserts.length, MAX_COMMITS);
  let isIdle = false;
  const idle = queue.whenIdle().then(() => isIdle = true);
  await inserts[3]!.end();
  assertEquals(inserts.length, MAX_COMMITS + 1);
  assertEquals(inserts.at(-1)!.batches[0]!.agency, MAX_COMMITS + 1);
  for (const insert of inserts.slice(1)) await insert.end();
  assertEquals(isIdle, false);
  await inserts[0]!.end();
  await idle;
});

Deno.test("CommitQueue stores one file's bets at once, up to 3,000", async () => {
  const { inserts, add } = openQueue();
  const writer = newWriter();
  const counts = [1000, 2000, 4000, 2999, 2, 6000, 1];
  for (const count of counts) add({ ...batchOf(1), count }, writer);
  add({ ...batchOf(1), fingerprint: "fedcba9876543210" }, writer);
  await everyTurn();
  for (let i = 0; i < inserts.length; i++) await inserts[i]!.end();
  assertEquals(
    inserts.map(({ batches }) => batches.map(({ count }) => count)),
    [[1000, 2000], [4000], [2999], [2], [6000], [1], [5]],
  );
});

Deno.test("CommitQueue.whenIdle() waits for batches of this turn", async () => {
  const { queue, inserts, outcomes, add } = openQueue();
  add(batchOf(1), newWriter());
  let isIdle = false;
  const idle = queue.whenIdle().then(() => isIdle = true);
  await everyTurn();
  assertEquals(isIdle, false);
  await inserts[0]!.end();
  await idle;
  assertEquals(outcomes, ["0"]);
});

Deno.test("CommitQueue copies a batch before it returns", async () => {
  const { inserts, add } = openQueue();
  const batch = batchOf(1);
  const bets = batch.bets.slice();
  add(batch, newWriter());
  batch.bets.fill(0);
  await everyTurn();
  assertEquals(inserts[0]!.batches[0]!.bets, bets);
  await inserts[0]!.end();
});

Deno.test("CommitQueue refuses late bets, and says that it could store", async () => {
  const { queue, inserts, told } = openQueue();
  const late = assertRejects(
    () => queue.add(batchOf(1), newWriter()),
    BettingClosedError,
  );
  await everyTurn();
  await inserts[0]!.refuse();
  await late;
  assertEquals(told, [1, undefined]);
});

Deno.test("CommitQueue tries batches alone if one of them may be bad", async () => {
  const { inserts, told, outcomes, add } = openQueue();
  const [one, other] = [newWriter(), newWriter()];
  add(batchOf(1), one);
  add(batchOf(1, 5), one);
  add(batchOf(1, 10), other);
  await everyTurn();
  await inserts[0]!.fail(databaseError("23514"));
  await inserts[1]!.fail(databaseError("23514"));
  await inserts[2]!.end();
  assertEquals(inserts.length, 3);
  assertEquals(inserts[2]!.batches[0]!.betIndex, 10);
  assertEquals(outcomes, [`${NO} (23514)`, EARLIER, "0"]);
  assertEquals(told, [`${NO} (23514)`, 1, "1: 5", undefined]);
});

Deno.test("CommitQueue fails all of a connection behind a batch that failed", async () => {
  const { inserts, outcomes, add } = openQueue();
  const [one, other] = [newWriter(), newWriter()];
  add(batchOf(1), one);
  await everyTurn();
  add(batchOf(2, 5), one);
  add(batchOf(1, 5), one);
  add(batchOf(1, 5), other);
  await everyTurn();
  await inserts[0]!.fail(databaseError("08006"));
  await inserts[1]!.end();
  await inserts[2]!.end();
  assertEquals(inserts.length, 3);
  // Its bets are stored: they will be repeated.
  assertEquals(outcomes, [`${NO} (08006)`, EARLIER, EARLIER, "0"]);
});

Deno.test("CommitQueue lets nothing wait behind a statement that was late", async () => {
  const late = "Cannot store in the database: no answer within 9 s";
  const cases = [
    [databaseError("57014"), `${NO} (57014)`, 1],
    [new DatabaseTimeoutError(9000), late, 0],
  ] as const;
  for (const [error, problem, left] of cases) {
    const { inserts, outcomes, add } = openQueue();
    for (let agency = 1; agency <= MAX_COMMITS; agency++) {
      add(batchOf(agency), newWriter());
    }
    await everyTurn();
    add(batchOf(1, 5), newWriter());
    add(batchOf(99), newWriter());
    await everyTurn();
    await inserts[0]!.fail(error);
    assertEquals([outcomes[0], outcomes[MAX_COMMITS]], [problem, problem]);
    assertEquals(inserts.length, MAX_COMMITS + left);
    for (const insert of inserts.slice(1)) await insert.end();
    assertEquals(outcomes.at(-1), left === 1 ? "0" : problem);
  }
});

Deno.test("CommitQueue fails a group at once if no batch of it may be bad", async () => {
  const { inserts, outcomes, add } = openQueue();
  for (const betIndex of [0, 5]) add(batchOf(1, betIndex), newWriter());
  await everyTurn();
  await inserts[0]!.fail(databaseError("08006"));
  assertEquals([inserts.length, outcomes.length], [1, 2]);
});
