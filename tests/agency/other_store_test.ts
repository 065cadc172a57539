import { assertEquals } from "@std/assert";
import { COPY, Desk, FILE } from "../support/desk.ts";
import {
  answer,
  ok,
  okAll,
  play,
  repeated,
  type Script,
  take,
} from "../support/fake_central.ts";
import { Code, errorFrame } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";

const SECOND_COPY = "a.csv.rejected-2.csv";
const HEADER = "Nombre,Apellido,Documento,Nacimiento,Numero\n";
const BAD_ROW = "no bet\r\n";
const GOOD = csvOf(rows(1));

/** Rows with an impossible birthdate. */
function bad(count: number, first: number): string {
  return csvOf(rows(count, first).map((row) => row.with(3, "1999-02-29")));
}

function refuse(index: number): Script {
  return answer(errorFrame(Code.INVALID_BET, index, "no"));
}

/** Refuses the second and the third row; batches have two rows. */
const refuseTwo = play(refuse(1), take(), ok(), refuse(0), okAll);

Desk.test("send() does not count a header as a stored row, so another file may follow", async (desk) => {
  const script = play(refuse(0), okAll);
  const { refused } = await desk.send(FILE, HEADER + bad(2, 1), {}, script);
  assertEquals(refused, 2);
  await desk.send(COPY, csvOf(rows(2)));
  const next = await desk.send(FILE, HEADER + csvOf(rows(2, 50)));
  assertEquals([next.stored, next.repeated, next.isFinished], [2, 0, true]);
});

Desk.test("send() of an old version with a header leaves out rows that were corrected since", async (desk) => {
  await desk.send(FILE, HEADER + bad(2, 1), {}, play(refuse(0), okAll));
  await desk.send(FILE, HEADER + csvOf(rows(2)));
  const old = await desk.send(FILE, HEADER + bad(2, 1));
  const { refused, repeated, rejectedFile } = old;
  assertEquals([refused, repeated, rejectedFile], [0, 2, undefined]);
});

Desk.test("send() does not count stored bets as new after a lost reply", async (desk) => {
  const again = play(repeated(1), okAll);
  await desk.send(FILE, GOOD + BAD_ROW);
  await desk.send(FILE, GOOD + csvOf(rows(1, 90)), {}, again);
  desk.maxAttempts = 2;
  const old = await desk.send(FILE, GOOD + BAD_ROW, {}, play(take()), again);
  assertEquals([old.stored, old.refused, old.rejectedFile], [1, 1, undefined]);
});

Desk.test("send() does not count stored bets as missing if their whole batch is refused", async (desk) => {
  const text = GOOD + bad(1, 90);
  await desk.send(FILE, text, {}, play(refuse(1), okAll));
  const again = await desk.send(FILE, text, {}, play(refuse(5), okAll));
  assertEquals(again.refused, 2);
  assertEquals(await Deno.readTextFile(again.rejectedFile!), bad(1, 90));
});

Desk.test("send() notices another store although more of the file's rows were refused than stored", async (desk) => {
  const text = GOOD + bad(2, 90);
  const [first, second] = [csvOf(rows(1, 90)), csvOf(rows(1, 91))];
  const copyOfCopy = `${COPY}.rejected.csv`;
  const half = first + bad(1, 91);
  for (
    const [name, content] of [[FILE, text], [COPY, half], [copyOfCopy, second]]
  ) {
    await desk.store(name!, content!);
  }
  assertEquals(desk.bets, 3);
  // The other store, which takes everything.
  assertEquals(await desk.finishes(FILE, text), false);
  assertEquals(await desk.finishes(COPY, half), false);
  assertEquals(await desk.finishes(copyOfCopy, second), true);
});

Desk.test("send() to a restored store finishes only after every copy of the file", async (desk) => {
  const text = GOOD + bad(2, 90);
  const [first, second] = [csvOf(rows(1, 90)), csvOf(rows(1, 91))];
  await desk.send(FILE, text, {}, refuseTwo);
  await desk.send(COPY, first);
  await desk.send(FILE, text, {}, play(refuse(2), repeated(1), okAll));
  assertEquals(desk.copies(), [SECOND_COPY, COPY]);
  assertEquals(await desk.finishes(SECOND_COPY, second), true);
  const incomplete = answer(errorFrame(Code.INCOMPLETE, 0, "1 of 1"));
  await desk.send(FILE, text, {}, play(repeated(1), incomplete));
  assertEquals(await desk.finishes(COPY, first), false);
  assertEquals(await desk.finishes(SECOND_COPY, second), true);
  assertEquals(await desk.finishes("b.csv", csvOf(rows(1, 9))), true);
});

Desk.test("send() to a restored store takes from the copy what it had stored for its file", async (desk) => {
  const text = GOOD + bad(1, 90);
  const good = csvOf(rows(1, 90));
  const refuseOne = play(refuse(1), okAll);
  await desk.send(FILE, text, {}, refuseOne);
  await desk.cut(FILE, GOOD + good, {}, play(take()));
  const { batches } = await desk.send(COPY, good);
  await desk.send(FILE, text, {}, refuseOne);
  const again = await desk.send(COPY, good);
  assertEquals([batches.length, again.batches.length], [1, 1]);
  assertEquals(await desk.finishes("b.csv", csvOf(rows(1, 9))), true);
});

Desk.test("send() finishes without an old version of a copy that has stored nothing", async (desk) => {
  const half = csvOf(rows(1, 90)) + bad(1, 91);
  await desk.send(FILE, GOOD + bad(2, 90), {}, refuseTwo);
  await desk.cut(FILE, GOOD + half);
  await desk.cut(COPY, half);
  await desk.send(COPY, csvOf(rows(2, 90)));
  assertEquals(await desk.finishes(FILE, GOOD + csvOf(rows(2, 90))), true);
});
