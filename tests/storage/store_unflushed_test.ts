import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { FileStore, StorageError } from "../../storage/mod.ts";
import { numberedBatch, putStore, rowsOf } from "../support/batches.ts";
import type { FaultFile } from "../support/fault_file.ts";
import { type FaultyStore, openFaulty } from "../support/faulty_store.ts";
import { testInFolder } from "../support/folder.ts";

const WHOLE = rowsOf(numberedBatch(0, 3));
const SECOND = numberedBatch(3, 2);
/** Failed flushes: twice at the start, then of a batch and of a FINISH. */
const UNFLUSHED = 4;

testInFolder(
  "FileStore takes bets and FINISH only once the start that it found is flushed",
  async (dir) => {
    const path = await putStore(dir, WHOLE);
    await finishFirst(path, 2);
    const { store, append } = await openUnflushed(path, 2);
    assertMatch(await append(SECOND), /No space left/);
    await assertRejects(() => store.finish(1), StorageError, "No space left");
    await store.finish(1);
    assertEquals(await append(SECOND), "stored");
    await store.close();
  },
);

testInFolder(
  "FileStore holds a draw that it found once that is flushed",
  async (dir) => {
    const path = await putStore(dir, WHOLE);
    await finishFirst(path, 1);
    const { store, append } = await openUnflushed(path, 1);
    assert(!store.draw.isHeld);
    assertMatch(await append(SECOND), /No space left/);
    await assertRejects(() => store.finish(1), StorageError, "No space left");
    await store.finish(1);
    assert(store.draw.isHeld);
    assertEquals(await store.draw.held, "earlier");
    await store.close();
  },
);

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
