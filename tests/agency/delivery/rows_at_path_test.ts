import { assertEquals, assertRejects } from "@std/assert";
import { openFile } from "../../../agency/delivered_file.ts";
import { identify } from "../../../agency/delivery/identify.ts";
import { IndexSet } from "../../../agency/index_set.ts";
import { RowsOfOthers } from "../../../agency/delivery/rows_of_others.ts";
import { newDelivery } from "../../../agency/delivery/sent_delivery.ts";
import { SentFolder } from "../../../agency/delivery/sent_folder.ts";
import { ProgramError } from "../../../program/errors.ts";
import { COPY, ROWS, send } from "../../support/deliveries.ts";
import { testInFolder } from "../../support/folder.ts";
import { csvOf, rows } from "../../support/rows.ts";

const OTHERS = rows(6, 50).map((row) => row.with(0, "Zoe").with(1, "Paz"));
/** Neither document nor date can be read. */
const UNREADABLE = ROWS.map((row) =>
  row.with(2, "3.09E+07").with(3, "17/03/1999")
);
const TEXT = csvOf(UNREADABLE);
const ALL = ROWS.map((_, index) => index);

/** Which rows would be left out, and which bring refused ones. */
async function lookAt(
  dir: string,
  text: string,
  { name = "a.csv", isNew = false } = {},
): Promise<{ leftOut: number[]; brought: number[] }> {
  const path = `${dir}/${name}`;
  await Deno.writeTextFile(path, text);
  using file = await openFile(path, {});
  const folder = new SentFolder(`${dir}/sent`, 1);
  const { others } = await identify(file, folder, isNew);
  return {
    leftOut: others.leftOut.values(),
    brought: others.brought.map(({ index }) => index),
  };
}

const SWAPPED = ROWS.map((row) => row.with(2, row[3]!).with(3, row[2]!));

for (
  const [what, text] of Object.entries({
    "document nor date": TEXT,
    "place of document and date": csvOf(SWAPPED),
  })
) {
  testInFolder(
    `rows without a readable ${what} are corrected in their file`,
    async (dir) => {
      await send(dir, text, { refused: ALL, copy: text });
      assertEquals(await lookAt(dir, csvOf(ROWS)), {
        leftOut: [],
        brought: ALL,
      });
      await send(dir, csvOf(ROWS));
      const folder = new SentFolder(`${dir}/sent`, 1);
      assertEquals(folder.openBut({ id: "" }), []);
    },
  );
}

testInFolder(
  "another file at the path of one that was refused as a whole is new",
  async (dir) => {
    await send(dir, TEXT, { refused: ALL, copy: TEXT });
    const none = { leftOut: [], brought: [] };
    assertEquals(await lookAt(dir, csvOf(OTHERS)), none);
    assertEquals(await lookAt(dir, csvOf([...ROWS, ...rows(1, 50)])), none);
  },
);

testInFolder(
  "a row that has little of the refused one at its place is asked for",
  async (dir) => {
    await send(dir, TEXT, { refused: ALL, copy: TEXT });
    const doubtful = csvOf(
      OTHERS.with(1, ROWS[1]!.with(2, "77").with(4, "99")),
    );
    await assertRejects(
      () => lookAt(dir, doubtful),
      ProgramError,
      "line 2 is not surely one that was refused here before; correct it in the copy",
    );
    assertEquals(await lookAt(dir, doubtful, { isNew: true }), {
      leftOut: [],
      brought: [],
    });
  },
);

testInFolder(
  "a file with half of the refused rows is the one that was refused as a whole",
  async (dir) => {
    await send(dir, TEXT, { refused: ALL, copy: TEXT });
    // Nothing can be read of the last three but that they are there.
    const text = csvOf(ROWS.slice(0, 3)) + "x\r\ny\r\n" +
      csvOf([ROWS[5]!.with(0, "Zoe").with(1, "Paz").with(4, "99")]);
    assertEquals((await lookAt(dir, text)).brought.toSorted(), ALL);
  },
);

testInFolder(
  "--as-new takes over the refused rows of its path",
  async (dir) => {
    const bad = csvOf(ROWS.with(1, UNREADABLE[1]!));
    const copy = csvOf([UNREADABLE[1]!]);
    await send(dir, bad, { refused: [1], copy });
    const { brought } = await lookAt(dir, csvOf(ROWS), { isNew: true });
    assertEquals(brought, [1]);
    await send(dir, csvOf(ROWS), { isNew: true });
    const { leftOut } = await lookAt(dir, csvOf([ROWS[1]!]), { name: COPY });
    assertEquals(leftOut, [0]);
  },
);

testInFolder(
  "what cannot be read in an old copy is left out once it is stored",
  async (dir) => {
    const bad = csvOf([...ROWS.slice(0, 4), ...UNREADABLE.slice(4)]);
    const copy = csvOf(UNREADABLE.slice(4));
    await send(dir, bad, { refused: [4, 5], copy });
    await send(dir, csvOf(ROWS));
    const half = csvOf([ROWS[4]!, UNREADABLE[5]!]);
    assertEquals((await lookAt(dir, half, { name: COPY })).leftOut, [0, 1]);
    assertEquals((await lookAt(dir, copy, { name: COPY })).leftOut, [0, 1]);
  },
);

testInFolder("any number of rows complete a copy that was cut off", (dir) => {
  const count = 150_000;
  const [file, copy] = ["a", "b"].map((digit) => digit.repeat(16));
  const indexes = Array.from({ length: count }, (_, index) => index);
  const folder = new SentFolder(dir, 1);
  folder.update({
    ...newDelivery(file!, 1),
    isComplete: true,
    records: count,
    refused: `0-${count - 1}`,
    moved: Object.fromEntries(indexes.map((index) => [index, [copy!, index]])),
  });
  folder.update({ ...newDelivery(copy!, 1), isPart: true, begunAt: "now" });
  const others = new RowsOfOthers(
    folder,
    indexes.map((index) => ({
      index,
      place: [copy!, index],
      isStored: true,
      key: undefined,
    })),
  );
  others.confirm(new IndexSet());
  assertEquals(folder.withId(copy!)?.records, count);
  assertEquals(folder.openBut({ id: "" }), []);
  return Promise.resolve();
});
