import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Batch, Bet } from "../../bet/bet.ts";
import { ProgramError } from "../../program/errors.ts";
import { StorageError } from "../../storage/mod.ts";
import { FakeTime } from "../support/fake_time.ts";
import { PostgresStore } from "../../postgres/postgres_store.ts";
import { testFault as test } from "../faults/plan.ts";
import { batchOf, GAP } from "../support/batches.ts";
import { delay, within } from "../support/deadline.ts";
import { SPECIAL_NAMES, STORE_CASES } from "../support/store_cases.ts";
import { tablesOf } from "./support/fake_database.ts";
import { FakeServer, Refusal } from "./support/fake_server.ts";
import { freshDatabase } from "./support/shared_server.ts";
import { append, makeBatch, openStore } from "./support/made_store.ts";
import { replace } from "../support/replaced.ts";

const BET: Bet = {
  firstName: "Ana",
  lastName: "Gil",
  document: "00001",
  birthdate: "1999-03-17",
  number: "1",
};

test("PostgresStore keeps the contract of a store", async () => {
  for (const [name, run] of Object.entries(STORE_CASES)) {
    const { url } = await freshDatabase();
    try {
      const running = run((drawAgencies = 0) =>
        PostgresStore.open(url, { drawAgencies })
      );
      await within(running, () => "no answer");
    } catch (cause) {
      throw new Error(`PostgresStore ${name}: ${cause}`, { cause });
    }
  }
});

test("PostgresStore stores names unchanged", async () => {
  const bets = SPECIAL_NAMES.map((name, i) => ({
    ...BET,
    firstName: name,
    lastName: SPECIAL_NAMES.at(-i)!,
  }));
  assertEquals(
    await storedOf(batchOf(bets), "first_name, last_name"),
    bets.map(({ firstName, lastName }) => [firstName, lastName]),
  );
});

test("PostgresStore stores every number and position", async () => {
  const numbers = ["0", "0000000007", "4294967295"];
  const bets = numbers.map((number, i) => ({
    ...BET,
    document: `0${i}`,
    number,
  }));
  const start = 2 ** 33 - 2;
  assertEquals(
    await storedOf(
      batchOf([BET, GAP, ...bets], start),
      "position, document, number",
    ),
    [BET, undefined, ...bets].flatMap((bet, i) =>
      bet ? [[start + i, bet.document, Number(bet.number)]] : []
    ),
  );
});

test("PostgresStore stores every day around leap years", async () => {
  const dates = ["0001-01-01", "9999-12-31"];
  for (const year of [4, 1600, 1896, 1900, 1996, 2000, 2100]) {
    const first = new Date(0).setUTCFullYear(year, 0, 1);
    for (let day = 0; day < 5 * 366; day++) {
      const date = new Date(first + day * 86_400_000);
      dates.push(date.toISOString().slice(0, 10));
    }
  }
  const bets = dates.map((birthdate) => ({ ...BET, birthdate }));
  assertEquals(
    await storedOf(batchOf(bets), "birthdate"),
    dates.map((date) => [date]),
  );
});

/** Stores a batch. Returns columns of its rows, in the order of the bets. */
async function storedOf(batch: Batch, columns: string): Promise<unknown> {
  const database = await freshDatabase();
  await using store = await openStore(database.url);
  await append(store, batch);
  const rows = await database.query(
    `SELECT json_agg(json_build_array(${columns}) ORDER BY position) FROM bets`,
  );
  return JSON.parse(rows);
}

test("PostgresStore stores new bets, then repeated ones, on one connection", async () => {
  const database = await freshDatabase();
  await using store = await openStore(database.url);
  using writer = store.writer();
  const before = [];
  for (const betIndex of [0, 10, 15, 25, 5, 60]) {
    before.push(await writer.append(makeBatch(1, betIndex)));
  }
  assertEquals(before, [0, 0, 5, 0, 10, 0]);
  // Two that share bets arrive at once, behind a batch with only new ones.
  const both = [65, 70].map((start) => writer.append(makeBatch(1, start)));
  assertEquals(await Promise.all(both), [5, 5]);
  assertEquals(store.stats.bets, 55);
});

