import { assertEquals } from "@std/assert";
import { IndexSet } from "../../../agency/index_set.ts";
import { RowsOfOthers } from "../../../agency/delivery/rows_of_others.ts";
import {
  newDelivery,
  type SentDelivery,
} from "../../../agency/delivery/sent_delivery.ts";
import { COPY, CORRECTED, Desk, FILE, ROWS } from "../../support/desk.ts";
import type { BetRow } from "../../support/frames.ts";
import { csvOf, rows } from "../../support/rows.ts";

const OTHERS = rows(6, 50).map((row) => row.with(0, "Zoe").with(1, "Paz"));
/** Rows with invalid documents and dates. */
const UNREADABLE = ROWS.map((row) =>
  row.with(2, "3.09E+07").with(3, "17/03/1999")
);
const ALL = ROWS.map((_, index) => index);
const SWAPPED = ROWS.map((row) => row.with(2, row[3]!).with(3, row[2]!));
const unmatched = (line: number) =>
  `line ${line} cannot be matched to a row that was `;

async function sendRefused(
  desk: Desk,
  rows = UNREADABLE,
): Promise<void> {
  const text = csvOf(rows);
  await desk.deliver(FILE, text, { copy: text });
}

const FAULTS = {
  "document nor date": UNREADABLE,
  "place of document and date": SWAPPED,
};

for (const [what, rows] of Object.entries(FAULTS)) {
  Desk.test(`findRowsAtPath() matches rows without a valid ${what} in their file`, async (desk) => {
    await sendRefused(desk, rows);
    await desk.treats(FILE, CORRECTED, { brought: ALL });
    await desk.deliver(FILE, CORRECTED);
    assertEquals(desk.open, []);
  });
}

Desk.test("findRowsAtPath() finds nothing in another file at the path of one whose rows were all refused", async (desk) => {
  await sendRefused(desk);
  await desk.treats(FILE, csvOf(OTHERS), {});
  await desk.treats(FILE, csvOf([...ROWS, ...rows(1, 50)]), {});
});

Desk.test("findRowsAtPath() does not match a row that shares one field with an unreadable one", async (desk) => {
  await sendRefused(desk);
  const doubtful = OTHERS.with(1, ROWS[1]!.with(2, "77").with(4, "99"));
  const problem = `${unmatched(2)}refused here before; correct it in the copy`;
  await desk.refuses(FILE, csvOf(doubtful), problem);
  await desk.treats(FILE, csvOf(doubtful), {}, true);
});

Desk.test("findRowsAtPath() matches all rows by position if half of them match otherwise", async (desk) => {
  await sendRefused(desk);
  // The last three rows match by nothing but their position.
  const text = csvOf(ROWS.slice(0, 3)) + "x\r\ny\r\n" +
    csvOf([ROWS[5]!.with(0, "Zoe").with(1, "Paz").with(4, "99")]);
  await desk.treats(FILE, text, { brought: ALL });
});

Desk.test("findRowsAtPath() matches rows that a reordered copy has stored", async (desk) => {
  await sendRefused(desk);
  await desk.deliver(COPY, csvOf(ROWS.toReversed()));
  await desk.treats(FILE, CORRECTED, { leftOut: ALL });
});

Desk.test("findRowsAtPath() matches the refused rows of a file that is sent as new", async (desk) => {
  const bad = csvOf(ROWS.with(1, UNREADABLE[1]!));
  const copy = csvOf([UNREADABLE[1]!]);
  await desk.deliver(FILE, bad, { copy });
  await desk.treats(FILE, CORRECTED, { brought: [1] }, true);
  await desk.deliver(FILE, CORRECTED, { isNew: true });
  await desk.treats(COPY, csvOf([ROWS[1]!]), { leftOut: [0] });
});

Desk.test("findRowsAtPath() matches the unreadable rows of an old copy after their correction", async (desk) => {
  const copy = csvOf(UNREADABLE.slice(4));
  await desk.deliver(FILE, csvOf(ROWS.slice(0, 4)) + copy, {
    copy,
  });
  await desk.deliver(FILE, CORRECTED);
  for (const text of [csvOf([ROWS[4]!, UNREADABLE[5]!]), copy]) {
    await desk.treats(COPY, text, { leftOut: [0, 1] });
  }
});

const GOOD_ROW = "Ana,Gil,30904465,1999-03-17,7574\n";
const EVA = "Eva,Paz,20123456";
const LUIS = "Luis,Sosa,1987\n";
const LUIS_GOOD = "Luis,Sosa,31222333,1987-05-25,300\n";
const MIA = "Mia,Rey,40123456,29/02/1999,16\n";
const MIA_GOOD = MIA.replace("29/02/1999", "1999-02-28");

Desk.test("findRowsAtPath() matches an unchanged unreadable row to itself, at any position", async (desk) => {
  const copy = `${EVA},29/02/1999,15\n${LUIS}${MIA}`;
  await desk.deliver(FILE, GOOD_ROW + copy, { copy });
  // Without the first row.
  await desk.deliver(COPY, LUIS + MIA_GOOD);
  const all = `${GOOD_ROW}${EVA},1999-02-28,15\n${LUIS_GOOD}${MIA_GOOD}`;
  await desk.treats(FILE, all, { leftOut: [3], brought: [2] });
});

Desk.test("findRowsAtPath() matches two bets of one person by position", async (desk) => {
  const partial = `${EVA},1999-02-28,7a\n`;
  const first = `${EVA},1999-02-28,15\n`;
  const second = `${EVA},1999-02-28,7\n`;
  const copy = `${EVA}\n${partial}`;
  await desk.deliver(FILE, GOOD_ROW + copy, { copy });
  // It may be the correction of either row.
  await desk.refuses(COPY, first, `${unmatched(1)}refused in`);
  await desk.deliver(COPY, first + partial);
  const all = GOOD_ROW + first + second;
  await desk.treats(FILE, all, { leftOut: [1], brought: [2] });
});

