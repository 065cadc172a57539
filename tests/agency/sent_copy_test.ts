import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { COPY, Desk } from "../support/desk.ts";
import {
  answer,
  okAll,
  play,
  repeated,
  serve,
} from "../support/fake_central.ts";
import { Code, errorFrame } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";
import { assertProblem } from "../support/problems.ts";

const BAD_ROW = "no bet\r\n";
const GOOD_ROW = csvOf(rows(1, 90));
const A = csvOf(rows(6));

Desk.test("send() by another agency keeps this agency's copy of the same file", async (desk) => {
  await desk.send("a.csv", A + BAD_ROW);
  desk.agency = 8;
  await desk.send("a.csv", A + BAD_ROW);
  assertEquals(desk.copies(), ["a.csv.rejected-2.csv", COPY]);
  assertEquals(await desk.finishes("a.csv", A + GOOD_ROW), true);
  assertEquals(desk.copies(), [COPY]);
  desk.agency = 9;
  assertEquals(await desk.finishes("a.csv", A + GOOD_ROW), true);
  assertEquals(desk.copies(), []);
});

Desk.test("send() of a copy leaves out what was sent in its file, and says so", async (desk) => {
  // A row that is too long to be sent is recognized by its document and number.
  await desk.send("a.csv", A + GOOD_ROW.replace("Ana", "Ana".repeat(99)));
  const { sentBefore, repeated } = await desk.send("a.csv", A + GOOD_ROW);
  assertEquals(repeated, 0);
  const since = Date.parse(sentBefore!);
  assert(since <= Date.now() && since > Date.now() - 60_000);
  const again = await desk.send("a.csv", A + GOOD_ROW);
  assertEquals(again.sentBefore, sentBefore);
  const copy = await desk.send(COPY, GOOD_ROW);
  assertEquals([copy.stored, copy.repeated, copy.records], [0, 1, 1]);
  const line =
    `WARN action: leave_out | result: success | file: ${desk.path(COPY)}` +
    ` | rows: 1 | line: 1 | reason: sent in "${desk.path("a.csv")}"` +
    " | hint: --as-new sends them too";
  assert(desk.log.lines.includes(line), desk.log.lines.join("\n"));
});

Desk.test("send() of a file says that its copy's rows are stored, and finishes", async (desk) => {
  await desk.send("a.csv", A + BAD_ROW, { finish: "no" });
  await desk.send(COPY, GOOD_ROW);
  const repeat = play(...[2, 2, 2].map(repeated), okAll);
  const again = await desk.send("a.csv", A + BAD_ROW, {}, repeat);
  assertEquals(again.rejectedFile, undefined);
  // This file was just confirmed; FINISH asks for the copy.
  assertEquals(again.finishes.map((one) => one?.records), [1]);
  assertEquals(
    desk.log.lines.findLast((line) => line.startsWith("WARN")),
    `WARN action: leave_out | result: success | file: ${
      desk.path("a.csv")
    } | rows: 1 | reason: sent in "${desk.path(COPY)}"`,
  );
  // Another store has neither the file nor its copy.
  assertEquals(await desk.finishes("a.csv", A + BAD_ROW), false);
  assertStringIncludes(desk.lastError, `file: ${desk.path(COPY)} | since: `);
  assertEquals(await desk.finishes("b.csv", csvOf(rows(6, 50))), false);
  assertEquals(await desk.finishes(COPY, GOOD_ROW), true);
  assertEquals(await desk.finishes("b.csv", csvOf(rows(6, 50))), true);
});

Desk.test("send() of a copy expects the other rows of its file, too", async (desk) => {
  const file = await desk.send("a.csv", A + BAD_ROW + BAD_ROW);
  const half = await desk.send(COPY, GOOD_ROW + BAD_ROW);
  assertEquals(half.finishes.map((one) => one?.records), [2]);
  const whole = await desk.send(COPY, csvOf(rows(2, 90)));
  const { fingerprint } = file.finishes[0]!;
  assertEquals(whole.finishes, [{ fingerprint, records: 6 }]);
});

