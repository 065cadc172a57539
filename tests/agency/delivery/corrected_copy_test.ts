import { assert, assertEquals, assertRejects } from "@std/assert";
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
import { runTool, testTools } from "../../support/tool.ts";

const BAD_ROW = csvOf([ROWS[2]!.with(2, "x")]);
const GOOD_ROW = csvOf([ROWS[2]!]);
const FOUR_BAD = csvOf(
  ROWS.map((row, i) => i < 4 ? row.with(2, "x") : row),
);

/** Asserts that a correction is refused, because of the other file. */
async function assertRefused(
  sent: Promise<unknown>,
  elsewhere: string,
): Promise<void> {
  const { message } = await assertRejects(() => sent, ProgramError);
  assert(message.includes(`were corrected in ${elsewhere} and`), message);
}

function full(dir: string, name = "a.csv"): string {
  return `${Deno.realPathSync(dir)}/${name}`;
}

/** The rows corrected in another way. */
function changedIn(text: string): string {
  return text.replaceAll("Ana", "Anna");
}

testInFolder(
  "identify() refuses a file whose refused rows were corrected in the copy",
  async (dir) => {
    const elsewhere = `"${full(dir, COPY)}"`;
    const first = { refused: [2], copy: BAD_ROW };
    const id = await send(dir, WITH_BAD, first);
    // Nothing of the copy is stored yet, so either of them may be corrected.
    await send(dir, BAD_ROW, { name: COPY, refused: [0] });
    const copied = await send(dir, GOOD_ROW, { name: COPY });
    await assertRefused(send(dir, CORRECTED), elsewhere);
    await assertRefused(send(dir, CORRECTED, { name: "b.csv" }), elsewhere);
    // The first version is all known, and so is the copy.
    assertEquals(await send(dir, WITH_BAD, first), id);
    assertEquals(await send(dir, GOOD_ROW, { name: COPY }), copied);
    await send(dir, CORRECTED, { isNew: true });
  },
);

testInFolder(
  "identify() takes a corrected file if nothing of the copy was stored",
  async (dir) => {
    const id = await send(dir, WITH_BAD, { refused: [2], copy: BAD_ROW });
    await send(dir, BAD_ROW, { name: COPY, refused: [0] });
    assertEquals(await send(dir, CORRECTED), id);
  },
);

testInFolder(
  "identify() refuses a file if a part of the copy was sent",
  async (dir) => {
    const elsewhere = `"${full(dir, COPY)}"`;
    await send(dir, WITH_BAD, { refused: [2], copy: BAD_ROW });
    await send(dir, GOOD_ROW, { name: COPY, isCut: true });
    await assertRefused(send(dir, CORRECTED), elsewhere);
  },
);

testInFolder(
  "identify() refuses the copy of rows that were corrected in the file",
  async (dir) => {
    const elsewhere = `"${full(dir)}"`;
    const four = csvOf(ROWS.slice(0, 4));
    await send(dir, FOUR_BAD, { refused: [0, 1, 2, 3], copy: four });
    await send(dir, WITH_BAD, { refused: [2] });
    await assertRefused(send(dir, four, { name: COPY }), elsewhere);
    await send(dir, CORRECTED);
    await assertRefused(send(dir, four, { name: COPY }), elsewhere);
    await send(dir, four, { name: COPY, isNew: true });
  },
);

testInFolder(
  "identify() refuses an older copy, saved over the rewritten one",
  async (dir) => {
    const bad = csvOf(ROWS.slice(0, 4).map((row) => row.with(2, "x")));
    await send(dir, FOUR_BAD, { refused: [0, 1, 2, 3], copy: bad });
    await send(dir, WITH_BAD, { refused: [2], copy: BAD_ROW });
    const four = csvOf(ROWS.slice(0, 4));
    for (const name of [COPY, "renamed.csv"]) {
      await assertRefused(send(dir, four, { name }), `"${full(dir)}"`);
    }
    await send(dir, CORRECTED);
    for (const name of [COPY, "renamed.csv"]) {
      await assertRefused(send(dir, four, { name }), `"${full(dir)}"`);
    }
  },
);

testInFolder(
  "identify() takes the copy of what is left after a part was corrected",
  async (dir) => {
    const bad = csvOf(ROWS.slice(0, 4).map((row) => row.with(2, "x")));
    await send(dir, FOUR_BAD, { refused: [0, 1, 2, 3], copy: bad });
    await send(dir, WITH_BAD, { refused: [2], copy: BAD_ROW });
    // One of the rows that were corrected in the file.
    await assertRefused(
      send(dir, csvOf([ROWS[1]!]), { name: COPY }),
      `"${full(dir)}"`,
    );
    await send(dir, GOOD_ROW, { name: COPY });
    await assertRefused(send(dir, CORRECTED), `"${full(dir, COPY)}"`);
    const four = csvOf(ROWS.slice(0, 4));
    const name = "old.csv";
    await assertRefused(send(dir, four, { name }), `"${full(dir, COPY)}"`);
  },
);

