import { assertEquals } from "@std/assert";
import { openFile } from "../../../agency/delivered_file.ts";
import { identify } from "../../../agency/delivery/identify.ts";
import {
  COPY,
  CORRECTED,
  Deliveries,
  FILE,
  ROWS,
  runOf,
  WITH_BAD,
} from "../../support/deliveries.ts";
import { csvOf, rows } from "../../support/rows.ts";
import { replace } from "../../support/replaced.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const REFUSED = [0, 2];
const bad = (index: number) => ROWS[index]!.with(3, "17/03/1999");
const BAD = csvOf(ROWS.with(0, bad(0)).with(2, bad(2)));
const BAD_ROWS = csvOf([bad(0), bad(2)]);
const GOOD_ROWS = csvOf([ROWS[0]!, ROWS[2]!]);
/** Only the first of the refused rows is corrected. */
const HALF = csvOf(ROWS.with(2, bad(2)));
const NEXT_DAY = csvOf(ROWS.map((row, i) => row.with(4, String(100 + i))));

async function sendBad(files: Deliveries): Promise<void> {
  await files.send(FILE, BAD, { refused: REFUSED, copy: BAD_ROWS });
}

Deliveries.test("identify() completes a file with its corrected copy", async (files) => {
  await sendBad(files);
  assertEquals(files.open, [FILE]);
  await files.treats(COPY, GOOD_ROWS, { brought: [0, 1] });
  await files.send(COPY, GOOD_ROWS);
  assertEquals(files.open, []);
  // The file leaves these rows out from then on.
  for (const text of [CORRECTED, BAD]) {
    await files.treats(FILE, text, { leftOut: REFUSED });
    await files.send(FILE, text);
  }
  assertEquals(files.open, []);
});

Deliveries.test("identify() leaves out a copy's rows that were corrected in the file", async (files) => {
  await sendBad(files);
  await files.send(FILE, CORRECTED);
  await files.treats(COPY, GOOD_ROWS, { leftOut: [0, 1] });
  await files.treats(COPY, GOOD_ROWS, {}, true);
});

Deliveries.test("SentFolder.otherOpen() names an unchanged copy, but not its file, too", async (files) => {
  await sendBad(files);
  await files.send(COPY, BAD_ROWS, { refused: [0, 1] });
  assertEquals(files.open, [COPY]);
  await files.send(FILE, CORRECTED);
  assertEquals(files.open, []);
  await files.treats(COPY, GOOD_ROWS, { leftOut: [0, 1] });
});

Deliveries.test("identify() leaves rows that a correction lacks to the copy, even if it was cut off", async (files) => {
  await sendBad(files);
  await files.send(FILE, HALF, { isCut: true });
  await files.send(FILE, HALF, { refused: [2] });
  await files.treats(COPY, GOOD_ROWS, { leftOut: [0], brought: [1] });
});

Deliveries.test("identify() completes a file with its copy, one half after the other", async (files) => {
  await sendBad(files);
  await files.send(COPY, csvOf([ROWS[0]!]));
  assertEquals(files.open, [FILE]);
  await files.send(COPY, csvOf([ROWS[2]!]));
  assertEquals(files.open, []);
});

/** Texts with a row that may be a refused one of the file, and its line. */
const DOUBTFUL = {
  "a renamed copy": [GOOD_ROWS, 1],
  "a part of the copy": [csvOf([ROWS[2]!]), 1],
  "the copy unchanged": [BAD_ROWS, 1],
  "the copy in a longer file": [csvOf([...rows(9, 70), ROWS[2]!]), 10],
} as const;

for (const [name, [text, line]] of Object.entries(DOUBTFUL)) {
  Deliveries.test(`identify() refuses ${name} while the rows are missing, unless it is new`, async (files) => {
    await sendBad(files);
    const path = `${files.dir}/${FILE}`;
    const problem =
      `the bet of line ${line} was refused in "${path}"; correct it there, or in the copy of its refused rows, or send this file with --as-new`;
    await files.refuses("new.csv", text, problem);
    await files.treats("new.csv", text, {}, true);
  });
}

