import { assertEquals } from "@std/assert";
import { IndexSet } from "../../../agency/index_set.ts";
import { RowsOfOthers } from "../../../agency/delivery/rows_of_others.ts";
import { newDelivery } from "../../../agency/delivery/sent_delivery.ts";
import {
  COPY,
  CORRECTED,
  Deliveries,
  FILE,
  ROWS,
} from "../../support/deliveries.ts";
import { csvOf, rows } from "../../support/rows.ts";

const OTHERS = rows(6, 50).map((row) => row.with(0, "Zoe").with(1, "Paz"));
/** Neither document nor date can be read. */
const UNREADABLE = ROWS.map((row) =>
  row.with(2, "3.09E+07").with(3, "17/03/1999")
);
const ALL = ROWS.map((_, index) => index);
const SWAPPED = ROWS.map((row) => row.with(2, row[3]!).with(3, row[2]!));
const UNSURE = (line: number) => `line ${line} is not surely one that was `;

async function sendRefused(
  files: Deliveries,
  rows = UNREADABLE,
): Promise<void> {
  const text = csvOf(rows);
  await files.send(FILE, text, { refused: ALL, copy: text });
}

const FAULTS = {
  "document nor date": UNREADABLE,
  "place of document and date": SWAPPED,
};

for (const [what, rows] of Object.entries(FAULTS)) {
  Deliveries.test(`rows without a readable ${what} are corrected in their file`, async (files) => {
    await sendRefused(files, rows);
    await files.treats(FILE, CORRECTED, { brought: ALL });
    await files.send(FILE, CORRECTED);
    assertEquals(files.open, []);
  });
}

Deliveries.test("another file at the path of one that was refused as a whole is new", async (files) => {
  await sendRefused(files);
  await files.treats(FILE, csvOf(OTHERS), {});
  await files.treats(FILE, csvOf([...ROWS, ...rows(1, 50)]), {});
});

Deliveries.test("a row that has little of the refused one at its place is asked for", async (files) => {
  await sendRefused(files);
  const doubtful = OTHERS.with(1, ROWS[1]!.with(2, "77").with(4, "99"));
  const problem = `${UNSURE(2)}refused here before; correct it in the copy`;
  await files.refuses(FILE, csvOf(doubtful), problem);
  await files.treats(FILE, csvOf(doubtful), {}, true);
});

Deliveries.test("a file with half of the refused rows is the one that was refused as a whole", async (files) => {
  await sendRefused(files);
  // Nothing can be read of the last three but that they are there.
  const text = csvOf(ROWS.slice(0, 3)) + "x\r\ny\r\n" +
    csvOf([ROWS[5]!.with(0, "Zoe").with(1, "Paz").with(4, "99")]);
  await files.treats(FILE, text, { brought: ALL });
});

Deliveries.test("what a sorted copy has stored is left out in a file that was refused as a whole", async (files) => {
  await sendRefused(files);
  await files.send(COPY, csvOf(ROWS.toReversed()));
  await files.treats(FILE, CORRECTED, { leftOut: ALL });
});

Deliveries.test("--as-new takes over the refused rows of its path", async (files) => {
  const bad = csvOf(ROWS.with(1, UNREADABLE[1]!));
  const copy = csvOf([UNREADABLE[1]!]);
  await files.send(FILE, bad, { refused: [1], copy });
  await files.treats(FILE, CORRECTED, { brought: [1] }, true);
  await files.send(FILE, CORRECTED, { isNew: true });
  await files.treats(COPY, csvOf([ROWS[1]!]), { leftOut: [0] });
});

Deliveries.test("what cannot be read in an old copy is left out once it is stored", async (files) => {
  const copy = csvOf(UNREADABLE.slice(4));
  await files.send(FILE, csvOf(ROWS.slice(0, 4)) + copy, {
    refused: [4, 5],
    copy,
  });
  await files.send(FILE, CORRECTED);
  for (const text of [csvOf([ROWS[4]!, UNREADABLE[5]!]), copy]) {
    await files.treats(COPY, text, { leftOut: [0, 1] });
  }
});

const GOOD_ROW = "Ana,Gil,30904465,1999-03-17,7574\n";
const EVA = "Eva,Paz,20123456";
const LUIS = "Luis,Sosa,1987\n";
const LUIS_GOOD = "Luis,Sosa,31222333,1987-05-25,300\n";
const MIA = "Mia,Rey,40123456,29/02/1999,16\n";
const MIA_GOOD = MIA.replace("29/02/1999", "1999-02-28");

