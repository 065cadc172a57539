import { assertEquals } from "@std/assert";
import { COPY, testAtDesk } from "../support/desk.ts";
import {
  answer,
  okAll,
  play,
  type Script,
  take,
} from "../support/fake_central.ts";
import { Code, errorFrame, frame, Type } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";

const FILE = "a.csv";
const SECOND_COPY = "a.csv.rejected-2.csv";
const HEADER = "Nombre,Apellido,Documento,Nacimiento,Numero\n";
const BAD_ROW = "no bet\r\n";
const GOOD = csvOf(rows(1));

/** Rows whose birthdate does not exist. */
function bad(count: number, first: number): string {
  return csvOf(rows(count, first).map((row) => row.with(3, "1999-02-29")));
}

/** Refuses the bet at an index of the first batch, then accepts all. */
function refuse(index: number): Script {
  return play(answer(errorFrame(Code.INVALID_BET, index, "no")), okAll);
}

/** Refuses the second and the third row, of batches of two. */
const refuseTwo = play(
  answer(errorFrame(Code.INVALID_BET, 1, "no")),
  answer(frame(Type.OK)),
  answer(errorFrame(Code.INVALID_BET, 0, "no")),
  okAll,
);

/** Says that the first batch was there before. */
function repeat(bets: number): Script {
  return answer(frame(Type.OK, Uint8Array.of(0, bets)));
}

testAtDesk(
  "send() takes a header for no stored row: another file may follow",
  async (desk) => {
    const { refused } = await desk.send(
      FILE,
      HEADER + bad(2, 1),
      {},
      refuse(0),
    );
    assertEquals(refused, 2);
    await desk.send(COPY, csvOf(rows(2)));
    const next = await desk.send(FILE, HEADER + csvOf(rows(2, 50)));
    assertEquals([next.stored, next.repeated, next.isFinished], [2, 0, true]);
  },
);

testAtDesk(
  "send() leaves out an old version of which all was refused, with a header",
  async (desk) => {
    await desk.send(FILE, HEADER + bad(2, 1), {}, refuse(0));
    await desk.send(FILE, HEADER + csvOf(rows(2)));
    const old = await desk.send(FILE, HEADER + bad(2, 1));
    assertEquals([old.refused, old.repeated, old.rejectedFile], [
      ...[0, 2, undefined],
    ]);
  },
);

testAtDesk(
  "send() after a lost reply does not take bets for new that were stored before",
  async (desk) => {
    await desk.send(FILE, GOOD + BAD_ROW);
    await desk.send(
      FILE,
      GOOD + csvOf(rows(1, 90)),
      {},
      play(repeat(1), okAll),
    );
    desk.maxAttempts = 2;
    const again = play(repeat(1), okAll);
    const old = await desk.send(FILE, GOOD + BAD_ROW, {}, play(take()), again);
    assertEquals([old.stored, old.refused, old.rejectedFile], [
      1,
      1,
      undefined,
    ]);
  },
);

testAtDesk(
  "send() does not take stored bets for missing because all of a batch is refused",
  async (desk) => {
    const text = GOOD + bad(1, 90);
    await desk.send(FILE, text, {}, refuse(1));
    const { refused, rejectedFile } = await desk.send(
      FILE,
      text,
      {},
      play(answer(errorFrame(Code.INVALID_BET, 5, "no")), okAll),
    );
    assertEquals(refused, 2);
    assertEquals(await Deno.readTextFile(rejectedFile!), bad(1, 90));
  },
);

testAtDesk(
  "send() to a restored store finishes only with every copy of its file",
  async (desk) => {
    await desk.send(FILE, GOOD + bad(2, 90), {}, refuseTwo);
    const [first, second] = [csvOf(rows(1, 90)), csvOf(rows(1, 91))];
    await desk.send(COPY, first);
    const half = play(
      answer(errorFrame(Code.INVALID_BET, 2, "no")),
      repeat(1),
      okAll,
    );
    await desk.send(FILE, GOOD + bad(2, 90), {}, half);
    assertEquals(desk.copies(), [SECOND_COPY, COPY]);
    assertEquals(await desk.finishes(SECOND_COPY, second), true);
    const incomplete = errorFrame(Code.INCOMPLETE, 0, "1 of 1");
    const restored = play(repeat(1), answer(incomplete));
    await desk.send(FILE, GOOD + bad(2, 90), {}, restored);
    assertEquals(await desk.finishes(COPY, first), false);
    assertEquals(await desk.finishes(SECOND_COPY, second), true);
    assertEquals(await desk.finishes("b.csv", csvOf(rows(1, 9))), true);
  },
);

testAtDesk(
  "send() does not wait for an old version of a copy that stored nothing",
  async (desk) => {
    await desk.send(FILE, GOOD + bad(2, 90), {}, refuseTwo);
    await desk.cut(FILE, GOOD + csvOf(rows(1, 90)) + bad(1, 91));
    await desk.cut(COPY, csvOf(rows(1, 90)) + bad(1, 91));
    await desk.send(COPY, csvOf(rows(2, 90)));
    assertEquals(await desk.finishes(FILE, GOOD + csvOf(rows(2, 90))), true);
  },
);