Desk.test("send() of a file does not count rows that a new store refuses as stored", async (desk) => {
  const closed = answer(errorFrame(Code.BETTING_CLOSED, 0, "closed"), 3);
  await desk.send("a.csv", A + BAD_ROW);
  await desk.send(COPY, GOOD_ROW);
  const again = await desk.send("a.csv", A + BAD_ROW, {}, play(closed, okAll));
  assertEquals(again.refused, 6);
  assertEquals(await Deno.readTextFile(again.rejectedFile!), A);
  assertEquals(desk.log.linesWith("old"), []);
});

Desk.test("send() of a file whose rows were all refused expects its copy", async (desk) => {
  const bad = csvOf(rows(2).map((row) => row.with(2, "x")));
  const refuse = play(answer(errorFrame(Code.INVALID_BET, 0, "no")), okAll);
  await desk.send("a.csv", bad, {}, refuse);
  const copy = await desk.send(COPY, csvOf(rows(2)));
  const again = await desk.send("a.csv", bad, {}, refuse);
  assertEquals(again.finishes, copy.finishes);
});

Desk.test("send() recognizes a delivery whose copy could not be written", async (desk) => {
  await Deno.mkdir(`${desk.dir}/copies`);
  const options = {
    rejectedFile: `${desk.dir}/copies/x.csv`,
    onRefused: () => Deno.removeSync(`${desk.dir}/copies`),
  };
  await assertProblem(
    () => desk.send("a.csv", A + BAD_ROW, options),
    "Cannot write the refused rows to",
  );
  const { records } = await desk.send("a.csv", A + GOOD_ROW);
  assertEquals(records, 7);
});

Desk.test("send() copies only missing rows after the draw", async (desk) => {
  desk.maxAmount = 10;
  const [missing] = rows(1, 4);
  await desk.send(
    "a.csv",
    csvOf(rows(9).with(3, missing!.with(2, "x"))),
    {},
    play(answer(errorFrame(Code.INVALID_BET, 3, "because")), serve),
  );
  const { refused, rejectedFile } = await desk.send(
    "a.csv",
    csvOf(rows(9)),
    {},
    play(answer(errorFrame(Code.BETTING_CLOSED, undefined, "late")), serve),
  );
  assertEquals(refused, 1);
  assertEquals(await Deno.readTextFile(rejectedFile!), csvOf([missing!]));
});

Desk.test("send() of an old version copies no corrected row, and keeps the entry", async (desk) => {
  desk.maxAmount = 10;
  const old = `${A}no bet\nnone\n`;
  const [seventh, eighth, other] = rows(3, 7);
  const half = A + csvOf([seventh!]);
  const whole = half + csvOf([eighth!]);
  const runs: [text: string, stored: number, copy?: string][] = [
    [old, 0, "no bet\r\nnone\r\n"],
    [`${half}none\n`, 6, "none\r\n"],
    [old, 6, "none\r\n"],
    [whole, 7],
    [old, 6],
  ];
  for (const [text, stored, copy] of runs) {
    const script = play(repeated(stored), okAll);
    const { rejectedFile } = await desk.send("a.csv", text, {}, script);
    const found = rejectedFile && await Deno.readTextFile(rejectedFile);
    assertEquals(found, copy);
  }
  const counts = desk.log.values(/reason: (\d) of its refused rows are stored/);
  assertEquals(counts, ["1", "2"]);
  await assertProblem(
    () => desk.send("a.csv", half + csvOf([other!])),
    "line 8 was changed since",
  );
});

Desk.test("send() does not overwrite the refused rows of another file", async (desk) => {
  const options = { rejectedFile: `${desk.dir}/refused.csv`, asNew: true };
  const copies: (string | undefined)[] = [];
  for (const text of ["monday\n", "tuesday\n", ""]) {
    const { rejectedFile } = await desk.send("a.csv", A + text, options);
    copies.push(rejectedFile);
  }
  const { rejectedFile } = options;
  assertEquals(copies, [rejectedFile, `${desk.dir}/refused-2.csv`, undefined]);
  assertEquals(await Deno.readTextFile(rejectedFile), "monday\r\n");
});
