import { assertEquals, assertRejects } from "@std/assert";
import { openFile } from "../../../agency/delivered_file.ts";
import { identify } from "../../../agency/delivery/identify.ts";
import { IndexSet } from "../../../agency/index_set.ts";
import { SentFolder } from "../../../agency/delivery/sent_folder.ts";
import { ProgramError } from "../../../program/errors.ts";
import {
  COPY,
  CORRECTED,
  ROWS,
  send,
  WITH_BAD,
} from "../../support/deliveries.ts";
import { testInFolder } from "../../support/folder.ts";
import { csvOf, rows } from "../../support/rows.ts";
import { replace } from "../../support/replaced.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const REFUSED = [0, 2];
const BAD = csvOf(
  ROWS.map((row, i) => REFUSED.includes(i) ? row.with(3, "17/03/1999") : row),
);
const BAD_ROWS = csvOf(REFUSED.map((i) => ROWS[i]!.with(3, "17/03/1999")));
const GOOD_ROWS = csvOf(REFUSED.map((i) => ROWS[i]!));
const NEXT_DAY = csvOf(
  ROWS.map((row, i) => row.with(4, String(100 + i))),
);

/** What would be done with a text, without a trace. */
async function lookAt(
  dir: string,
  text: string,
  { name = "new.csv", isNew = false } = {},
): Promise<{ leftOut: number[]; unsure: number[]; brings: number }> {
  const path = `${dir}/${name}`;
  await Deno.writeTextFile(path, text);
  using file = await openFile(path, {});
  const folder = new SentFolder(`${dir}/sent`, 1);
  const delivery = await identify(file, folder, isNew);
  const { leftOut, places, brought } = delivery.others;
  const unsure = [...places.keys()];
  return { leftOut: leftOut.values(), unsure, brings: brought.length };
}

/** What is done with a file that has nothing to do with others. */
const NONE = { leftOut: [], unsure: [], brings: 0 };

/** The names of what is still to be sent or corrected. */
function openIn(dir: string): string[] {
  return new SentFolder(`${dir}/sent`, 1).openBut({ id: "" })
    .map(({ path = "-" }) => path.slice(path.lastIndexOf("/") + 1));
}

async function sendBad(dir: string): Promise<void> {
  await send(dir, BAD, { refused: REFUSED, copy: BAD_ROWS });
}

testInFolder("a corrected copy completes its file", async (dir) => {
  await sendBad(dir);
  assertEquals(openIn(dir), ["a.csv"]);
  const copied = { leftOut: [], unsure: [], brings: 2 };
  assertEquals(await lookAt(dir, GOOD_ROWS, { name: COPY }), copied);
  await send(dir, GOOD_ROWS, { name: COPY });
  assertEquals(openIn(dir), []);
  // In the file they are left out.
  for (const text of [CORRECTED, BAD]) {
    const { leftOut } = await lookAt(dir, text, { name: "a.csv" });
    assertEquals(leftOut, REFUSED);
    await send(dir, text);
  }
  assertEquals(openIn(dir), []);
});

testInFolder(
  "the copy of rows that were corrected in the file is left out",
  async (dir) => {
    await sendBad(dir);
    await send(dir, CORRECTED);
    const all = { leftOut: [0, 1], unsure: [], brings: 0 };
    assertEquals(await lookAt(dir, GOOD_ROWS, { name: COPY }), all);
    assertEquals(
      await lookAt(dir, GOOD_ROWS, { name: COPY, isNew: true }),
      NONE,
    );
  },
);

testInFolder("a copy that is sent unchanged asks in one place", async (dir) => {
  await sendBad(dir);
  await send(dir, BAD_ROWS, { name: COPY, refused: [0, 1] });
  assertEquals(openIn(dir), [COPY]);
  await send(dir, CORRECTED);
  assertEquals(openIn(dir), []);
  const { leftOut } = await lookAt(dir, GOOD_ROWS, { name: COPY });
  assertEquals(leftOut, [0, 1]);
});

testInFolder(
  "a correction that was cut off leaves its other rows to the copy",
  async (dir) => {
    await sendBad(dir);
    const half = csvOf(ROWS.with(2, ROWS[2]!.with(3, "17/03/1999")));
    await send(dir, half, { isCut: true });
    await send(dir, half, { refused: [2] });
    const rest = { leftOut: [0], unsure: [], brings: 1 };
    assertEquals(await lookAt(dir, GOOD_ROWS, { name: COPY }), rest);
  },
);

testInFolder("half of a copy completes half of its file", async (dir) => {
  await sendBad(dir);
  const [first = "", second = ""] = GOOD_ROWS.split(/(?<=\n)/);
  await send(dir, first, { name: COPY });
  assertEquals(openIn(dir), ["a.csv"]);
  await send(dir, second, { name: COPY });
  assertEquals(openIn(dir), []);
});

/** Texts with a row that is still refused in `a.csv`, and its line. */
const DOUBTFUL = {
  "a renamed copy": [GOOD_ROWS, 1],
  "a part of the copy": [csvOf([ROWS[2]!]), 1],
  "the copy unchanged": [BAD_ROWS, 1],
  "the copy in a longer file": [csvOf([...rows(9, 70), ROWS[2]!]), 10],
} as const;

