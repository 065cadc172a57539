import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { StorageError } from "../../storage/mod.ts";
import { messageOf } from "../../program/errors.ts";
import { assertStored, numberedBatch } from "../support/batches.ts";
import {
  appendAll,
  type FaultyStore,
  openFaulty,
} from "../support/faulty_store.ts";
import { FaultFile } from "../support/fault_file.ts";
import { testInFolder as test } from "../support/folder.ts";
import { everyTurn } from "../support/deadline.ts";

const FIRST = numberedBatch(0, 3);
const SECOND = numberedBatch(3, 2);
const THIRD = numberedBatch(5, 4);
const OTHER = numberedBatch(0, 2, { agency: 2 });

/** Opens a store in which FIRST is stored. */
async function openWithFirst(path: string): Promise<FaultyStore> {
  const opened = await openFaulty(path);
  assertEquals(await opened.append(FIRST), "stored");
  opened.file.calls.length = 0;
  return opened;
}

test("Store.append() answers a repetition once the commit under way is durable", async (dir) => {
  const { store, file, append } = await openFaulty(`${dir}/bets.csv`);
  const gate = file.hold("syncData");
  const answers: string[] = [];
  const first = append(FIRST);
  await gate.reached;
  const repetitions = [FIRST, numberedBatch(1, 1), numberedBatch(1, 2)]
    .map((batch) => append(batch).then(() => answers.push("repetition")));
  await everyTurn();
  assertEquals(answers, []);
  gate.release();
  assertEquals(await first, "stored");
  await Promise.all(repetitions);
  assertEquals(file.count("write"), 1);
  await store.close();
  await assertStored(`${dir}/bets.csv`, [FIRST]);
});

test("Store.append() answers what is stored while another commit is under way", async (dir) => {
  const { store, file, append } = await openWithFirst(`${dir}/bets.csv`);
  const gate = file.hold("syncData");
  const second = append(SECOND);
  await gate.reached;
  assertEquals(await append(FIRST), "stored");
  gate.release();
  assertEquals(await second, "stored");
  await store.close();
});

test("Store.append() refuses a repetition if the commit under way fails", async (dir) => {
  const { store, file, append } = await openFaulty(`${dir}/bets.csv`);
  file.fail("write", { after: 20 });
  const gate = file.hold("write");
  const outcomes = [append(FIRST)];
  await gate.reached;
  // Part of the last batch is new, and waits.
  outcomes.push(append(FIRST), append(numberedBatch(1, 1)));
  outcomes.push(append(numberedBatch(2, 3)));
  gate.release();
  for (const outcome of await Promise.all(outcomes)) {
    assertMatch(outcome, /^Cannot write to the store: Input/);
  }
  assertEquals(await append(FIRST), "stored");
  assertEquals(await append(numberedBatch(2, 3)), "stored");
  await store.close();
  await assertStored(
    `${dir}/bets.csv`,
    [FIRST, numberedBatch(3, 2)],
  );
});

test("Store.append() stores nothing after a failure on the same connection, and anything on the next", async (dir) => {
  for (const shared of [false, true]) {
    const path = `${dir}/${shared}.csv`;
    const { store, file } = await openFaulty(path);
    file.fail("write", { after: 20 });
    const gate = file.hold("write");
    const writer = store.writer();
    const refused = [writer.append(FIRST)];
    await gate.reached;
    // Another connection that waits for the same commit fails too.
    const other = shared ? store.writer() : writer;
    if (shared) refused.push(other.append(FIRST));
    const outcomes = Promise.allSettled(refused);
    gate.release();
    for (const { status } of await outcomes) assertEquals(status, "rejected");
    await assertRejects(
      () => other.append(SECOND),
      StorageError,
      "an earlier one of the same connection was not stored",
    );
    // A failed batch need not be sent again before the later ones.
    const next = store.writer();
    await Promise.all([
      next.append(THIRD),
      next.append(numberedBatch(1, 6)),
    ]);
    await store.close();
    await assertStored(path, [THIRD, numberedBatch(1, 4)]);
  }
});

test("Store.append() stores nothing of a connection in the moment of its failure", async (dir) => {
  const { store, file } = await openFaulty(`${dir}/bets.csv`);
  using writer = store.writer();
  file.fail("write");
  const later = Promise.withResolvers<number>();
  file.truncate = (size) => {
    // The first batch is refused, and does not know it yet.
    later.resolve(writer.append(SECOND));
    return FaultFile.prototype.truncate.call(file, size);
  };
  const results = await Promise.allSettled([
    writer.append(FIRST),
    later.promise,
  ]);
  assertEquals(results.map(({ status }) => status), ["rejected", "rejected"]);
  await store.close();
  await assertStored(`${dir}/bets.csv`, []);
});

test("Store.finish() leaves the draw to the next start after a fault that it cannot undo", async (dir) => {
  const path = `${dir}/bets.csv`;
  const { store, file, append } = await openFaulty(path, { drawAgencies: 1 });
  file.fail("syncData");
  assertMatch(await append(FIRST), /^Cannot flush the store to disk/);
  await assertRejects(() => store.finish(1), StorageError, "restart");
  await store.finish(1);
  assertEquals(store.draw.isHeld, false);
  await store.close();
  const next = await openFaulty(path, { drawAgencies: 1 });
  assertEquals(await next.store.draw.held, "here");
  await next.store.close();
});

test("Store accepts nothing more after a fault that it cannot undo, until it is opened again", async (dir) => {
  const faults: Record<string, (store: FaultyStore) => void> = {
    syncData: ({ file }) => file.fail("syncData"),
    truncate({ file }) {
      file.fail("write", { after: 60 });
      file.fail("truncate");
    },
  };
  for (const [name, plan] of Object.entries(faults)) {
    const path = `${dir}/${name}.csv`;
    const opened = await openWithFirst(path);
    plan(opened);
    const { store, file, append } = opened;
    const cut = file.hold("truncate");
    using writer = store.writer();
    const refused = [
      writer.append(SECOND).then(() => "stored", messageOf),
      append(OTHER),
    ];
    for (const outcome of await Promise.all(refused)) {
      assertMatch(outcome, /^Cannot (write|flush).*: Input/);
    }
    await cut.reached;
    cut.release();
    await everyTurn();
    const { length } = file.calls;
    // On the same connection, too, the reason is what matters.
    await assertRejects(() => writer.append(THIRD), StorageError, "restart");
    assertMatch(
      await append(THIRD),
      /restart the central to accept bets again$/,
    );
    assertMatch(
      await append(OTHER),
      /restart the central to accept bets again$/,
    );
    assertEquals(await append(FIRST), "stored");
    await store.close();
    assertEquals(file.calls.length, length, "the file is left alone");

    const { recovery } = await appendAll(path);
    assertEquals([recovery.bets, recovery.batches], [3, 1]);
    await assertStored(path, [FIRST]);
    await appendAll(path, FIRST, SECOND, OTHER, THIRD);
    await assertStored(path, [FIRST, SECOND, OTHER, THIRD]);
  }
});
