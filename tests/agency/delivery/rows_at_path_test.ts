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

const GOOD_ROW = "Ana,Gil,30904465,1999-03-17,7574\n";
const EVA = "Eva,Paz,20123456";
const LUIS = "Luis,Sosa,1987\n";
const MIA = "Mia,Rey,40123456,29/02/1999,16\n";
const MIA_GOOD = MIA.replace("29/02/1999", "1999-02-28");

testInFolder(
  "an unreadable row of a copy that is left as it is takes no other's place",
  async (dir) => {
    const bad = `${EVA},29/02/1999,15\n${LUIS}${MIA}`;
    await send(dir, GOOD_ROW + bad, { refused: [1, 2, 3], copy: bad });
    // The first row is left away.
    await send(dir, LUIS + MIA_GOOD, { name: COPY, refused: [0] });
    const luis = "Luis,Sosa,31222333,1987-05-25,300\n";
    const all = `${GOOD_ROW}${EVA},1999-02-28,15\n${luis}${MIA_GOOD}`;
    assertEquals(await lookAt(dir, all), { leftOut: [3], brought: [2] });
  },
);

testInFolder(
  "two bets of a person keep their places in a copy",
  async (dir) => {
    const [rough, partial] = [`${EVA}\n`, `${EVA},1999-02-28,7a\n`];
    const first = `${EVA},1999-02-28,15\n`;
    const second = `${EVA},1999-02-28,7\n`;
    const bad = rough + partial;
    await send(dir, GOOD_ROW + bad, { refused: [1, 2], copy: bad });
    // It may be either of them.
    await assertRejects(
      () => lookAt(dir, first, { name: COPY }),
      ProgramError,
      "the bet of line 1 is not surely one that was refused in",
    );
    await send(dir, first + partial, { name: COPY, refused: [1] });
    const { leftOut, brought } = await lookAt(dir, GOOD_ROW + first + second);
    assertEquals({ leftOut, brought }, { leftOut: [1], brought: [2] });
  },
);

/** Copies with a row that may be one of several refused ones. */
const UNSURE: Record<string, [refused: string, copy: string, line: number]> = {
  "one of two equal rows that cannot be read": [
    LUIS + LUIS + MIA,
    MIA + LUIS,
    2,
  ],
  "another row that cannot be read": [LUIS + MIA + MIA, `see mail\n${MIA}`, 1],
  "rows in another order": [
    MIA + LUIS,
    `Luis,Sosa,31222333,1987-05-25,300\n${MIA}`,
    1,
  ],
};

for (const [what, [bad, copy, line]] of Object.entries(UNSURE)) {
  testInFolder(`a copy with ${what} is not sent`, async (dir) => {
    const refused = Array.from(bad.matchAll(/\n/g), (_, i) => i + 1);
    await send(dir, GOOD_ROW + bad, { refused, copy: bad });
    await assertRejects(
      () => lookAt(dir, copy, { name: COPY }),
      ProgramError,
      `the bet of line ${line} is not surely one that was refused in "`,
    );
  });
}

for (const name of ["a.csv", COPY]) {
  testInFolder(
    `a row may become the same bet as the next one in ${name}`,
    async (dir) => {
      const bad = "Bea,Gil,40904465,17/03/1999,n/a\n" +
        ",Gil,40904465,1999-03-17,42\n";
      const good = "Bea,Gil,40904465,1999-03-17,42\n".repeat(2);
      await send(dir, bad, { refused: [0, 1], copy: bad });
      const all = { leftOut: [], brought: [0, 1] };
      assertEquals(await lookAt(dir, good, { name }), all);
    },
  );
}

testInFolder(
  "what a sorted copy has stored is left out in a file that was refused as a whole",
  async (dir) => {
    await send(dir, TEXT, { refused: ALL, copy: TEXT });
    await send(dir, csvOf(ROWS.toReversed()), { name: COPY });
    const all = { leftOut: ALL, brought: [] };
    assertEquals(await lookAt(dir, csvOf(ROWS)), all);
  },
);

testInFolder(
  "a file that was refused as a whole is not sent with its rows elsewhere",
  async (dir) => {
    const bad = MIA + LUIS;
    await send(dir, bad, { refused: [0, 1], copy: bad });
    const luis = "Luis,Sosa,31222333,1987-05-25,300\n";
    await assertRejects(
      () => lookAt(dir, luis + MIA_GOOD + GOOD_ROW),
      ProgramError,
      "the bet of line 1 is not surely one that was refused here before; correct it in the copy",
    );
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
  others.confirm(new IndexSet(), "");
  assertEquals(folder.withId(copy!)?.records, count);
  assertEquals(folder.openBut({ id: "" }), []);
  return Promise.resolve();
});
