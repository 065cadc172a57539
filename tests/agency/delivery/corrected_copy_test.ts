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
import { csvOf } from "../../support/rows.ts";

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
  assert(message.includes(`were corrected in "${elsewhere}" and`), message);
}

testInFolder(
  "identify() refuses a file whose refused rows were corrected in the copy",
  async (dir) => {
    const elsewhere = `${await Deno.realPath(dir)}/${COPY}`;
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
    const elsewhere = `${await Deno.realPath(dir)}/${COPY}`;
    await send(dir, WITH_BAD, { refused: [2], copy: BAD_ROW });
    await send(dir, GOOD_ROW, { name: COPY, isCut: true });
    await assertRefused(send(dir, CORRECTED), elsewhere);
  },
);

testInFolder(
  "identify() refuses the copy of rows that were corrected in the file",
  async (dir) => {
    const elsewhere = `${await Deno.realPath(dir)}/a.csv`;
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
