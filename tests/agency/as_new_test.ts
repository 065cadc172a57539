import { assertEquals, assertNotEquals } from "@std/assert";
import { COPY, Desk, FILE } from "../support/desk.ts";
import { answer, ok, okAll, play, take } from "../support/fake_central.ts";
import { Code, errorFrame } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";

const BAD_ROW = "no bet\r\n";
const TEXT = csvOf(rows(2));
const AS_NEW = { asNew: true };

/** Sends a file once more. Returns the identity under which it is stored. */
async function identityOf(
  desk: Desk,
  text: string,
  options: { asNew?: boolean },
): Promise<string> {
  const { batches } = await desk.send(FILE, text, options);
  return batches[0]![0];
}

for (const options of [AS_NEW, {}]) {
  Desk.test(`send() with ${JSON.stringify(options)} continues a run with asNew that lost the central before it finished`, async (desk) => {
    const first = await identityOf(desk, TEXT, {});
    await desk.cut(FILE, TEXT, AS_NEW);
    const second = await identityOf(desk, TEXT, options);
    assertNotEquals(second, first);
    assertEquals(identitiesIn(desk).toSorted(), [first, second].toSorted());
    // That run has ended.
    const third = await identityOf(desk, TEXT, AS_NEW);
    assertEquals(new Set([first, second, third]).size, 3);
  });
}

Desk.test("send() with asNew continues the first run of a file, too", async (desk) => {
  await desk.cut(FILE, TEXT, AS_NEW);
  const first = await identityOf(desk, TEXT, AS_NEW);
  assertEquals(identitiesIn(desk), [first]);
});

Desk.test("send() with asNew does not continue a run that ended with refused rows", async (desk) => {
  const first = await identityOf(desk, TEXT + BAD_ROW, AS_NEW);
  const second = await identityOf(desk, TEXT + BAD_ROW, AS_NEW);
  assertNotEquals(second, first);
});

Desk.test("send() with asNew leaves out the rows of a run it continues that a copy has stored", async (desk) => {
  desk.maxAmount = 1;
  const refuse = answer(errorFrame(Code.INVALID_BET, 0, "no"));
  const script = play(take(), ok(), refuse, okAll);
  const options = { ...AS_NEW, staysOpen: true };
  const { batches: [own] } = await desk.send(FILE, TEXT, options, script);
  await desk.send(COPY, csvOf(rows(2).slice(1)));
  assertEquals((await desk.send(FILE, TEXT, AS_NEW)).batches, [own!]);
});

/** The identities of the deliveries in the state folder. */
function identitiesIn(desk: Desk): string[] {
  return desk.entries.map((path) => /agency-9-([0-9a-f]{16})-/.exec(path)![1]!);
}
