import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { FileStore, StorageError } from "../../storage/mod.ts";
import { numberedBatch, putStore, rowsOf } from "../support/batches.ts";
import type { FaultFile } from "../support/fault_file.ts";
import { type FaultyStore, openFaulty } from "../support/faulty_store.ts";
import { testInFolder as test } from "../support/folder.ts";

const WHOLE = rowsOf(numberedBatch(0, 3));
const SECOND = numberedBatch(3, 2);
/** Failed flushes: twice at the start, then of a batch and of a FINISH. */
const UNFLUSHED = 4;

for (const drawAgencies of [1, 2]) {
  test(`FileStore takes bets and FINISH, and holds the draw of ${drawAgencies}, only once the start that it found is flushed`, async (dir) => {
    const path = await putStore(dir, WHOLE);
    await finishFirst(path, drawAgencies);
    const { store, append } = await openUnflushed(path, drawAgencies);
    assert(!store.draw.isHeld);
    assertMatch(await append(SECOND), /No space left/);
    await assertRejects(() => store.finish(1), StorageError, "No space left");
    await store.finish(1);
    assertEquals(store.draw.isHeld, drawAgencies === 1);
    if (drawAgencies === 1) assertEquals(await store.draw.held, "earlier");
    else assertEquals(await append(SECOND), "stored");
    await store.close();
  });
}

test("FileStore holds the draw only once the bets that it found are flushed", async (dir) => {
  const path = await putStore(dir, WHOLE);
  await finishFirst(path, 1);
  const files: FaultFile[] = [];
  const { store } = await openFaulty(path, {
    drawAgencies: 1,
    onFile(file) {
      if (files.push(file) > 1) return;
      // At the start, before its draw, and before that of the first FINISH.
      for (let i = 0; i < 3; i++) file.fail("syncData", { code: "ENOSPC" });
    },
  });
  assert(!store.draw.isHeld);
  assertMatch(store.stats.problem!, /No space left/);
  await assertRejects(() => store.finish(1), StorageError, "No space left");
  assert(!store.draw.isHeld);
  await store.finish(1);
  assert(store.draw.isHeld);
  await store.close();
});

/** Lets agency 1 finish, and leaves the files as a killed central does. */
async function finishFirst(path: string, drawAgencies: number): Promise<void> {
  const store = await FileStore.open(path, { drawAgencies });
  await store.finish(1);
  const finished = await Deno.readFile(`${path}.finished`);
  await store.close();
  await Deno.writeFile(`${path}.finished`, finished);
}

/**
 * Opens a store whose finished file was not flushed, and cannot be the next few
 * times.
 */
function openUnflushed(
  path: string,
  drawAgencies: number,
): Promise<FaultyStore> {
  const files: FaultFile[] = [];
  return openFaulty(path, {
    drawAgencies,
    onFile(file) {
      if (files.push(file) < 2) return;
      for (let i = 0; i < UNFLUSHED; i++) {
        file.fail("syncData", { code: "ENOSPC" });
      }
    },
  });
}
