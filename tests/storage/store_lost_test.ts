import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { FileStore, StorageError } from "../../storage.ts";
import { numberedBatch } from "../support/batches.ts";
import { within } from "../support/deadline.ts";
import { testInFolder } from "../support/folder.ts";

/** What an operator may do to the file of an open store. */
const LOSSES: Record<string, [(path: string) => Promise<void>, RegExp]> = {
  removed: [(path) => Deno.remove(path), /No such file/],
  replaced: [
    async (path) => {
      await Deno.rename(path, `${path}.1`);
      await Deno.writeTextFile(path, "");
    },
    /another file has its name now/,
  ],
  truncated: [(path) => Deno.truncate(path, 0), /it has \d+ bytes, not the/],
  "appended to": [
    (path) => Deno.writeTextFile(path, "x", { append: true }),
    /it has \d+ bytes, not the/,
  ],
};

for (const [name, [lose, reason]] of Object.entries(LOSSES)) {
  testInFolder(
    `Store.append() stores nothing in a file that was ${name}`,
    async (dir) => {
      const path = `${dir}/bets.csv`;
      const store = await FileStore.open(path);
      await store.append(numberedBatch(0, 3));
      await lose(path);
      for (const batch of [numberedBatch(3, 2), numberedBatch(0, 3)]) {
        const error = await assertRejects(
          () => store.append(batch),
          StorageError,
        );
        assertMatch(error.message, reason);
        assertEquals(store.has(batch), false);
      }
      const before = await contents(dir);
      assertMatch((await within(store.lost, () => "not lost")).message, reason);
      await store.close();
      assertEquals(await contents(dir), before, "the files are left alone");
    },
  );
}

testInFolder(
  "Store.lost reports a removed file without a batch",
  async (dir) => {
    const store = await FileStore.open(`${dir}/bets.csv`);
    await Deno.remove(`${dir}/bets.csv`);
    const { message } = await within(store.lost, () => "not lost");
    assertMatch(message, /^Cannot trust the store: No such file/);
    await store.close();
  },
);

/** The text of each file of a folder, without the files of process ids. */
async function contents(dir: string): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for await (const { name } of Deno.readDir(dir)) {
    if (name.endsWith(".pid")) continue;
    texts[name] = await Deno.readTextFile(`${dir}/${name}`);
  }
  return texts;
}
