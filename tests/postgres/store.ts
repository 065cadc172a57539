import { PostgresStore } from "../../postgres/postgres_store.ts";
import { testFault } from "../faults/plan.ts";
import { assertEquals } from "@std/assert";
import { batchOf } from "../support/batches.ts";
import { within } from "../support/deadline.ts";
import { SPECIAL_NAMES, STORE_CASES } from "../support/store_cases.ts";
import { freshDatabase } from "./support/shared_server.ts";
import { append, makeBatch, openStore } from "./support/made_store.ts";

const BETS = [{
  firstName: "Ana",
  lastName: "Gil",
  document: "1",
  birthdate: "1999-03-17",
  number: "7574",
}];

testFault("PostgresStore keeps the contract of a store", async () => {
  for (const { name, run } of STORE_CASES) {
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

testFault(
  "PostgresStore answers more questions at once than it has connections",
  async () => {
    const database = await freshDatabase();
    await using store = await openStore(database.url);
    await append(store, batchOf(BETS));
    const answers = Promise.all(
      Array.from({ length: 30 }, () => store.winners(1)),
    );
    for (const winners of await within(answers, () => "no answer")) {
      assertEquals(winners, ["1"]);
    }
  },
);

testFault("PostgresStore stores names unchanged", async () => {
  const database = await freshDatabase();
  await using store = await openStore(database.url);
  const bets = SPECIAL_NAMES.map((name, i) => ({
    firstName: name,
    lastName: SPECIAL_NAMES.at(-i)!,
    document: "1",
    birthdate: "1999-03-17",
    number: "1",
  }));
  await append(store, batchOf(bets));
  const stored = await database.query(
    "SELECT json_agg(json_build_array(first_name, last_name) ORDER BY position) FROM bets",
  );
  assertEquals(
    JSON.parse(stored),
    bets.map(({ firstName, lastName }) => [firstName, lastName]),
  );
});

testFault("PostgresStore stores every date, number and position", async () => {
  const database = await freshDatabase();
  await using store = await openStore(database.url);
  const dates = ["0001-01-01", "1900-02-28", "1999-12-31", "2000-02-29"];
  const bets = [...dates, "2000-03-01", "9999-12-31"].map((birthdate, i) => ({
    firstName: "Ana",
    lastName: "Gil",
    document: "00001",
    birthdate,
    number: ["0", "0000000007", "4294967295"][i % 3]!,
  }));
  await append(store, batchOf(bets, 2 ** 33 - 2));
  const stored = await database.query(
    `SELECT json_agg(json_build_array(position, birthdate, number, document)
      ORDER BY position) FROM bets`,
  );
  assertEquals(
    JSON.parse(stored),
    bets.map(({ birthdate, number, document }, i) => [
      2 ** 33 - 2 + i,
      birthdate,
      Number(number),
      document,
    ]),
  );
});

testFault(
  "PostgresStore stores new bets, then repeated ones, on one connection",
  async () => {
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
  },
);
