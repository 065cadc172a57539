import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { FileStore, StorageError } from "../../storage/mod.ts";
import {
  appendTo,
  assertStored,
  numberedBatch,
  putStore,
  rowsAt,
  rowsOf,
} from "../support/batches.ts";
import type { FaultFile } from "../support/fault_file.ts";
import { openFaulty } from "../support/faulty_store.ts";
import {
  changeWrites,
  failChmod,
  failOpen,
  failWrites,
  FULL,
  limitFileSize,
  systemError,
} from "../support/failing_calls.ts";
import { contents, testInFolder as test } from "../support/folder.ts";

const FIRST = numberedBatch(0, 3);
const SECOND = numberedBatch(3, 2);
const THIRD = numberedBatch(5, 1);
const WHOLE = rowsOf(FIRST);
const TORN = rowsAt(WHOLE.length, [SECOND]).slice(0, 40);

test("FileStore.open() answers what is stored while the disk is full, and cuts off the torn tail later", async (dir) => {
  const path = await putStore(dir, WHOLE, TORN);
  const before = await Deno.readFile(path);
  // A folder in the place of the copies is as good as a full disk.
  using failing = failWrites("bets.csv.torn-");
  const { store, append } = await openFaulty(path);
  assertMatch(store.stats.problem!, /No space left/);
  assertEquals(store.recovery.tornFiles, []);
  assertEquals(store.stats.bets, 3);
  assertEquals(store.winners(1), []);
  assertEquals(await append(FIRST), "stored");
  assertMatch(await append(SECOND), /^Cannot write to the store: No space/);
  assertMatch(await append(SECOND), /^Cannot write to the store: No space/);
  await new Promise((resolve) => setTimeout(resolve, 600));
  assertEquals(await Deno.readFile(path), before, "not cut off");
  assertEquals(await append(FIRST), "stored");

  failing[Symbol.dispose]();
  assertEquals(await append(SECOND), "stored");
  assertEquals(store.stats.problem, undefined);
  await store.close();
  await assertStored(path, [FIRST, SECOND]);
  assertEquals(await tornCopies(dir), [new TextDecoder().decode(TORN)]);
});

test("FileStore goes on if a torn tail cannot be cut off, or that not be flushed", async (dir) => {
  const path = await putStore(dir, WHOLE, TORN);
  const failing = failWrites("bets.csv.torn-");
  const { store, file, append } = await openFaulty(path);
  failing[Symbol.dispose]();
  for (const operation of ["truncate", "syncData"] as const) {
    file.fail(operation);
    assertMatch(await append(SECOND), /^Cannot write to the store: Input/);
    assertEquals(await append(FIRST), "stored");
  }
  assertEquals(await append(SECOND), "stored");
  const { length } = file.calls;
  assertEquals(await append(THIRD), "stored");
  assertEquals(file.calls.slice(length), ["write", "syncData"], "once");
  await store.close();
  await assertStored(path, [FIRST, SECOND, THIRD]);
  assertEquals((await tornCopies(dir)).length, 1);
});

for (
  const [where, message, code] of [
    ["a full disk", FULL, "ENOSPC"],
    ["a used-up quota", "Disk quota exceeded (os error 122)", "EDQUOT"],
  ] as const
) {
  test(`FileStore.open() leaves no part of a copy on ${where}`, async (dir) => {
    const path = await putStore(dir, WHOLE, TORN);
    using _failing = changeWrites(
      ".torn-",
      () => Promise.reject(systemError(message, code)),
    );
    const store = await FileStore.open(path);
    assertEquals(store.recovery.tornFiles, []);
    await store.close();
    assertEquals(await tornCopies(dir), []);
    const finished = await Deno.readTextFile(`${path}.finished`);
    assertEquals(finished.includes("stop"), false);
    assertEquals(
      await Deno.readFile(path),
      Uint8Array.from([...WHOLE, ...TORN]),
      "not cut off",
    );
  });
}

test("FileStore.open() goes on after writes that take a part", async (dir) => {
  const path = await putStore(dir, WHOLE, TORN);
  using _short = changeWrites(
    "bets.csv",
    (write, bytes) => write(bytes.subarray(0, Math.ceil(bytes.length / 2))),
  );
  const store = await FileStore.open(path);
  assertEquals(await Deno.readFile(store.recovery.tornFiles[0]!), TORN);
  await store.close();
  assertEquals(await Deno.readFile(path), WHOLE);
});

