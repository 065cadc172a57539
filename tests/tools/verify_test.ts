import { assertEquals, assertStringIncludes } from "@std/assert";
import { FileStore } from "../../storage.ts";
import { run, verifyStore } from "../../tools/verify.ts";
import { numberedBatch, rowsOf } from "../support/batches.ts";
import { testPrograms } from "../support/end_to_end.ts";
import { contents, testInFolder } from "../support/folder.ts";
import { startCentral, startProgram } from "../support/programs.ts";

const FIRST = rowsOf(numberedBatch(0, 3));
const SECOND = rowsOf(numberedBatch(3, 2));
const OTHER = rowsOf(numberedBatch(0, 4, { agency: 7 }));

testInFolder("verifyStore() counts what is in a good store", async (dir) => {
  const path = await putStore(dir, FIRST, OTHER, SECOND);
  assertEquals(await verifyStore(path), { bets: 9, batches: 3, agencies: 2 });
  await putStore(dir);
  assertEquals(await verifyStore(path), { bets: 0, batches: 0, agencies: 0 });
});

testInFolder("verifyStore() finds a torn tail", async (dir) => {
  const byteOffset = FIRST.length;
  for (const size of [1, 50, SECOND.length - 1]) {
    const path = await putStore(dir, FIRST, SECOND.subarray(0, size));
    const { fault, ...counts } = await verifyStore(path);
    assertEquals(counts, { bets: 3, batches: 1, agencies: 1 });
    assertEquals(fault?.byteOffset, byteOffset);
    assertStringIncludes(
      fault!.problem,
      `after byte ${byteOffset}: a torn tail of ${size} bytes`,
    );
  }
});

testInFolder("verifyStore() finds damage in the middle", async (dir) => {
  const byteOffset = FIRST.length;
  for (const at of [0, 10, SECOND.length - 2]) {
    const damaged = SECOND.with(at, SECOND[at]! ^ 1);
    const path = await putStore(dir, FIRST, damaged, OTHER);
    const { fault, ...counts } = await verifyStore(path);
    assertEquals(counts, { bets: 3, batches: 1, agencies: 1 });
    assertEquals(fault?.byteOffset, byteOffset);
    assertStringIncludes(fault!.problem, `damage at byte ${byteOffset}`);
  }
});

testInFolder("verifyStore() finds a bet that is stored twice", async (dir) => {
  for (const again of [SECOND, rowsOf(numberedBatch(4, 2))]) {
    const path = await putStore(dir, FIRST, SECOND, OTHER, again);
    const { fault } = await verifyStore(path);
    assertEquals(
      fault?.byteOffset,
      FIRST.length + SECOND.length + OTHER.length,
    );
    assertStringIncludes(fault!.problem, "stored before");
  }
});

testInFolder("verifyStore() changes nothing in the folder", async (dir) => {
  const torn = SECOND.subarray(0, 50);
  const path = await putStore(dir, FIRST, torn);
  await Deno.chmod(path, 0o400);
  const before = await contents(dir);
  await verifyStore(path);
  assertEquals(await contents(dir), before);
  assertEquals(Object.keys(before), ["bets.csv"]);
});

testInFolder("verifyStore() lets two look at once", async (dir) => {
  const path = await putStore(dir, FIRST);
  using held = await Deno.open(path);
  await held.lock(false);
  assertEquals((await verifyStore(path)).bets, 3);
});

testInFolder("run() prints what it found and what is wrong", async (dir) => {
  const path = await putStore(dir, FIRST, OTHER);
  const head = [`store: ${path}`, "bets: 7", "batches: 2", "agencies: 2"];
  assertEquals(await run([path]), {
    lines: [...head, "first bad byte: none"],
  });
  await putStore(dir, FIRST, OTHER, SECOND.subarray(0, -1));
  const { lines, problem } = await run([path]);
  const byteOffset = FIRST.length + OTHER.length;
  assertEquals(lines, [...head, `first bad byte: ${byteOffset}`]);
  assertStringIncludes(problem!, `byte ${byteOffset}: a torn tail of `);
});

testInFolder("run() says who holds a store", async (dir) => {
  const path = `${dir}/bets.csv`;
  const store = await FileStore.open(path);
  try {
    const { lines, problem } = await run([path]);
    assertEquals(lines, []);
    assertStringIncludes(problem!, `"${path}": it is held by process`);
    assertStringIncludes(problem!, String(Deno.pid));
  } finally {
    await store.close();
  }
  assertEquals((await run([path])).problem, undefined);
});

testInFolder("run() says what cannot be read", async (dir) => {
  assertEquals(await run([`${dir}/none.csv`]), {
    lines: [],
    problem: `Cannot verify store "${dir}/none.csv": it is not there`,
  });
  const { problem } = await run([dir]);
  assertStringIncludes(problem!, `Cannot verify store "${dir}": `);
  assertEquals(Object.keys(await contents(dir)), []);
});

testPrograms(
  "deno task verify exits 0 for a good store, else 1",
  async (dir) => {
    const path = await putStore(dir, FIRST, SECOND);
    const env = { SERVER_STORE_FILE: path };
    const good = await startProgram("verify", env).ending();
    assertEquals(good.code, 0, good.stderr);
    assertStringIncludes(good.stdout, `store: ${path}\nbets: 5\nbatches: 2\n`);
    assertEquals(good.stderr, "");

    await using central = await startCentral(path);
    const held = await startProgram("verify", env).ending();
    assertEquals(held.code, 1);
    assertStringIncludes(held.stderr, `held by process ${central.pid}\n`);
    await central.stop();

    await putStore(dir, FIRST, SECOND.subarray(0, -1), OTHER);
    const bad = await startProgram("verify", {}, [path]).ending();
    assertEquals(bad.code, 1);
    assertStringIncludes(bad.stdout, `first bad byte: ${FIRST.length}\n`);
    assertStringIncludes(bad.stderr, `damage at byte ${FIRST.length}`);
  },
);

/** Writes a store, and gives its path. */
async function putStore(
  dir: string,
  ...parts: Uint8Array<ArrayBuffer>[]
): Promise<string> {
  const path = `${dir}/bets.csv`;
  await Deno.writeFile(path, new Uint8Array(await new Blob(parts).bytes()));
  return path;
}
