import { assertEquals } from "@std/assert";
import { openFile } from "../../../agency/delivered_file.ts";
import { identify } from "../../../agency/delivery/identify.ts";
import { COPY, CORRECTED, Desk, FILE, ROWS } from "../../support/desk.ts";
import {
  ok,
  okAll,
  play,
  type Script,
  take,
} from "../../support/fake_central.ts";
import { Code, errorFrame } from "../../support/frames.ts";
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

/** Refuses all of a batch. */
const REFUSAL = errorFrame(Code.INVALID_BET);

async function sendBad(desk: Desk): Promise<void> {
  await desk.deliver(FILE, BAD, { copy: BAD_ROWS });
}

Desk.test("identify() completes a file with its corrected copy", async (desk) => {
  await sendBad(desk);
  assertEquals(desk.open, [FILE]);
  await desk.treats(COPY, GOOD_ROWS, { brought: [0, 1] });
  await desk.deliver(COPY, GOOD_ROWS);
  assertEquals(desk.open, []);
  // The file leaves these rows out from then on.
  for (const text of [CORRECTED, BAD]) {
    await desk.treats(FILE, text, { leftOut: REFUSED });
    await desk.deliver(FILE, text);
  }
  assertEquals(desk.open, []);
});

Desk.test("identify() leaves out a copy's rows that were corrected in the file", async (desk) => {
  await sendBad(desk);
  await desk.deliver(FILE, CORRECTED);
  await desk.treats(COPY, GOOD_ROWS, { leftOut: [0, 1] });
  await desk.treats(COPY, GOOD_ROWS, {}, true);
});

Desk.test("SentFolder.otherOpen() names an unchanged copy, but not its file, too", async (desk) => {
  await sendBad(desk);
  await desk.deliver(COPY, BAD_ROWS);
  assertEquals(desk.open, [COPY]);
  await desk.deliver(FILE, CORRECTED);
  assertEquals(desk.open, []);
  await desk.treats(COPY, GOOD_ROWS, { leftOut: [0, 1] });
});

Desk.test("identify() leaves rows that a correction lacks to the copy, even if it was cut off", async (desk) => {
  await sendBad(desk);
  await desk.deliver(FILE, HALF, { isCut: true });
  await desk.deliver(FILE, HALF);
  await desk.treats(COPY, GOOD_ROWS, { leftOut: [0], brought: [1] });
});

Desk.test("identify() completes a file with its copy, one half after the other", async (desk) => {
  await sendBad(desk);
  await desk.deliver(COPY, csvOf([ROWS[0]!]));
  assertEquals(desk.open, [FILE]);
  await desk.deliver(COPY, csvOf([ROWS[2]!]));
  assertEquals(desk.open, []);
});

/** Texts with a row that may be a refused one of the file, and its line. */
const DOUBTFUL = {
  "a renamed copy": [GOOD_ROWS, 1],
  "a part of the copy": [csvOf([ROWS[2]!]), 1],
  "the copy unchanged": [BAD_ROWS, 1],
  "the copy in a longer file": [csvOf([...rows(9, 70), ROWS[2]!]), 10],
} as const;

for (const [name, [text, line]] of Object.entries(DOUBTFUL)) {
  Desk.test(`identify() refuses ${name} while the rows are missing, unless it is new`, async (desk) => {
    await sendBad(desk);
    const path = `${desk.dir}/${FILE}`;
    const problem =
      `the bet of line ${line} was refused in "${path}"; correct it there, or in the copy of its refused rows, or send this file with --as-new`;
    await desk.refuses("new.csv", text, problem);
    await desk.treats("new.csv", text, {}, true);
  });
}

Desk.test("identify() refuses corrected rows in another file for a week", async (desk) => {
  await sendBad(desk);
  await desk.deliver(FILE, CORRECTED);
  const next = csvOf(rows(1, 90)) + GOOD_ROWS;
  const refuses = (text: string) =>
    desk.refuses("new.csv", text, "was refused before and sent from");
  await refuses(GOOD_ROWS);
  await refuses(next);
  const { now } = Date;
  {
    using _date = replace(Date, { now: () => now() + 6 * DAY_MS });
    await refuses(next);
  }
  using _date = replace(Date, { now: () => now() + 8 * DAY_MS });
  await desk.treats("new.csv", next, {});
  await refuses(GOOD_ROWS);
});

/** Files that replace a copy of two rows, and the line that does not match. */
const STRANGE = {
  "other rows": [csvOf(rows(2, 90)), 1],
  "one more row": [GOOD_ROWS + csvOf(rows(1, 90)), 3],
  "another document": [csvOf([ROWS[0]!, ROWS[2]!.with(2, "77777777")]), 2],
} as const;

for (const [name, [text, line]] of Object.entries(STRANGE)) {
  Desk.test(`identify() refuses a copy with ${name}`, async (desk) => {
    await sendBad(desk);
    const problem =
      `the bet of line ${line} cannot be matched to a row that was refused in "`;
    await desk.refuses(COPY, text, problem);
  });
}

Desk.test("identify() matches two rows of one person by position, but only in their file", async (desk) => {
  const without = (number: string) => csvOf([ROWS[0]!.with(4, number)]);
  const copy = without("abc") + without("xyz");
  const others = csvOf(rows(6, 30));
  await desk.deliver(FILE, others + copy, { copy });
  await desk.refuses(
    COPY,
    without("8"),
    "the bet of line 1 cannot be matched",
  );
  await desk.deliver(FILE, others + without("7") + without("8"));
  assertEquals(desk.open, []);
});