for (const [name, [text, line]] of Object.entries(DOUBTFUL)) {
  testInFolder(
    `${name} is nobody's copy while the rows are refused, unless it is said to be new`,
    async (dir) => {
      await sendBad(dir);
      const path = `${await Deno.realPath(dir)}/a.csv`;
      await assertRejects(
        () => lookAt(dir, text),
        ProgramError,
        `the bet of line ${line} was refused in "${path}"; correct it there, or in the copy of its refused rows, or send this file with --as-new`,
      );
      assertEquals(await lookAt(dir, text, { isNew: true }), NONE);
    },
  );
}

testInFolder(
  "rows that were corrected in their file are not sent in another, for a week",
  async (dir) => {
    await sendBad(dir);
    await send(dir, CORRECTED);
    const next = csvOf(rows(1, 90)) + GOOD_ROWS;
    const refuses = (text: string) =>
      assertRejects(
        () => lookAt(dir, text),
        ProgramError,
        "was refused before and sent from",
      );
    await refuses(GOOD_ROWS);
    await refuses(next);
    const { now } = Date;
    {
      using _date = replace(Date, { now: () => now() + 6 * DAY_MS });
      await refuses(next);
    }
    using _date = replace(Date, { now: () => now() + 8 * DAY_MS });
    assertEquals(await lookAt(dir, next), NONE);
    await refuses(GOOD_ROWS);
  },
);

/** What is put in the place of a copy of two rows, and its doubtful line. */
const STRANGE = {
  "other rows": [csvOf(rows(2, 90)), 1],
  "a row more": [GOOD_ROWS + csvOf(rows(1, 90)), 3],
  "another document": [
    csvOf([ROWS[0]!, ROWS[2]!.with(2, "77777777")]),
    2,
  ],
} as const;

for (const [name, [text, line]] of Object.entries(STRANGE)) {
  testInFolder(`a copy with ${name} is not sent`, async (dir) => {
    await sendBad(dir);
    await assertRejects(
      () => lookAt(dir, text, { name: COPY }),
      ProgramError,
      `the bet of line ${line} is not surely one that was refused in "`,
    );
  });
}

testInFolder(
  "two rows of a person without a number are corrected in their file",
  async (dir) => {
    const without = (number: string) => csvOf([ROWS[0]!.with(4, number)]);
    const bad = without("abc") + without("xyz");
    await send(dir, csvOf(rows(6, 30)) + bad, { refused: [6, 7], copy: bad });
    await assertRejects(
      () => lookAt(dir, without("8"), { name: COPY }),
      ProgramError,
      "the bet of line 1 is not surely one",
    );
    await send(dir, csvOf(rows(6, 30)) + without("7") + without("8"));
    assertEquals(openIn(dir), []);
  },
);

testInFolder(
  "all rows of a file may be corrected in their place",
  async (dir) => {
    await send(dir, BAD_ROWS, { refused: [0, 1] });
    await send(dir, GOOD_ROWS);
    assertEquals(openIn(dir), []);
  },
);

testInFolder(
  "a copy that was cut off is completed by its file",
  async (dir) => {
    await sendBad(dir);
    await send(dir, GOOD_ROWS, { name: COPY, isCut: true });
    assertEquals(openIn(dir), [COPY]);
    // Nobody knows what is stored, so they are sent with the same identity.
    const { leftOut, unsure } = await lookAt(dir, CORRECTED, { name: "a.csv" });
    assertEquals([leftOut, unsure], [[], REFUSED]);
    // The copy goes on.
    assertEquals((await lookAt(dir, GOOD_ROWS, { name: COPY })).unsure, []);
    await send(dir, CORRECTED);
    assertEquals(openIn(dir), []);
    assertEquals(
      (await lookAt(dir, CORRECTED, { name: "a.csv" })).leftOut,
      REFUSED,
    );
  },
);

testInFolder(
  "what a file has sent for its copy stays stored, whatever the copy's run ends with",
  async (dir) => {
    await sendBad(dir);
    const folder = new SentFolder(`${dir}/sent`, 1);
    const path = `${dir}/${COPY}`;
    await Deno.writeTextFile(path, GOOD_ROWS);
    using file = await openFile(path, {});
    const copy = await identify(file, folder);
    await copy.begin();
    await send(dir, CORRECTED);
    await copy.complete({ end: 2, records: 2 }, IndexSet.of([0, 1]));
    assertEquals(openIn(dir), []);
    const { leftOut, brings } = await lookAt(dir, CORRECTED, { name: "a.csv" });
    assertEquals([leftOut, brings], [REFUSED, 0]);
  },
);

testInFolder("the rows of a copy may change their places", async (dir) => {
  await sendBad(dir);
  await send(dir, BAD_ROWS, { name: COPY, refused: [0, 1] });
  const bad = csvOf([ROWS[0]!.with(3, "17/03/1999")]);
  await send(dir, csvOf([ROWS[2]!]) + bad, { name: COPY, refused: [1] });
  const { leftOut, brings } = await lookAt(dir, CORRECTED, { name: "a.csv" });
  assertEquals([leftOut, brings], [[2], 1]);
});

