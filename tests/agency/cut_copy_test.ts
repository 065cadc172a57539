import { assertEquals } from "@std/assert";
import { COPY, FILE } from "../support/deliveries.ts";
import { Desk } from "../support/desk.ts";
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

/** Sends one batch, and gets no reply. */
async function cutOff(desk: Desk, name: string, text: string): Promise<void> {
  await desk.cut(name, text, {}, play(take()));
}

Desk.test("send() brings the rows of a copy whose run was cut off, with its identity", async (desk) => {
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
  // Now it is known where they are.
  assertEquals((await desk.send(FILE, WHOLE)).batches, [[id!, 0]]);
  const known = play(repeated(2), okAll);
  const again = await desk.send(COPY, second + third, {}, known);
  assertEquals([again.batches, again.isFinished], [[[copied!, 0]], true]);
});

Desk.test("send() does not finish with a row that neither file nor copy has stored", async (desk) => {
  await desk.send(FILE, first + BAD + BAD);
  await cutOff(desk, COPY, second + third);
  // The first row is stored as this file's, the second as the copy's.
  const half = await desk.send(FILE, first + second + BAD);
  assertEquals(half.finishes[0]?.records, 2);
  const whole = await desk.send(FILE, WHOLE);
  const [, [copied] = []] = half.batches;
  assertEquals(whole.batches.at(-1), [copied!, 1]);
  assertEquals([whole.stored, whole.isFinished], [2, true]);
});

Desk.test("a run to the end does not forget what one of its copy may have stored", async (desk) => {
  const { batches: [[id] = []] } = await desk.send(FILE, first + BAD + BAD);
  const corrected = first + BAD + third;
  await cutOff(desk, FILE, corrected);
  await cutOff(desk, COPY, second + third);
  await desk.send(FILE, corrected);
  const { batches } = await desk.send(COPY, second + third);
  assertEquals(batches, [[id!, 1]]);
});

Desk.test("an old version of a copy that its file has completed leaves out the same rows", async (desk) => {
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