testInFolder(
  "identify() refuses an older copy if the file's correction was cut off",
  async (dir) => {
    await send(dir, WITH_BAD, { refused: [2], copy: BAD_ROW });
    await send(dir, CORRECTED, { isCut: true });
    await assertRefused(
      send(dir, GOOD_ROW, { name: COPY }),
      `"${full(dir)}"`,
    );
  },
);

testInFolder(
  "identify() refuses another copy than the one that was corrected",
  async (dir) => {
    const bad = csvOf(ROWS.slice(0, 4).map((row) => row.with(2, "x")));
    const half = csvOf(ROWS.slice(0, 4).with(0, ROWS[0]!.with(2, "x")));
    const name = "a.csv.rejected-2.csv";
    const first = { refused: [0, 1, 2, 3], copy: bad };
    await send(dir, FOUR_BAD, first);
    await send(dir, FOUR_BAD, { ...first, copyName: name });
    await send(dir, half, { name: COPY, refused: [0] });
    const four = csvOf(ROWS.slice(0, 4));
    await assertRefused(
      send(dir, changedIn(four), { name }),
      `"${full(dir, COPY)}"`,
    );
    await send(dir, four, { name: COPY });
    await assertRefused(
      send(dir, changedIn(half), { name }),
      `"${full(dir, COPY)}"`,
    );
  },
);

/** A copy's name, and whether it and the file then come through pipes. */
const RENAMED: [name: string, isPipe: boolean][] = [
  ["renamed.csv", false],
  ["pipe", true],
];

for (const [name, isPipe] of RENAMED) {
  testTools(
    ["mkfifo"],
    `identify() knows a copy by its rows, as ${name}`,
    async (dir) => {
      if (isPipe) await runTool("mkfifo", [`${dir}/${name}`]);
      const where = isPipe
        ? "what came through a pipe"
        : `"${full(dir, name)}"`;
      await send(dir, WITH_BAD, { refused: [2], copy: BAD_ROW });
      await send(dir, GOOD_ROW, { name, isPipe });
      await assertRefused(send(dir, CORRECTED), where);
      const other = send(dir, CORRECTED, { name, isPipe });
      if (isPipe) await assertRefused(other, where);
      else await assertRejects(() => other, ProgramError, "more rows now");
      await assertRefused(
        send(dir, GOOD_ROW.replace("3,", "33,"), { name: COPY }),
        where,
      );
      // All of it is stored, also what was refused.
      await send(dir, WITH_BAD, { refused: [2] });
      await send(dir, csvOf(rows(1, 90)), { name: "other.csv" });
    },
  );
}

testInFolder(
  "identify() refuses a file of which no row was stored but in its copy",
  async (dir) => {
    const bad = csvOf(ROWS.map((row) => row.with(2, "x")));
    await send(dir, bad, { refused: [0, 1, 2, 3, 4, 5], copy: bad });
    await send(dir, changedIn(CORRECTED), { name: COPY });
    await assertRefused(send(dir, CORRECTED), `"${full(dir, COPY)}"`);
  },
);

testInFolder(
  "identify() knows a copy of copied rows as part of the copy",
  async (dir) => {
    const bad = csvOf(ROWS.slice(0, 4).map((row) => row.with(2, "x")));
    const half = csvOf(ROWS.slice(0, 4).with(0, ROWS[0]!.with(2, "x")));
    const last = csvOf([ROWS[0]!]);
    const nested = `${COPY}.rejected.csv`;
    await send(dir, FOUR_BAD, { refused: [0, 1, 2, 3], copy: bad });
    await send(dir, half, {
      name: COPY,
      refused: [0],
      copy: last.replace(",1,", ",x,"),
      copyName: nested,
    });
    await send(dir, last, { name: nested });
    const four = csvOf(ROWS.slice(0, 4));
    await assertRefused(
      send(dir, four, { name: COPY }),
      `"${full(dir, nested)}"`,
    );
    await assertRefused(send(dir, CORRECTED), `"${full(dir, COPY)}"`);
  },
);

testInFolder(
  "identify() knows a copy that is corrected by halves",
  async (dir) => {
    const bad = csvOf(ROWS.slice(0, 4).map((row) => row.with(2, "x")));
    const half = csvOf(ROWS.slice(0, 4).with(0, ROWS[0]!.with(2, "x")));
    await send(dir, FOUR_BAD, { refused: [0, 1, 2, 3], copy: bad });
    const id = await send(dir, half, { name: COPY, refused: [0] });
    const four = csvOf(ROWS.slice(0, 4));
    assertEquals(await send(dir, four, { name: COPY }), id);
    assertEquals(await send(dir, four, { name: COPY }), id);
  },
);