Deliveries.test("identify() refuses corrected rows in another file for a week", async (files) => {
  await sendBad(files);
  await files.send(FILE, CORRECTED);
  const next = csvOf(rows(1, 90)) + GOOD_ROWS;
  const refuses = (text: string) =>
    files.refuses("new.csv", text, "was refused before and sent from");
  await refuses(GOOD_ROWS);
  await refuses(next);
  const { now } = Date;
  {
    using _date = replace(Date, { now: () => now() + 6 * DAY_MS });
    await refuses(next);
  }
  using _date = replace(Date, { now: () => now() + 8 * DAY_MS });
  await files.treats("new.csv", next, {});
  await refuses(GOOD_ROWS);
});

/** Files that replace a copy of two rows, and the line that does not match. */
const STRANGE = {
  "other rows": [csvOf(rows(2, 90)), 1],
  "one more row": [GOOD_ROWS + csvOf(rows(1, 90)), 3],
  "another document": [csvOf([ROWS[0]!, ROWS[2]!.with(2, "77777777")]), 2],
} as const;

for (const [name, [text, line]] of Object.entries(STRANGE)) {
  Deliveries.test(`identify() refuses a copy with ${name}`, async (files) => {
    await sendBad(files);
    const problem =
      `the bet of line ${line} cannot be matched to a row that was refused in "`;
    await files.refuses(COPY, text, problem);
  });
}

Deliveries.test("identify() matches two rows of one person by position, but only in their file", async (files) => {
  const without = (number: string) => csvOf([ROWS[0]!.with(4, number)]);
  const copy = without("abc") + without("xyz");
  const others = csvOf(rows(6, 30));
  await files.send(FILE, others + copy, { refused: [6, 7], copy });
  await files.refuses(
    COPY,
    without("8"),
    "the bet of line 1 cannot be matched",
  );
  await files.send(FILE, others + without("7") + without("8"));
  assertEquals(files.open, []);
});

Deliveries.test("identify() matches the rows of a file of which all rows were refused", async (files) => {
  await files.send(FILE, BAD_ROWS, { refused: [0, 1] });
  await files.send(FILE, GOOD_ROWS);
  assertEquals(files.open, []);
});

Deliveries.test("identify() completes a copy that was cut off with its file", async (files) => {
  await sendBad(files);
  await files.send(COPY, GOOD_ROWS, { isCut: true });
  assertEquals(files.open, [COPY]);
  // The rows may be stored already, so the file sends them as the copy did.
  await files.treats(FILE, CORRECTED, { unsure: REFUSED });
  // The copy may also go on itself.
  await files.treats(COPY, GOOD_ROWS, {});
  await files.send(FILE, CORRECTED);
  assertEquals(files.open, []);
  await files.treats(FILE, CORRECTED, { leftOut: REFUSED });
});

Deliveries.test("Delivery.end() of a copy keeps the rows that its file has sent as stored", async (files) => {
  await sendBad(files);
  await Deno.writeTextFile(`${files.dir}/${COPY}`, GOOD_ROWS);
  using file = await openFile(`${files.dir}/${COPY}`, {});
  const copy = await identify(file, files.memoryOf(1));
  await copy.begin();
  await files.send(FILE, CORRECTED);
  await copy.end(runOf(2, [0, 1]));
  assertEquals(files.open, []);
  await files.treats(FILE, CORRECTED, { leftOut: REFUSED });
});

Deliveries.test("identify() matches a copy's rows in any order", async (files) => {
  await sendBad(files);
  await files.send(COPY, BAD_ROWS, { refused: [0, 1] });
  await files.send(COPY, csvOf([ROWS[2]!, bad(0)]), { refused: [1] });
  await files.treats(FILE, CORRECTED, { leftOut: [2], brought: [0] });
});