Deliveries.test("an unreadable row of a copy that is left as it is takes no other's place", async (files) => {
  const copy = `${EVA},29/02/1999,15\n${LUIS}${MIA}`;
  await files.send(FILE, GOOD_ROW + copy, { refused: [1, 2, 3], copy });
  // The first row is left away.
  await files.send(COPY, LUIS + MIA_GOOD, { refused: [0] });
  const all = `${GOOD_ROW}${EVA},1999-02-28,15\n${LUIS_GOOD}${MIA_GOOD}`;
  await files.treats(FILE, all, { leftOut: [3], brought: [2] });
});

Deliveries.test("two bets of a person keep their places in a copy", async (files) => {
  const partial = `${EVA},1999-02-28,7a\n`;
  const first = `${EVA},1999-02-28,15\n`;
  const second = `${EVA},1999-02-28,7\n`;
  const copy = `${EVA}\n${partial}`;
  await files.send(FILE, GOOD_ROW + copy, { refused: [1, 2], copy });
  // It may be either of them.
  await files.refuses(COPY, first, `${UNSURE(1)}refused in`);
  await files.send(COPY, first + partial, { refused: [1] });
  const all = GOOD_ROW + first + second;
  await files.treats(FILE, all, { leftOut: [1], brought: [2] });
});

/** Copies with a row that may be one of several refused ones. */
const UNSURE_COPIES: Record<string, [bad: string, copy: string, line: number]> =
  {
    "one of two equal rows that cannot be read": [
      LUIS + LUIS + MIA,
      MIA + LUIS,
      2,
    ],
    "another row that cannot be read": [
      LUIS + MIA + MIA,
      `see mail\n${MIA}`,
      1,
    ],
    "rows in another order": [MIA + LUIS, LUIS_GOOD + MIA, 1],
  };

for (const [what, [copy, text, line]] of Object.entries(UNSURE_COPIES)) {
  Deliveries.test(`a copy with ${what} is not sent`, async (files) => {
    const refused = Array.from(copy.matchAll(/\n/g), (_, i) => i + 1);
    await files.send(FILE, GOOD_ROW + copy, { refused, copy });
    await files.refuses(COPY, text, `${UNSURE(line)}refused in "`);
  });
}

for (const name of [FILE, COPY]) {
  Deliveries.test(`a row may become the same bet as the next one in ${name}`, async (files) => {
    const copy = "Bea,Gil,40904465,17/03/1999,n/a\n" +
      ",Gil,40904465,1999-03-17,42\n";
    const good = "Bea,Gil,40904465,1999-03-17,42\n".repeat(2);
    await files.send(FILE, copy, { refused: [0, 1], copy });
    await files.treats(name, good, { brought: [0, 1] });
  });
}

Deliveries.test("a file that was refused as a whole is not sent with its rows elsewhere", async (files) => {
  const copy = MIA + LUIS;
  await files.send(FILE, copy, { refused: [0, 1], copy });
  const problem = `${UNSURE(1)}refused here before; correct it in the copy`;
  await files.refuses(FILE, LUIS_GOOD + MIA_GOOD + GOOD_ROW, problem);
});

Deliveries.test("any number of rows complete a copy that was cut off", (files) => {
  const count = 150_000;
  const [file, copy] = ["a", "b"].map((digit) => digit.repeat(16));
  const indexes = Array.from({ length: count }, (_, index) => index);
  const folder = files.memoryOf(1);
  folder.update({
    ...newDelivery(file!, 1),
    isComplete: true,
    records: count,
    refused: IndexSet.of(indexes),
    moved: Object.fromEntries(indexes.map((index) => [index, [copy!, index]])),
  });
  folder.update({ ...newDelivery(copy!, 1), isPart: true, begunAt: "now" });
  const others = new RowsOfOthers(
    folder,
    indexes.map((index) => ({
      index,
      place: [copy!, index],
      state: "unsure",
      key: undefined,
    })),
  );
  others.confirm(new IndexSet(), "");
  assertEquals(folder.withId(copy!)?.records, count);
  assertEquals(files.open, []);
  return Promise.resolve();
});
