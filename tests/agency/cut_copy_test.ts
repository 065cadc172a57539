import { assertEquals, assertStringIncludes } from "@std/assert";
import { COPY, Desk, FILE } from "../support/desk.ts";
import {
  answer,
  okAll,
  play,
  repeated,
  take,
} from "../support/fake_central.ts";
import { Code, errorFrame } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";

const [first = "", second = "", third = "", fourth = ""] = rows(4)
  .map((row) => csvOf([row]));
const BAD = "no bet\r\n";
const WHOLE = first + second + third;

/** Cuts a run off after its first batch, before the reply. */
async function cutOff(desk: Desk, name: string, text: string): Promise<void> {
  await desk.cut(name, text, {}, play(take()));
}

Desk.test("send() sends the rows of a copy that was cut off under the copy's identity", async (desk) => {
  const { batches: [[id] = []], finishes } = await desk.send(
    FILE,
    first + BAD + BAD,
  );
  assertEquals(finishes[0]?.records, 3);
  await cutOff(desk, COPY, second + third);
  const corrected = await desk.send(FILE, WHOLE);
  const [, [copied] = []] = corrected.batches;
  assertEquals(corrected.batches, [[id!, 0], [copied!, 0], [copied!, 1]]);
  assertEquals(copied === id, false);
  assertEquals([corrected.stored, corrected.isFinished], [3, true]);
  // Now they are known to be stored.
  assertEquals((await desk.send(FILE, WHOLE)).batches, [[id!, 0]]);
  const known = play(repeated(2), okAll);
  const again = await desk.send(COPY, second + third, {}, known);
  assertEquals([again.batches, again.isFinished], [[[copied!, 0]], true]);
});

Desk.test("send() does not finish while neither the file nor its copy has stored a row", async (desk) => {
  await desk.send(FILE, first + BAD + BAD);
  await cutOff(desk, COPY, second + third);
  // The first row is stored as this file's, the second as the copy's.
  const half = await desk.send(FILE, first + second + BAD);
  assertEquals(half.isFinished, false);
  const whole = await desk.send(FILE, WHOLE);
  const [, [copied] = []] = half.batches;
  assertEquals(whole.batches.at(-1), [copied!, 1]);
  assertEquals([whole.stored, whole.isFinished], [2, true]);
});

Desk.test("send() finishes with a copy of which an earlier version was complete and then cut off", async (desk) => {
  await desk.send(FILE, first + BAD + BAD);
  await desk.send(COPY, second + BAD);
  await cutOff(desk, COPY, second + BAD);
  assertEquals(await desk.finishes("b.csv", fourth), false);
  assertStringIncludes(desk.lastError, "it has refused rows");
  assertEquals(await desk.finishes(COPY, second + third), true);
  assertEquals(await desk.finishes("b.csv", fourth), true);
});

Desk.test("send() keeps rows that another run may have stored when a correction is complete", async (desk) => {
  const { batches: [[id] = []] } = await desk.send(FILE, first + BAD + BAD);
  const corrected = first + BAD + third;
  await cutOff(desk, FILE, corrected);
  await cutOff(desk, COPY, second + third);
  await desk.send(FILE, corrected);
  const { batches } = await desk.send(COPY, second + third);
  assertEquals(batches, [[id!, 1]]);
});

Desk.test("send() of an old version of a copy leaves out the rows that its file has stored", async (desk) => {
  desk.maxAmount = 150;
  const old = second + third + fourth.replace("1999-03-17", "1999-02-29");
  await desk.send(FILE, first + BAD + BAD + BAD);
  await desk.send(COPY, second + BAD + BAD);
  await cutOff(desk, COPY, old);
  const { batches } = await desk.send(FILE, WHOLE + fourth);
  const [copy] = batches.at(-1)!;
  const refuse = answer(errorFrame(Code.INVALID_BET, 1, "no"));
  for (let run = 0; run < 2; run++) {
    const script = play(refuse, repeated(1), okAll);
    const again = await desk.send(COPY, old, {}, script);
    assertEquals(again.batches, [[copy, 1], [copy, 1]]);
  }
});