Desk.test("identify() matches the rows of a file of which all rows were refused", async (desk) => {
  await desk.deliver(FILE, BAD_ROWS);
  await desk.deliver(FILE, GOOD_ROWS);
  assertEquals(desk.open, []);
});

Desk.test("identify() completes a copy that was cut off with its file", async (desk) => {
  await sendBad(desk);
  await desk.deliver(COPY, GOOD_ROWS, { isCut: true });
  assertEquals(desk.open, [COPY]);
  // The rows may be stored already, so the file sends them as the copy did.
  await desk.treats(FILE, CORRECTED, { unsure: REFUSED });
  // The copy may also go on itself.
  await desk.treats(COPY, GOOD_ROWS, {});
  await desk.deliver(FILE, CORRECTED);
  assertEquals(desk.open, []);
  await desk.treats(FILE, CORRECTED, { leftOut: REFUSED });
});

Desk.test("send() of a copy keeps the rows that its file has sent meanwhile as stored", async (desk) => {
  await sendBad(desk);
  const sent: Script = async () => void await desk.deliver(FILE, CORRECTED);
  await desk.send(COPY, GOOD_ROWS, {}, play(take(), sent, REFUSAL, okAll));
  assertEquals(desk.open, []);
  await desk.treats(FILE, CORRECTED, { leftOut: REFUSED });
});

Desk.test("send() of a copy copies no row that its file has sent before its own end", async (desk) => {
  await sendBad(desk);
  const sent: Script = async () => void await desk.deliver(FILE, CORRECTED);
  // The file is sent while the copy's FINISH waits for its reply.
  const script = play(take(), REFUSAL, take(), sent, ok());
  const copy = await desk.send(COPY, GOOD_ROWS, { finish: "anyway" }, script);
  assertEquals([copy.refused, copy.rejectedFile], [2, undefined]);
});

Desk.test("identify() matches a copy's rows in any order", async (desk) => {
  await sendBad(desk);
  await desk.deliver(COPY, BAD_ROWS);
  await desk.deliver(COPY, csvOf([ROWS[2]!, bad(0)]));
  await desk.treats(FILE, CORRECTED, { leftOut: [2], brought: [0] });
});

Desk.test("identify() accepts an edited copy after its run was cut off", async (desk) => {
  await sendBad(desk);
  await desk.deliver(COPY, GOOD_ROWS, { isCut: true });
  const half = csvOf([ROWS[0]!]);
  await desk.treats(COPY, half, { unsure: [0] });
  await desk.deliver(COPY, half);
  assertEquals(desk.open.length, 1);
  await desk.deliver(COPY, `${GOOD_ROWS}\n`);
  assertEquals(desk.open, []);
});

Desk.test("identify() treats the rows of a correction that was cut off as unsure", async (desk) => {
  await sendBad(desk);
  await desk.deliver(FILE, CORRECTED, { isCut: true });
  await desk.treats(COPY, GOOD_ROWS, { unsure: [0, 1] });
});

Desk.test("identify() matches the second copy's rows only to those that it has", async (desk) => {
  await sendBad(desk);
  await desk.deliver(FILE, HALF, { copy: csvOf([bad(2)]) });
  await desk.treats(COPY, GOOD_ROWS, { leftOut: [0], brought: [1] });
  await desk.deliver(COPY, csvOf([ROWS[2]!]));
  assertEquals(desk.open, []);
  await desk.treats(FILE, CORRECTED, { leftOut: [2] });
});

Desk.test("identify() treats other bets of the same people as new", async (desk) => {
  await sendBad(desk);
  await desk.treats("new.csv", NEXT_DAY, {});
  await desk.deliver(FILE, CORRECTED);
  await desk.treats("new.csv", NEXT_DAY, {});
});

Desk.test("identify() completes a file with its copy that is sent as new", async (desk) => {
  await sendBad(desk);
  await desk.deliver(COPY, GOOD_ROWS, { isNew: true });
  assertEquals(desk.open, []);
  await desk.treats(FILE, CORRECTED, { leftOut: REFUSED });
});

Desk.test("identify() recognizes an unreadable row only in its copy", async (desk) => {
  const rest = `${ROWS[0]![0]},Sosa,1987\r\n`;
  const text = csvOf(ROWS).replace(/^.*\r\n/, rest);
  const good = csvOf([ROWS[0]!]);
  await desk.deliver(FILE, text, { copy: rest });
  await desk.treats("new.csv", good, {});
  await desk.treats(COPY, good, { brought: [0] });
  await desk.deliver(COPY, good);
  assertEquals(desk.open, []);
  await desk.treats(FILE, CORRECTED, { leftOut: [0] });
});

Desk.test("identify() matches the same bet twice to two refused rows", async (desk) => {
  const twice = csvOf([ROWS[0]!, ROWS[0]!]);
  const copy = twice.replaceAll(ROWS[0]![3]!, "");
  await desk.deliver(FILE, csvOf(rows(6, 30)) + copy, {
    copy,
  });
  await desk.deliver(COPY, csvOf([ROWS[0]!]));
  assertEquals(desk.open, [FILE]);
  await desk.deliver(COPY, twice);
  assertEquals(desk.open, []);
});

Desk.test("identify() does not read a file again if no row was ever refused", async (desk) => {
  const path = `${desk.dir}/new.csv`;
  await Deno.writeTextFile(path, csvOf(rows(20)));
  using file = await openFile(path, {});
  const openReader = () => {
    throw new Error("Cannot read the file once more: it is new");
  };
  const unread = { ...file, source: file.source, openReader };
  const { others } = await identify(unread, desk.folder);
  assertEquals(others.leftOut.size, 0);
});
