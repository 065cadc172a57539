import { assertEquals, assertStringIncludes } from "@std/assert";
import { FileStore } from "../../storage/mod.ts";
import { run } from "../../tools/verify.ts";
import { numberedBatch, putStore, rowsAt, rowsOf } from "../support/batches.ts";
import {
  startCentral,
  startProgram,
  testPrograms,
} from "../support/programs.ts";
import { contents, testInFolder as test } from "../support/folder.ts";

const FIRST = rowsOf(numberedBatch(0, 3));
const OTHER = rowsAt(FIRST.length, [numberedBatch(0, 4, { agency: 7 })]);
const THIRD = rowsAt(FIRST.length + OTHER.length, [numberedBatch(3, 2)]);

test("run() prints what it found and what is wrong", async (dir) => {
  const path = await putStore(dir, FIRST, OTHER);
  const head = [`store: ${path}`, "bets: 7", "batches: 2", "agencies: 2"]
    .concat(["finished: 0", "draw: not held"]);
  assertEquals(await run([path]), { lines: [...head, "first bad byte: none"] });
  await putStore(dir, FIRST, OTHER, THIRD.subarray(0, -1));
  const { lines, problem } = await run([path]);
  const byteOffset = FIRST.length + OTHER.length;
  assertEquals(lines, [...head, `first bad byte: ${byteOffset}`]);
  assertStringIncludes(problem!, `byte ${byteOffset}: a torn tail of `);
  await Deno.remove(`${path}.finished`);
  const other = await run([path]);
  assertEquals(other.lines.at(-1), "first bad byte: not known");
  assertStringIncludes(other.problem!, `is missing, but "${path}" has bets`);
});

test("run() names the holder of a store", async (dir) => {
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

test("run() reports a store that cannot be read", async (dir) => {
  assertEquals(await run([`${dir}/none.csv`]), {
    lines: [],
    problem: `Cannot verify store "${dir}/none.csv": it does not exist`,
  });
  const { problem } = await run([dir]);
  assertStringIncludes(problem!, `Cannot verify store "${dir}": `);
  assertEquals(Object.keys(await contents(dir)), []);
});

testPrograms(
  "deno task verify exits 0 for a good store, else 1",
  async (dir) => {
    const path = await putStore(dir, FIRST, OTHER);
    const env = { SERVER_STORE_FILE: path };
    const good = await startProgram("verify", env).ending();
    assertEquals(good.code, 0, good.stderr);
    assertStringIncludes(good.stdout, `store: ${path}\nbets: 7\nbatches: 2\n`);
    assertEquals(good.stderr, "");

    await using central = await startCentral(path);
    const held = await startProgram("verify", env).ending();
    assertEquals(held.code, 1);
    assertStringIncludes(
      held.stderr,
      `held by process ${central.pid}; stop it, or`,
    );
    await central.stop();

    await putStore(dir, FIRST, OTHER.subarray(1), THIRD);
    const bad = await startProgram("verify", {}, [path]).ending();
    assertEquals(bad.code, 1);
    assertStringIncludes(bad.stdout, `first bad byte: ${FIRST.length}\n`);
    assertStringIncludes(bad.stderr, `damage at byte ${FIRST.length}`);
  },
);
