import { assertEquals, assertRejects } from "@std/assert";
import { FileStore, StoreMismatchError } from "../../../storage/mod.ts";
import { appendTo, numberedBatch, rowsAt } from "../../support/batches.ts";
import { contents, testInFolder as test } from "../../support/folder.ts";

type Contents = Record<string, string>;

/** Opens a store, uses it and closes it. Returns its files. */
async function use(
  path: string,
  fn: (store: FileStore) => Promise<unknown>,
  drawAgencies = 0,
): Promise<Contents> {
  {
    await using store = await FileStore.open(path, { drawAgencies });
    await fn(store);
  }
  return await contents(path.replace(/[^/]*$/, ""));
}

function append(
  index: number,
  agency = 1,
): (store: FileStore) => Promise<unknown> {
  return (store) => appendTo(store, numberedBatch(index, 3, { agency }));
}

/** Asserts that a start on these files refuses, and changes nothing. */
async function assertRefused(
  dir: string,
  files: Contents,
  reason: string,
  drawAgencies = 0,
): Promise<void> {
  for (const name of Object.keys(await contents(dir))) {
    await Deno.remove(`${dir}/${name}`);
  }
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${dir}/${name}`, text);
  }
  for (let times = 0; times < 2; times++) {
    await assertRejects(
      () => FileStore.open(`${dir}/bets.csv`, { drawAgencies }),
      StoreMismatchError,
      reason,
    );
  }
  assertEquals(await contents(dir), files);
}

/** Both files, each from one of two states of a store. */
function mixed(bets: Contents, finished: Contents): Contents {
  return {
    "bets.csv": bets["bets.csv"]!,
    "bets.csv.finished": finished["bets.csv.finished"]!,
  };
}

test("FileStore.open() refuses a file without the other", async (dir) => {
  const path = `${dir}/bets.csv`;
  const store = await use(path, append(0));
  const bets = { "bets.csv": store["bets.csv"]! };
  const finished = store["bets.csv.finished"]!;
  const cut = { ...bets, "bets.csv.finished": finished.slice(0, 20) };
  const cases: [Contents, string][] = [
    [bets, '.finished" is missing'],
    [{ ...bets, "bets.csv.finished": "" }, '.finished" has no record'],
    [cut, '.finished" has no record'],
    [{ "bets.csv.finished": finished }, 'bets.csv" is missing'],
    [{ ...store, "bets.csv": "" }, "the bets file has 0 bytes"],
  ];
  for (const [files, reason] of cases) await assertRefused(dir, files, reason);
});

test("FileStore.open() refuses files of different times", async (dir) => {
  const path = `${dir}/bets.csv`;
  const first = await use(path, append(0));
  const second = await use(path, append(3));
  const third = await use(path, async (store) => {
    await append(6)(store);
    await store.finish(1);
  });
  const reason = "do not belong together: the bets file has";
  await assertRefused(dir, mixed(second, first), reason);
  await assertRefused(dir, mixed(third, first), reason);
  await assertRefused(dir, mixed(first, third), reason);
  await assertRefused(dir, mixed(second, third), reason);
});

test("FileStore.open() refuses files of different stores", async (dir) => {
  const one = await use(`${dir}/bets.csv`, append(0));
  await Deno.remove(`${dir}/bets.csv`);
  await Deno.remove(`${dir}/bets.csv.finished`);
  const other = await use(`${dir}/bets.csv`, append(0, 2));
  const reason = "the bets file had other bets before byte";
  await assertRefused(dir, mixed(one, other), reason);
  await assertRefused(dir, mixed(other, one), reason);
});

test("FileStore.open() refuses another number of agencies than the draw's", async (dir) => {
  const path = `${dir}/bets.csv`;
  const early = await use(path, async (store) => {
    await append(0)(store);
    await store.finish(1);
  }, 2);
  const held = await use(path, async (store) => {
    await append(0, 2)(store);
    await store.finish(2);
    assertEquals(await store.draw.held, "here");
  }, 2);
  for (const agencies of [0, 1, 3]) {
    const reason = `was held with 2 agencies, but draw.agencies is ${agencies}`;
    await assertRefused(dir, held, reason, agencies);
  }
  // A killed central has written no stop.
  const bets = held["bets.csv"]!;
  const size = new TextEncoder().encode(bets).length;
  const more = rowsAt(size, [numberedBatch(9, 1)]);
  const finished = held["bets.csv.finished"]!.replace(/stop.*\n$/, "");
  await assertRefused(
    dir,
    {
      "bets.csv": bets + new TextDecoder().decode(more),
      "bets.csv.finished": finished,
    },
    "do not belong together: the bets file has",
    2,
  );
  // The draw does not open again with an older finished file.
  await assertRefused(dir, mixed(held, early), "do not belong together", 2);
  for (const [name, text] of Object.entries(held)) {
    await Deno.writeTextFile(`${dir}/${name}`, text);
  }
  await use(path, async (store) => {
    assertEquals(await store.draw.held, "earlier");
  }, 2);
});

test("FileStore.open() holds a draw that was not recorded", async (dir) => {
  const path = `${dir}/bets.csv`;
  const before = await use(path, async (store) => {
    await append(0)(store);
    await store.finish(1);
  });
  assertEquals(before["bets.csv.finished"]!.includes("draw,"), false);
  const after = await use(path, async (store) => {
    assertEquals(store.draw.isHeld, true);
    await assertRejects(
      () => append(3)(store),
      Error,
      "the draw has been held",
    );
  }, 1);
  const events = after["bets.csv.finished"]!.match(/^[a-z]+/gm);
  assertEquals(events, ["start", "finish", "stop", "draw"]);
});

test("FileStore.open() begins a store again whose creation was cut off", async (dir) => {
  const path = `${dir}/bets.csv`;
  const whole =
    (await use(path, () => Promise.resolve()))["bets.csv.finished"]!;
  const start = whole.slice(0, whole.indexOf("\n") + 1);
  for (const finished of [undefined, "", start.slice(0, 10), start]) {
    await Deno.writeTextFile(path, "");
    if (finished === undefined) await Deno.remove(`${path}.finished`);
    else await Deno.writeTextFile(`${path}.finished`, finished);
    await use(path, append(0));
    await using store = await FileStore.open(path);
    assertEquals(store.stats.bets, 3);
  }
});