testInFolder("a copy that was cut off can be edited", async (dir) => {
  await sendBad(dir);
  await send(dir, GOOD_ROWS, { name: COPY, isCut: true });
  const half = csvOf([ROWS[0]!]);
  assertEquals((await lookAt(dir, half, { name: COPY })).unsure, [0]);
  await send(dir, half, { name: COPY });
  assertEquals(openIn(dir).length, 1);
  await send(dir, `${GOOD_ROWS}\n`, { name: COPY });
  assertEquals(openIn(dir), []);
});

testInFolder("a correction that was cut off may be stored", async (dir) => {
  await sendBad(dir);
  await send(dir, CORRECTED, { isCut: true });
  const { leftOut, unsure } = await lookAt(dir, GOOD_ROWS, { name: COPY });
  assertEquals([leftOut, unsure], [[], [0, 1]]);
});

testInFolder("the copy of what is left brings only that", async (dir) => {
  await sendBad(dir);
  const half = csvOf(ROWS.with(2, ROWS[2]!.with(3, "17/03/1999")));
  const rest = csvOf([ROWS[2]!.with(3, "17/03/1999")]);
  await send(dir, half, { refused: [2], copy: rest });
  const second = { leftOut: [0], unsure: [], brings: 1 };
  assertEquals(await lookAt(dir, GOOD_ROWS, { name: COPY }), second);
  await send(dir, csvOf([ROWS[2]!]), { name: COPY });
  assertEquals(openIn(dir), []);
  assertEquals((await lookAt(dir, CORRECTED, { name: "a.csv" })).leftOut, [2]);
});

testInFolder("other bets of the same people are new", async (dir) => {
  await sendBad(dir);
  assertEquals(await lookAt(dir, NEXT_DAY), NONE);
  await send(dir, CORRECTED);
  assertEquals(await lookAt(dir, NEXT_DAY), NONE);
});

testInFolder(
  "--as-new sends all of a copy, and completes its file",
  async (dir) => {
    await sendBad(dir);
    await send(dir, GOOD_ROWS, { name: COPY, isNew: true });
    assertEquals(openIn(dir), []);
    assertEquals(
      (await lookAt(dir, CORRECTED, { name: "a.csv" })).leftOut,
      REFUSED,
    );
  },
);

testInFolder("a row without a key is known in its copy only", async (dir) => {
  const rest = `${ROWS[0]![0]},Sosa,1987\r\n`;
  const bad = csvOf(ROWS).replace(/^.*\r\n/, rest);
  const good = csvOf([ROWS[0]!]);
  await send(dir, bad, { refused: [0], copy: rest });
  assertEquals((await lookAt(dir, good)).brings, 0);
  assertEquals((await lookAt(dir, good, { name: COPY })).brings, 1);
  await send(dir, good, { name: COPY });
  assertEquals(openIn(dir), []);
  assertEquals((await lookAt(dir, CORRECTED, { name: "a.csv" })).leftOut, [0]);
});

testInFolder("the same bet twice is two bets", async (dir) => {
  const twice = csvOf([ROWS[0]!, ROWS[0]!]);
  const bad = twice.replaceAll(ROWS[0]![3]!, "");
  await send(dir, csvOf(rows(6, 30)) + bad, { refused: [6, 7], copy: bad });
  await send(dir, csvOf([ROWS[0]!]), { name: COPY });
  assertEquals(openIn(dir), ["a.csv"]);
  await send(dir, twice, { name: COPY });
  assertEquals(openIn(dir), []);
});

testInFolder(
  "identify() reads nothing of a file if no row was refused before",
  async (dir) => {
    const path = `${dir}/new.csv`;
    await Deno.writeTextFile(path, csvOf(rows(20)));
    using file = await openFile(path, {});
    const openReader = () => {
      throw new Error("Cannot read the file once more: it is new");
    };
    const folder = new SentFolder(`${dir}/sent`, 1);
    const unread = { ...file, source: file.source, openReader };
    assertEquals((await identify(unread, folder)).others.leftOut.size, 0);
  },
);

testInFolder(
  "a copy's run that ends late keeps what was sent in its file meanwhile",
  async (dir) => {
    await send(dir, WITH_BAD, { refused: [2], copy: csvOf([ROWS[2]!]) });
    using copy = await openFile(`${dir}/${COPY}`, {});
    const folder = new SentFolder(`${dir}/sent`, 1);
    const late = await identify(copy, folder);
    await late.begin();
    const refused = IndexSet.of([0]);
    await late.complete({ end: 1, records: 1 }, refused);
    await send(dir, CORRECTED);
    assertEquals(late.stillMissing(refused).size, 0);
    await late.addCopy({ path: `${dir}/${COPY}`, hash: "" }, refused);
    assertEquals(late.stillMissing(refused).size, 0);
  },
);
