import { appendTo } from "../support/batches.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { FileStore, StorageError } from "../../storage/mod.ts";
import { messageOf } from "../../program/errors.ts";
import { numberedBatch } from "../support/batches.ts";
import { everyTurn, within } from "../support/deadline.ts";
import { appendAll, openFaulty } from "../support/faulty_store.ts";
import { contents, testInFolder as test } from "../support/folder.ts";
import { FakeIntervals } from "../support/intervals.ts";

/** What an operator may do to the file of an open store. */
const LOSSES: Record<string, [(path: string) => Promise<void>, RegExp]> = {
  removed: [
    (path) => Deno.remove(path),
    /^Cannot trust the store: No such file/,
  ],
  replaced: [
    async (path) => {
      await Deno.rename(path, `${path}.1`);
      await Deno.writeTextFile(path, "");
    },
    /another file has the name "[^"]+" now/,
  ],
  truncated: [
    (path) => Deno.truncate(path, 0),
    /"[^"]+" has \d+ bytes, not the/,
  ],
  "appended to": [
    (path) => Deno.writeTextFile(path, "x", { append: true }),
    /"[^"]+" has \d+ bytes, not the/,
  ],
};

/** How often the store looks at its files (docs/storage.md). */
const WATCH_PERIOD_MS = 500;
/** Batches; their first three bets are stored before the loss. */
const APPEND = { append: true };
const STORED = numberedBatch(0, 3);
const NEW = numberedBatch(3, 2);
const ORDERS = { "a new batch": [NEW, STORED], "a stored one": [STORED, NEW] };

for (const [name, [lose, reason]] of Object.entries(LOSSES)) {
  for (const [first, batches] of Object.entries(ORDERS)) {
    test(`Store.append() refuses ${first} if the file was ${name}`, async (dir) => {
      const path = `${dir}/bets.csv`;
      const store = await FileStore.open(path);
      await appendTo(store, STORED);
      await lose(path);
      for (const batch of batches) {
        const error = await assertRejects(
          () => appendTo(store, batch),
          StorageError,
        );
        assertMatch(error.message, reason);
      }
      const before = await filesOf(dir);
      const lost = await lossOf(store);
      assertMatch(lost.message, reason);
      await store.close();
      assertEquals(await filesOf(dir), before, "the files are left alone");
    });
  }

  for (const file of ["bets.csv", "bets.csv.finished"]) {
    test(`Store.lost reports without a request that ${file} was ${name}`, async (dir) => {
      using intervals = new FakeIntervals();
      const path = `${dir}/bets.csv`;
      await appendAll(path, STORED);
      const store = await FileStore.open(path);
      await store.finish(1);
      await lose(`${dir}/${file}`);
      await intervals.pass(WATCH_PERIOD_MS);
      const { message } = await lossOf(store);
      assertMatch(message, reason);
      await assertRejects(() => appendTo(store, NEW), Error, message);
      await assertRejects(() => store.finish(2), Error, message);
      await store.close();
    });
  }

  test(`Store.finish() says nothing twice if its file was ${name}`, async (dir) => {
    const store = await FileStore.open(`${dir}/bets.csv`);
    await store.finish(1);
    await lose(`${dir}/bets.csv.finished`);
    const error = await assertRejects(() => store.finish(1), StorageError);
    assertMatch(error.message, reason);
    await store.close();
  });
}

for (const name of ["bets.csv", "bets.csv.finished"] as const) {
  for (const operation of ["write", "syncData"] as const) {
    test(`Store settles everything if ${name} is renamed during its ${operation}`, async (dir) => {
      const path = `${dir}/bets.csv`;
      using intervals = new FakeIntervals();
      const { store, file, finished, append } = await openFaulty(path);
      await appendTo(store, STORED);
      const isBets = name === "bets.csv";
      const gate = (isBets ? file : finished).hold(operation);
      const send = (index: number) =>
        isBets
          ? append(numberedBatch(3 + index, 1))
          : store.finish(1 + index).then(() => "stored", messageOf);
      const outcomes = [send(0)];
      await gate.reached;
      outcomes.push(send(1));
      await Deno.rename(`${dir}/${name}`, `${dir}/moved`);
      await intervals.pass(WATCH_PERIOD_MS);
      // The watch notices it while the commit is under way.
      await lossOf(store);
      gate.release();
      for (const outcome of outcomes) {
        assertMatch(
          await within(outcome, () => "not settled"),
          /^Cannot trust the store: No such file/,
        );
      }
      await within(store.close(), () => "not closed");
    });
  }
}

/** Why a store is lost, which it knows by now. */
async function lossOf(store: FileStore): Promise<StorageError> {
  let loss: StorageError | undefined;
  store.lost.then((error) => loss = error);
  await everyTurn();
  assert(loss, "not lost");
  return loss;
}

/** The text of each file of a folder, without the files of process ids. */
async function filesOf(dir: string): Promise<[string, string][]> {
  const files = Object.entries(await contents(dir));
  return files.filter(([name]) => !name.endsWith(".pid"));
}

for (
  const [what, change] of [
    ["longer", (path: string) => Deno.writeTextFile(path, "1\n", APPEND)],
    ["shorter", (path: string) => Deno.truncate(path, 10)],
  ] as const
) {
  test(`Store leaves a file alone that somebody made ${what} before a write failed`, async (dir) => {
    const path = `${dir}/bets.csv`;
    const { store, file, append } = await openFaulty(path);
    assertEquals(await append(STORED), "stored");
    file.fail("write", { after: 5, code: "ENOSPC" });
    const gate = file.hold("write");
    const refused = append(numberedBatch(50, 1));
    await gate.reached;
    await change(path);
    gate.release();
    assertMatch(await refused, /^Cannot write to the store/);
    const lost = await lossOf(store);
    assertMatch(lost.message, /has \d+ bytes, not the \d+ that were written/);
    const before = await Deno.readTextFile(path);
    await store.close();
    assertEquals(await Deno.readTextFile(path), before);
  });
}