// A central stops by its signal, a tool just closes.
for (const way of ["its signal", "close()"]) {
  test(`PostgresStore ends what waits 2.5 s after ${way}`, async () => {
    const database = await freshDatabase();
    const stop = new AbortController();
    const { signal } = stop;
    const store = await PostgresStore.open(database.url, { signal });
    await append(store, makeBatch(1));
    const lock = await database.hold("LOCK TABLE bets");
    {
      using time = new FakeTime();
      const late = append(store, makeBatch(1, 10));
      const failed = assertRejects(() => late, StorageError, "is stopping");
      await database.waitForLocks(1, late);
      let closing: Promise<void> | undefined;
      if (way === "close()") closing = store.close();
      else stop.abort();
      time.advance(2_499);
      await database.waitForLocks(1, late);
      time.advance(1);
      await failed;
      await (closing ?? store.close());
    }
    await lock[Symbol.asyncDispose]();
  });
}

test("PostgresStore.close() waits for what is under way", async () => {
  const database = await freshDatabase();
  const { setInterval } = globalThis;
  const periods: (number | undefined)[] = [];
  using _intervals = replace(globalThis, {
    setInterval(run: () => void, periodMs?: number) {
      periods.push(periodMs);
      return setInterval(run, periodMs);
    },
  });
  const commits: number[] = [];
  const store = await PostgresStore.open(database.url, {
    onCommit(batches, seconds) {
      assert(seconds > 0 && seconds < 100);
      commits.push(batches);
    },
  });
  const stored = append(store, makeBatch(1));
  await store.close();
  assertEquals(await stored, 0);
  assertEquals(commits, [1]);
  // How often it polls.
  assertEquals(periods, [1_000]);
  await assertRejects(() => append(store, makeBatch(1)), StorageError);
});

test("PostgresStore accepts bets again after a repair", async () => {
  let isFull = true;
  let polls = 0;
  await using server = new FakeServer({
    answer({ text }) {
      if (text.includes("server_encoding")) return [{ encoding: "UTF8" }];
      if (/^\s*WITH RECURSIVE/.test(text)) return tablesOf("s");
      if (/^\s*INSERT INTO "s".bets/.test(text) && isFull) {
        return new Refusal("53100", "no space");
      }
      if (text.includes("finished_at IS NOT NULL")) polls++;
      const isVersion = text.includes("SELECT version");
      return isVersion ? [{ version: 2, isHeld: false }] : [];
    },
  });
  let poll!: () => void;
  using _intervals = replace(globalThis, {
    setInterval: (run: () => void) => void (poll = run),
  });
  await using store = await openStore(
    `postgres://u:p@127.0.0.1:${server.port}/d?sslmode=disable`,
  );
  /** The third poll begins after the end of the second. */
  const pollTwice = async () => {
    for (const end = polls + 3; polls < end; await delay(0)) poll();
  };
  await assertRejects(() => append(store, makeBatch(1)), StorageError);
  await pollTwice();
  // Polls alone cannot tell: they store nothing.
  assertMatch(store.stats.problem ?? "", /: no space/);
  isFull = false;
  await pollTwice();
  assertEquals(store.stats.problem, undefined);
});

test("PostgresStore.open() ends with its signal", async () => {
  const database = await freshDatabase();
  await (await PostgresStore.open(database.url)).close();
  const stopped = AbortSignal.abort();
  await assertRejects(
    () => PostgresStore.open(database.url, { signal: stopped }),
    ProgramError,
    "the central is stopping",
  );
  const lock = await database.hold("LOCK TABLE bets, loteria");
  const stop = new AbortController();
  const { signal } = stop;
  const opening = PostgresStore.open(database.url, { signal });
  const failed = assertRejects(
    () => opening,
    ProgramError,
    `Cannot open store "127.0.0.1:${
      new URL(database.url).port
    }/${database.name}": the central is stopping`,
  );
  await database.waitForLocks(1, opening);
  stop.abort();
  await failed;
  await lock[Symbol.asyncDispose]();
});

test("PostgresStore's questions fail as storage", async () => {
  const database = await freshDatabase();
  await using store = await openStore(database.url);
  await database.query("ALTER TABLE bets RENAME TO b");
  for (
    const ask of [
      () => store.winners(1),
      () => store.finish(1, { fingerprint: "00", records: 1 }),
      () => append(store, makeBatch(1)),
    ]
  ) {
    const { message } = await assertRejects(ask, StorageError);
    assertMatch(
      message,
      /^Cannot (?:use|store in) the database: .*(?:bets" does not exist|bets is missing)/,
    );
  }
});