Deliveries.test("identify() accepts an edited copy after its run was cut off", async (files) => {
  await sendBad(files);
  await files.send(COPY, GOOD_ROWS, { isCut: true });
  const half = csvOf([ROWS[0]!]);
  await files.treats(COPY, half, { unsure: [0] });
  await files.send(COPY, half);
  assertEquals(files.open.length, 1);
  await files.send(COPY, `${GOOD_ROWS}\n`);
  assertEquals(files.open, []);
});

Deliveries.test("identify() treats the rows of a correction that was cut off as unsure", async (files) => {
  await sendBad(files);
  await files.send(FILE, CORRECTED, { isCut: true });
  await files.treats(COPY, GOOD_ROWS, { unsure: [0, 1] });
});

Deliveries.test("identify() matches the second copy's rows only to those that it has", async (files) => {
  await sendBad(files);
  await files.send(FILE, HALF, { refused: [2], copy: csvOf([bad(2)]) });
  await files.treats(COPY, GOOD_ROWS, { leftOut: [0], brought: [1] });
  await files.send(COPY, csvOf([ROWS[2]!]));
  assertEquals(files.open, []);
  await files.treats(FILE, CORRECTED, { leftOut: [2] });
});

Deliveries.test("identify() treats other bets of the same people as new", async (files) => {
  await sendBad(files);
  await files.treats("new.csv", NEXT_DAY, {});
  await files.send(FILE, CORRECTED);
  await files.treats("new.csv", NEXT_DAY, {});
});

Deliveries.test("identify() completes a file with its copy that is sent as new", async (files) => {
  await sendBad(files);
  await files.send(COPY, GOOD_ROWS, { isNew: true });
  assertEquals(files.open, []);
  await files.treats(FILE, CORRECTED, { leftOut: REFUSED });
});

Deliveries.test("identify() recognizes an unreadable row only in its copy", async (files) => {
  const rest = `${ROWS[0]![0]},Sosa,1987\r\n`;
  const text = csvOf(ROWS).replace(/^.*\r\n/, rest);
  const good = csvOf([ROWS[0]!]);
  await files.send(FILE, text, { refused: [0], copy: rest });
  await files.treats("new.csv", good, {});
  await files.treats(COPY, good, { brought: [0] });
  await files.send(COPY, good);
  assertEquals(files.open, []);
  await files.treats(FILE, CORRECTED, { leftOut: [0] });
});

Deliveries.test("identify() matches the same bet twice to two refused rows", async (files) => {
  const twice = csvOf([ROWS[0]!, ROWS[0]!]);
  const copy = twice.replaceAll(ROWS[0]![3]!, "");
  await files.send(FILE, csvOf(rows(6, 30)) + copy, { refused: [6, 7], copy });
  await files.send(COPY, csvOf([ROWS[0]!]));
  assertEquals(files.open, [FILE]);
  await files.send(COPY, twice);
  assertEquals(files.open, []);
});

Deliveries.test("identify() does not read a file again if no row was ever refused", async (files) => {
  const path = `${files.dir}/new.csv`;
  await Deno.writeTextFile(path, csvOf(rows(20)));
  using file = await openFile(path, {});
  const openReader = () => {
    throw new Error("Cannot read the file once more: it is new");
  };
  const unread = { ...file, source: file.source, openReader };
  const { others } = await identify(unread, files.memoryOf(1));
  assertEquals(others.leftOut.size, 0);
});

Deliveries.test("Delivery.stillMissing() leaves out rows that the file has sent since the copy's run began", async (files) => {
  const copy = csvOf([ROWS[2]!]);
  await files.send(FILE, WITH_BAD, { refused: [2], copy });
  using file = await openFile(`${files.dir}/${COPY}`, {});
  const late = await identify(file, files.memoryOf(1));
  await late.begin();
  const refused = await late.end(runOf(1, [0]));
  await files.send(FILE, CORRECTED);
  assertEquals(late.stillMissing(refused).size, 0);
  await late.addCopy({ path: `${files.dir}/${COPY}`, hash: "" }, refused);
  assertEquals(late.stillMissing(refused).size, 0);
});
