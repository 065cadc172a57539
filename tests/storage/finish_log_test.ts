import { assertEquals, assertRejects } from "@std/assert";
import { StorageError } from "../../storage/errors.ts";
import { FinishLog } from "../../storage/finish_log.ts";
import { DamagedStoreError } from "../../storage/recovery/scan.ts";
import { StoreHeldError } from "../../storage/store_file.ts";
import { testInFolder } from "../support/folder.ts";

const OPTIONS = { fsync: true };

/** Opens and closes the log. Returns the agencies found. */
async function agenciesIn(path: string): Promise<number[]> {
  const log = await FinishLog.open(path, OPTIONS);
  await log.close();
  return [...log.agencies];
}

testInFolder(
  "FinishLog.add() records agencies for the next start",
  async (dir) => {
    const path = `${dir}/finished.csv`;
    const log = await FinishLog.open(path, OPTIONS);
    assertEquals([...log.agencies], []);
    await Promise.all([log.add(5), log.add(4294967295)]);
    await log.add(1);
    await log.add(5);
    assertEquals([...log.agencies], [5, 4294967295, 1]);
    await log.close();
    assertEquals(await Deno.readTextFile(path), "5\n4294967295\n1\n");
    assertEquals(await agenciesIn(path), [5, 4294967295, 1]);
  },
);

testInFolder("FinishLog.add() accepts an agency twice at once", async (dir) => {
  const path = `${dir}/finished.csv`;
  const log = await FinishLog.open(path, OPTIONS);
  await Promise.all([log.add(7), log.add(7), log.add(8)]);
  await log.close();
  assertEquals(await agenciesIn(path), [7, 8]);
});

testInFolder(
  "FinishLog.open() cuts off a last line torn at any byte",
  async (dir) => {
    const path = `${dir}/finished.csv`;
    for (const torn of ["", "4", "42", "429496729", "\0\0\0"]) {
      await Deno.writeTextFile(path, `3\n12\n${torn}`);
      const log = await FinishLog.open(path, OPTIONS);
      assertEquals([...log.agencies], [3, 12]);
      assertEquals(await Deno.readTextFile(path), "3\n12\n");
      await log.add(4);
      await log.close();
      assertEquals(await Deno.readTextFile(path), "3\n12\n4\n");
    }
  },
);

testInFolder(
  "FinishLog.open() refuses a complete line that is not an id, and leaves the file unchanged",
  async (dir) => {
    const path = `${dir}/finished.csv`;
    const lines = ["", "0", "03", "-1", "1.5", " 4", "4 ", "4\r", "x", "1,2"];
    for (const line of [...lines, "12345678901", "\0"]) {
      const text = `3\n12\n${line}\n5\n6`;
      await Deno.writeTextFile(path, text);
      const error = await assertRejects(
        () => FinishLog.open(path, OPTIONS),
        DamagedStoreError,
        `damage at byte 5: ${JSON.stringify(line)} `,
      );
      assertEquals(error.byteOffset, 5);
      assertEquals(await Deno.readTextFile(path), text);
    }
    // The lock is released.
    await Deno.writeTextFile(path, "3\n");
    assertEquals(await agenciesIn(path), [3]);
  },
);

testInFolder(
  "FinishLog.open() refuses a file that is held by another",
  async (dir) => {
    const path = `${dir}/finished.csv`;
    const log = await FinishLog.open(path, OPTIONS);
    await assertRejects(() => FinishLog.open(path, OPTIONS), StoreHeldError);
    await log.close();
    assertEquals(await agenciesIn(path), []);
  },
);

testInFolder("FinishLog.add() refuses once it is closed", async (dir) => {
  const log = await FinishLog.open(`${dir}/finished.csv`, OPTIONS);
  const stored = log.add(1);
  await log.close();
  await stored;
  await assertRejects(() => log.add(2), StorageError, "the store is closed");
  assertEquals([...log.agencies], [1]);
});
