import { assertEquals, assertRejects } from "@std/assert";
import { COPY, Desk, FILE } from "../support/desk.ts";
import { failCreate } from "../support/failing_calls.ts";
import { answer, okAll, play, take } from "../support/fake_central.ts";
import { Code, errorFrame } from "../support/frames.ts";
import { assertProblem } from "../support/problems.ts";

const ANA = "Ana,Gil,30904465,1999-03-17,7574\n";
const [EVA, BAD_EVA] = ["28", "29"].map((day) =>
  `Eva,Paz,20123456,1999-02-${day},15\n`
) as [string, string];
const [LUIS, BAD_LUIS] = ["30", "31"].map((day) =>
  `Luis,Sosa,31222333,1987-04-${day},300\n`
) as [string, string];
const JUAN = "Juan,Roca,28765432,1980-01-31,42\n";
const UNREADABLE = "Luis,Sosa,,1987,\n";

Desk.test("send() of a file stores its correction, although the batch of another row is refused", async (desk) => {
  const batches = { maxAmount: 2 };
  await desk.store(FILE, ANA + BAD_EVA + BAD_LUIS + JUAN, {}, batches);
  const half = ANA + EVA + BAD_LUIS + JUAN;
  await desk.store(FILE, half, {}, { ...batches, retryRefused: false });
  assertEquals((await desk.store(COPY, LUIS)).isFinished, true);
  assertEquals(desk.bets, 4);
});

Desk.test("send() of a copy finishes after a cut-off run of its file, which has no row of its own", async (desk) => {
  const refuse = play(answer(errorFrame(Code.INVALID_BET, 0, "no")), okAll);
  await desk.send(FILE, BAD_EVA + BAD_LUIS, {}, refuse);
  await desk.send(COPY, EVA);
  await desk.cut(FILE, BAD_EVA + BAD_LUIS, {}, play(take()));
  assertEquals(await desk.finishes(COPY, LUIS), true);
});

Desk.test("send() refuses a row of an old copy that may be one that is stored", async (desk) => {
  await desk.store(FILE, ANA + BAD_EVA + UNREADABLE);
  await desk.store(FILE, ANA + EVA + LUIS);
  await assertProblem(
    () => desk.store(COPY, `Luis,Sosa,,1987-04,\n${EVA}`),
    "the bet of line 1 cannot be matched to a row that was refused in",
  );
  assertEquals((await desk.store("b.csv", JUAN)).isFinished, true);
  assertEquals(desk.bets, 4);
});

Desk.test("send() refuses rows that were refused before while their folder can only be read", async (desk) => {
  const text = ANA + BAD_EVA;
  await desk.store(FILE, text);
  {
    using _readOnly = failCreate(desk.sent);
    const problem = `"${desk.sent}" cannot be written (Read-only file system`;
    await assertProblem(() => desk.store(COPY, EVA), problem);
    await assertProblem(() => desk.store(FILE, ANA + EVA), problem);
    assertEquals((await desk.store(FILE, text)).repeated, 1);
    assertEquals((await desk.store("b.csv", JUAN)).stored, 1);
  }
  assertEquals((await desk.store(COPY, EVA)).isFinished, true);
  assertEquals((await desk.store(FILE, ANA + EVA)).stored, 0);
  assertEquals(desk.bets, 3);
});

Desk.test("send() of a copy stores no row twice that a stopped run of its unchanged file has stored", async (desk) => {
  const text = ANA + BAD_EVA;
  await desk.store(FILE, text, {}, { retryRefused: false });
  assertEquals(desk.bets, 0);
  const controller = new AbortController();
  const { signal } = controller;
  const onProgress = () => {
    if (desk.bets > 0) controller.abort(new Error("stopped"));
  };
  await assertRejects(
    () => desk.store(FILE, text, { signal, onProgress }, { maxAmount: 1 }),
    Error,
    "stopped",
  );
  assertEquals(desk.bets, 1);
  assertEquals((await desk.store(COPY, ANA + EVA)).isFinished, true);
  assertEquals(desk.bets, 2);
});
