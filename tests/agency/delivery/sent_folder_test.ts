import { assertEquals } from "@std/assert";
import {
  newDelivery,
  type SentDelivery,
} from "../../../agency/delivery/sent_delivery.ts";
import { RunStart } from "../../../agency/delivery/run_start.ts";
import { SentFolder } from "../../../agency/delivery/sent_folder.ts";
import { replace } from "../../support/replaced.ts";
import { contents, testInFolder as test } from "../../support/folder.ts";

const ID = "0123456789abcdef";
const OTHER = { id: "fedcba9876543210" };
const BEGUN = { ...newDelivery(ID, 1), begunAt: new Date(0).toISOString() };
const COMPLETE = { ...BEGUN, begunAt: undefined, isComplete: true };

/** The entries' texts, by their names. */
async function entriesOf(path: string): Promise<Record<string, string>> {
  const files = Object.entries(await contents(path));
  return Object.fromEntries(files.filter(([name]) => name.endsWith(".json")));
}

test("SentFolder reads the later of two entries that a killed run has left", async (dir) => {
  for (const [name, later] of Object.entries({ BEGUN, COMPLETE })) {
    const path = `${dir}/${name}`;
    const folder = new SentFolder(path, 1);
    const update = (entry: SentDelivery) => folder.change(entry, () => entry);
    update(later === BEGUN ? COMPLETE : BEGUN);
    const [[entry, text] = []] = Object.entries(await entriesOf(path));
    update(later);
    await Deno.writeTextFile(`${path}/${entry}`, text!);
    assertEquals(folder.withId(ID)?.isComplete, later.isComplete);
    const open = folder.otherOpen(OTHER);
    assertEquals(open.length, later === BEGUN ? 1 : 0);
    // The next one replaces both.
    update(later);
    assertEquals(Object.keys(await entriesOf(path)).length, 1);
  }
});

test("SentFolder.otherOpen() names a file whose run begins while it looks", async (dir) => {
  const file = await Deno.realPath(dir) + "/a.csv";
  await Deno.writeTextFile(file, "");
  const sent = `${dir}/sent`;
  const folder = new SentFolder(sent, 1);
  folder.change({ ...BEGUN, path: file }, (last) => last);
  const [[name, text] = []] = Object.entries(await entriesOf(sent));
  await Deno.remove(`${sent}/${name}`);
  const start = new RunStart(sent, 1);
  await start.mark(file);
  using _listing = afterListing(() => {
    Deno.writeTextFileSync(`${sent}/${name}`, text!);
    start.end();
  });
  const open = folder.otherOpen(OTHER);
  assertEquals(open.map(({ path }) => path), [file]);
});

/** Calls once, after the first listing of a folder. */
function afterListing(call: () => void): Disposable {
  const { readDirSync } = Deno;
  let isListed = false;
  return replace(Deno, {
    readDirSync(path): Iterable<Deno.DirEntry> {
      const files = [...readDirSync(path)];
      if (!isListed) call();
      isListed = true;
      return files;
    },
  });
}

test("SentFolder finds an entry that another run renames", (dir) => {
  const folder = new SentFolder(dir, 1);
  folder.change(BEGUN, (last) => last);
  const { readTextFileSync } = Deno;
  using _reading = replace(Deno, {
    readTextFileSync(path): string {
      renameAsOtherRun(dir, `${path}`);
      return readTextFileSync(path);
    },
  });
  assertEquals(folder.withId(ID)?.id, ID);
  assertEquals(folder.otherOpen(OTHER).length, 1);
  return Promise.resolve();
});

/** Does nothing while the folder is locked, when a run would wait. */
function renameAsOtherRun(dir: string, path: string): void {
  using lock = Deno.openSync(`${dir}/agency-1-lock`, {
    write: true,
    create: true,
  });
  if (!lock.tryLockSync(true)) return;
  Deno.renameSync(path, path.replace(/(-refused)?-open/, "-refused-open"));
}