/** Refused rows, copies of them, and the line that may be several of these rows. */
const UNMATCHED_COPIES: Record<
  string,
  [bad: string, copy: string, line: number]
> = {
  "one of two equal unreadable rows": [
    LUIS + LUIS + MIA,
    MIA + LUIS,
    2,
  ],
  "a new unreadable row": [
    LUIS + MIA + MIA,
    `see mail\n${MIA}`,
    1,
  ],
  "rows in another order": [MIA + LUIS, LUIS_GOOD + MIA, 1],
};

for (const [what, [copy, text, line]] of Object.entries(UNMATCHED_COPIES)) {
  Desk.test(`findRowsAtPath() does not match a copy with ${what}`, async (desk) => {
    await desk.deliver(FILE, GOOD_ROW + copy, { copy });
    await desk.refuses(COPY, text, `${unmatched(line)}refused in "`);
  });
}

for (const name of [FILE, COPY]) {
  Desk.test(`findRowsAtPath() matches two rows that become the same bet in ${name}`, async (desk) => {
    const copy = "Bea,Gil,40904465,17/03/1999,n/a\n" +
      ",Gil,40904465,1999-03-17,42\n";
    const good = "Bea,Gil,40904465,1999-03-17,42\n".repeat(2);
    await desk.deliver(FILE, copy, { copy });
    await desk.treats(name, good, { brought: [0, 1] });
  });
}

Desk.test("findRowsAtPath() does not match moved rows in a file whose rows were all refused", async (desk) => {
  const copy = MIA + LUIS;
  await desk.deliver(FILE, copy, { copy });
  const problem = `${unmatched(1)}refused here before; correct it in the copy`;
  await desk.refuses(FILE, LUIS_GOOD + MIA_GOOD + GOOD_ROW, problem);
});

Desk.test("RowsOfOthers.confirm() completes a copy of 150,000 rows that was cut off", (desk) => {
  const count = 150_000;
  const [file, copy] = ["a", "b"].map((digit) => digit.repeat(16));
  const indexes = Array.from({ length: count }, (_, index) => index);
  const folder = desk.folder;
  const add = (entry: SentDelivery) => folder.change(entry, (last) => last);
  add({
    ...newDelivery(file!, 1),
    isComplete: true,
    records: count,
    refused: IndexSet.of(indexes),
    moved: Object.fromEntries(indexes.map((index) => [index, [copy!, index]])),
  });
  add({ ...newDelivery(copy!, 1), isCopy: true, begunAt: "now" });
  const others = new RowsOfOthers(
    folder,
    indexes.map((index) => ({
      index,
      identity: [copy!, index],
      state: "unsure",
      key: undefined,
    })),
  );
  others.confirm(new IndexSet(), "");
  assertEquals(folder.withId(copy!)?.records, count);
  assertEquals(desk.open, []);
  return Promise.resolve();
});

const PEOPLE = [
  ["Ana", "Gil", "30904465", "1999-03-17", "7574"],
  ["Eva", "Gil", "30904466", "1999-04-17", "75"],
  ["Luis", "de la Sosa", "31222333", "1987-05-25", "300"],
] satisfies BetRow[];

/** Columns in an order in which rows are refused. */
const ORDERS = {
  "document first": [2, 0, 1, 3, 4],
  "number first, last name last": [4, 0, 2, 3, 1],
  "birthdate first": [3, 0, 1, 2, 4],
  "birthdate first, document last": [3, 0, 4, 1, 2],
  "reversed": [4, 3, 2, 1, 0],
};

/** Rows whose columns are in another order. */
const WRONG = { "all rows": [0, 1, 2], "some rows": [0, 2] };

for (const [columns, order] of Object.entries(ORDERS)) {
  for (const [what, wrong] of Object.entries(WRONG)) {
    for (const name of [FILE, COPY]) {
      Desk.test(`send() of ${name} finishes after ${what} had the columns ${columns}`, async (desk) => {
        const sent = PEOPLE.map((row, at) =>
          wrong.includes(at) ? order.map((column) => row[column]!) : row
        );
        const { refused } = await desk.store(FILE, csvOf(sent));
        assertEquals(refused, wrong.length);
        const corrected = name === FILE
          ? PEOPLE
          : wrong.map((at) => PEOPLE[at]!);
        const { isFinished } = await desk.store(name, csvOf(corrected));
        assertEquals([isFinished, desk.bets], [true, PEOPLE.length]);
      });
    }
  }
}

Desk.test("send() of a copy takes no bet with a short document and number in another order for a refused one", async (desk) => {
  const [ana] = PEOPLE.map((row) => row.with(2, "42").with(4, "7"));
  await desk.store(FILE, csvOf([PEOPLE[1]!, ana!.with(3, "1999-02-31")]));
  const eva = ["Eva", "Paz", "7", "1999-02-28", "42"] satisfies BetRow;
  await desk.refuses(COPY, csvOf([eva]), `${unmatched(1)}refused in`);
});

Desk.test("send() of a copy takes no row for one of two refused rows that differ only in what is wrong", async (desk) => {
  // The document is in the number's place, and the number is wrong.
  const [first, second] = ["x100", "x200"].map((number) =>
    PEOPLE[0]!.with(2, number).with(4, "30904465")
  );
  await desk.store(FILE, csvOf([PEOPLE[1]!, first!, second!]));
  const corrected = PEOPLE[0]!.with(4, "200");
  await desk.refuses(
    COPY,
    csvOf([corrected, first!]),
    `${unmatched(1)}refused`,
  );
});