test("FileStore.open() does without notes that it cannot write", async (dir) => {
  const path = await putStore(dir, WHOLE);
  using _failing = failWrites(".pid");
  const store = await FileStore.open(path);
  await appendTo(store, SECOND);
  assertEquals(Object.keys(await contents(dir)).sort(), [
    "bets.csv",
    "bets.csv.finished",
  ]);
  await assertRejects(() => FileStore.open(path), Error, "another process");
  await store.close();
});

test("FileStore takes bets once there is room for its start", async (dir) => {
  const path = await putStore(dir, WHOLE);
  await (await FileStore.open(path)).close();
  const files: FaultFile[] = [];
  const { store, append, finished } = await openFaulty(path, {
    onFile(file) {
      files.push(file);
      if (files.length === 2) file.fail("write", { code: "ENOSPC" });
    },
  });
  assertMatch(store.stats.problem!, /No space left/);
  finished.fail("write", { code: "ENOSPC" });
  assertEquals(await append(FIRST), "stored");
  assertMatch(await append(SECOND), /No space left/);
  assertEquals(await append(SECOND), "stored");
  assertEquals(store.stats.problem, undefined);
  await store.close();
  await assertStored(path, [FIRST, SECOND]);
  await (await FileStore.open(path)).close();
});

test("FileStore confirms nothing that it could not flush", async (dir) => {
  const path = await putStore(dir, WHOLE, TORN);
  const { store, file, append } = await openFaulty(path, {
    onFile: (file) => file.fail("syncData", { code: "ENOSPC" }),
  });
  file.fail("syncData", { code: "ENOSPC" });
  assertMatch(
    await append(FIRST),
    /^Cannot flush the store to disk: No space/,
  );
  // There is still no room for a copy of the torn tail.
  using _failing = failWrites("bets.csv.torn-");
  assertEquals(await append(FIRST), "stored");
  await store.close();
});

test("FileStore.open() reads files that may not be written to", async (dir) => {
  const path = await putStore(dir, WHOLE, TORN);
  const before = await contents(dir);
  using _failing = failOpen("EROFS");
  const store = await FileStore.open(path);
  assertMatch(store.stats.problem!, /Read-only file system/);
  await appendTo(store, FIRST);
  await assertRejects(
    () => appendTo(store, SECOND),
    StorageError,
    "Read-only file system",
  );
  await store.close();
  await assertRejects(
    () => FileStore.open(`${dir}/new.csv`),
    Error,
    "Read-only file system",
  );
  assertEquals(await contents(dir), before);
});

test("FileStore.open() reads a store that is larger than the file-size limit", async (dir) => {
  const path = await putStore(dir, WHOLE);
  using limit = limitFileSize();
  const { store, append } = await openFaulty(path);
  assertMatch(store.stats.problem!, /File too large/);
  assertEquals(store.stats.bets, 3);
  for (const batch of [FIRST, SECOND]) {
    assertMatch(await append(batch), /File too large/);
  }
  limit[Symbol.dispose]();
  assertEquals(await append(FIRST), "stored");
  assertEquals(await append(SECOND), "stored");
  await store.close();
  await assertStored(path, [FIRST, SECOND]);
});

test("FileStore.open() writes to no files that it cannot share", async (dir) => {
  await Deno.chmod(dir, 0o770);
  using _failing = failChmod();
  const store = await FileStore.open(`${dir}/bets.csv`);
  assertMatch(store.stats.problem!, /Operation not permitted/);
  await store.close();
  const texts = Object.values(await contents(dir));
  assertEquals(texts.filter((text) => text !== ""), []);
});

test("FileStore creates files that only their owner may read, or the group of a shared folder", async (dir) => {
  for (const [mode, expected] of [[0o755, 0o600], [0o775, 0o660]] as const) {
    const folder = `${dir}/${mode}`;
    await Deno.mkdir(folder);
    await Deno.chmod(folder, mode);
    const path = `${folder}/bets.csv`;
    await (await FileStore.open(path)).close();
    await Deno.writeFile(path, TORN, { append: true });
    const store = await FileStore.open(path);
    const modes: Record<string, number> = {};
    for await (const { name } of Deno.readDir(folder)) {
      modes[name] = (await Deno.stat(`${folder}/${name}`)).mode! & 0o777;
    }
    await store.close();
    assertEquals(Object.keys(modes).length, 5, "with notes and a copy");
    for (const name in modes) assertEquals(modes[name], expected, name);
  }
});

/** The texts of the copies of torn tails. */
async function tornCopies(dir: string): Promise<string[]> {
  return Object.entries(await contents(dir))
    .filter(([name]) => name.includes(".torn-")).map(([, text]) => text);
}
