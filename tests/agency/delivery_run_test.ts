import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { Bet } from "../../client.ts";
import { RunStart } from "../../agency/delivery/run_start.ts";
import { COPY, Desk } from "../support/desk.ts";
import {
  answer,
  ok,
  okAll,
  play,
  type Script,
  take,
} from "../support/fake_central.ts";
import { Code, errorFrame, frame, Type } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";
import { assertProblem } from "../support/problems.ts";

const BAD_ROW = "no bet\r\n";
const A = csvOf(rows(6));
const B = csvOf(rows(6, 50));
const OTHER = csvOf(rows(9, 20));

/** A script for runs that must not connect. */
const unexpected: Script = () => {
  throw new Error("the agency has connected");
};

Desk.test("send() does not finish until a file that was cut off is sent again", async (desk) => {
  await desk.cut("a.csv", A, { finish: "no" });
  assertEquals(await desk.finishes("b.csv", B), false);
  assertStringIncludes(
    desk.lastError,
    `action: agency_finished | result: fail | client_id: 9 | file: ${
      desk.path("a.csv")
    } | since: 2`,
  );
  assertStringIncludes(
    desk.lastError,
    "it was not sent to its end | hint: send it again under this name; --finish-anyway",
  );
  assertEquals(await desk.finishes("a.csv", A), true);
  assertEquals(await desk.finishes("b.csv", B), true);
});

Desk.test("send() does not finish after a repeated run of another file was cut off", async (desk) => {
  await desk.send("a.csv", A);
  await desk.cut("a.csv", A);
  assertEquals(await desk.finishes("b.csv", B), false);
});

Desk.test("send() names the latest file that was cut off, and counts the others", async (desk) => {
  await desk.cut("a.csv", A);
  await desk.cut("c.csv", OTHER);
  assertEquals(await desk.finishes("b.csv", B), false);
  const latest = `file: ${desk.path("c.csv")} | since: 2`;
  assertStringIncludes(desk.lastError, latest);
  assertStringIncludes(desk.lastError, "| others: 1 |");
});

Desk.test("send() finishes with the last of two concurrent files", async (desk) => {
  let isFirst: boolean | undefined;
  const other: Script = async () => {
    isFirst = await desk.finishes("b.csv", B);
  };
  const script = play(take(), other, ok(), okAll);
  const { isFinished } = await desk.send("a.csv", A, {}, script);
  assertEquals([isFirst, isFinished], [false, true]);
});

Desk.test("send() does not finish while another run reads a file", async (desk) => {
  const { promise: isRead, resolve } = Promise.withResolvers<void>();
  let isFirst: boolean | undefined;
  async function* slowly(): AsyncGenerator<Bet> {
    yield {
      firstName: "Ana",
      lastName: "Gil",
      document: "1",
      birthdate: "1999-03-17",
      number: "7574",
    };
    isFirst = await desk.finishes("b.csv", B);
    resolve();
  }
  const sent = desk.sendBets(slowly());
  await isRead;
  assertEquals([isFirst, await sent], [false, true]);
  assertEquals(await desk.finishes("b.csv", B), true);
  // A run that was killed while it read its file.
  const start = new RunStart(desk.sent, 9);
  await start.mark(desk.path("b.csv"));
  assertEquals(await desk.finishes("c.csv", csvOf(rows(3))), false);
  assertEquals(await desk.finishes("b.csv", B), true);
  assertEquals(await desk.finishes("c.csv", csvOf(rows(3))), true);
  start.end();
  // A file that was cut off and is being read again counts once.
  await desk.cut("d.csv", csvOf(rows(4, 200)));
  using again = new RunStart(desk.sent, 9);
  await again.mark(desk.path("d.csv"));
  assertEquals(await desk.finishes("b.csv", B), false);
  assert(!desk.lastError.includes("others"), desk.lastError);
});

/** Runs that end before their first batch. */
const INTERRUPTED: Record<string, (desk: Desk) => Promise<unknown>> = {
  "was stopped while it read its file": async (desk) => {
    const controller = new AbortController();
    const { signal } = controller;
    const onProgress = () => controller.abort(new Error("stopped"));
    const send = () => desk.send("a.csv", A, { signal, onProgress });
    await assertRejects(send, Error, "stopped");
  },
  "lost the central before its first batch": async (desk) => {
    desk.token = Uint8Array.of(1);
    await desk.cut("a.csv", A, {}, play(take()));
    desk.token = undefined;
  },
};

for (const [what, interrupt] of Object.entries(INTERRUPTED)) {
  Desk.test(`send() does not finish after a run of another file that ${what}, unless that is gone`, async (desk) => {
    await interrupt(desk);
    assertEquals(await desk.finishes("b.csv", B), false);
    assertStringIncludes(desk.lastError, "a.csv | since: 2");
    assertStringIncludes(
      desk.lastError,
      "before its first batch | hint: send it; if another file has its bets, remove or rename it; --finish-anyway",
    );
    assertEquals(await desk.finishes("a.csv", A), true);
    assertEquals(await desk.finishes("b.csv", B), true);
    await interrupt(desk);
    await Deno.remove(desk.path("a.csv"));
    assertEquals(await desk.finishes("b.csv", B), true);
  });
}

Desk.test("send() finishes after a run of another file that cannot be sent", async (desk) => {
  await assertProblem(() => desk.send("a.csv", ""), "it has no bets");
  assertEquals(await desk.finishes("b.csv", B), true);
});

Desk.test("send() says that the central has another store if bets are missing", async (desk) => {
  const incomplete = play(
    answer(frame(Type.OK), 3),
    answer(errorFrame(Code.INCOMPLETE, undefined, "2 missing")),
  );
  const { isFinished } = await desk.send("a.csv", A, {}, incomplete);
  assertEquals(isFinished, false);
  assertStringIncludes(
    desk.lastError,
    "hint: the central has another store now; send the file again",
  );
  await desk.send("b.csv", B + BAD_ROW, {}, incomplete);
  assertStringIncludes(desk.log.lines.at(-2)!, "action: read_bet");
  assertStringIncludes(desk.lastError, "action: agency_finished");
  assertStringIncludes(
    desk.lastError,
    "hint: correct the refused rows and send them; --finish-anyway finishes without",
  );
});

Desk.test("send() does not finish until refused rows of another file are corrected", async (desk) => {
  await desk.send("a.csv", A + BAD_ROW, { finish: "no" });
  assertEquals(await desk.finishes("b.csv", B), false);
  assertStringIncludes(
    desk.lastError,
    "it has refused rows that are not corrected | hint: correct them",
  );
  assertEquals(await desk.finishes(COPY, csvOf(rows(1, 90))), true);
  const what = `file: ${desk.path(COPY)} | rows: 1 | line: 1`;
  const where = `refused_in: ${desk.path("a.csv")}`;
  const line =
    `INFO action: find_refused | result: success | ${what} | ${where}`;
  assert(desk.log.lines.includes(line), desk.log.lines.join("\n"));
  assertEquals(await desk.finishes("b.csv", B), true);
});

Desk.test("send() does not finish without refused rows of another file, although a cut-off run has stored its own", async (desk) => {
  await desk.send("a.csv", A + BAD_ROW, { finish: "no" });
  await desk.send("b.csv", B + BAD_ROW, { finish: "no" });
  await desk.cut("b.csv", B + csvOf(rows(1, 90)));
  // The central has all rows of this file, so it would let the agency finish.
  assertEquals(await desk.finishes("b.csv", B + BAD_ROW), false);
  assertStringIncludes(desk.lastError, `file: ${desk.path("a.csv")} |`);
});

Desk.test("send() does not finish if a file with refused rows was replaced by another one", async (desk) => {
  await desk.send("a.csv", A + BAD_ROW);
  assertEquals(await desk.finishes("a.csv", OTHER, { asNew: true }), false);
  assertStringIncludes(
    desk.lastError,
    `hint: correct them in "${
      desk.path(COPY)
    }" and send them, unless this version of the file brought them; --finish-anyway`,
  );
  assertEquals(await desk.finishes(COPY, csvOf(rows(1, 90))), true);
  assertEquals(await desk.finishes("a.csv", OTHER), true);
});

Desk.test("send() does not finish if a file that was cut off was replaced by another one", async (desk) => {
  await desk.cut("a.csv", A);
  assertEquals(await desk.finishes("a.csv", OTHER, { asNew: true }), false);
  assertEquals(await desk.finishes("a.csv", A), true);
  assertEquals(await desk.finishes("a.csv", OTHER), true);
});

Desk.test("send() holds the lock of the agency until the first batch", async (desk) => {
  desk.token = Uint8Array.of(1);
  const isTaken: boolean[] = [];
  const look: Script = async () => {
    const options = { write: true };
    using file = await Deno.open(`${desk.sent}/agency-9-turn`, options);
    isTaken.push(!await file.tryLock(true));
  };
  const script = play(take(), look, ok(), take(), look, ok(), okAll);
  await desk.send("a.csv", A, {}, script);
  assertEquals(isTaken, [true, false]);
});

Desk.test("send() sends nothing if another delivery's entry is damaged", async (desk) => {
  await desk.cut("a.csv", A);
  const [entry] = desk.entries;
  const text = await Deno.readTextFile(entry!);
  await Deno.writeTextFile(entry!, "");
  for (const finish of ["complete", "anyway"] as const) {
    await assertProblem(
      () => desk.send("b.csv", B, { finish }, unexpected),
      `"${entry}" is damaged (`,
    );
  }
  await Deno.writeTextFile(entry!, text);
  assertEquals(await desk.finishes("b.csv", B), false);
  assertEquals(await desk.finishes("a.csv", A), true);
  // Also if the file's content is known and its own entry is whole.
  await desk.cut("c.csv", OTHER);
  for (const path of desk.entries) {
    if (path.endsWith("-open.json")) await Deno.writeTextFile(path, "");
  }
  await assertProblem(
    () => desk.send("b.csv", B, {}, unexpected),
    "is damaged (",
  );
});

Desk.test("send() with finish: anyway gives up other files, until they are sent again", async (desk) => {
  await desk.cut("a.csv", A);
  await desk.send("c.csv", OTHER + BAD_ROW);
  assertEquals(await desk.finishes("b.csv", B), false);
  const bad = csvOf(rows(6, 40)) + BAD_ROW;
  assertEquals(await desk.finishes("e.csv", bad, { finish: "anyway" }), true);
  assertEquals(await desk.finishes("b.csv", B), true);
  assertEquals(await desk.finishes("d.csv", csvOf(rows(9, 70))), true);
  await desk.cut("a.csv", A);
  assertEquals(await desk.finishes("b.csv", B), false);
});

Desk.test("send() says that it waits for no other file if the folder cannot be written", async (desk) => {
  await Deno.writeTextFile(desk.sent, "not a folder");
  await desk.send("a.csv", A + BAD_ROW, { finish: "no" });
  assertEquals(await desk.finishes("b.csv", B), true);
  assertMatch(
    desk.log.linesWith("remember_delivery").at(-1)!,
    /^WARN .* effect: the agency finishes without waiting for other files, .* --no-finish$/,
  );
});

Desk.test("send() finishes without a folder for its entries", async (desk) => {
  const options = { sentFolder: "" };
  await desk.cut("a.csv", A, options);
  assertEquals(await desk.finishes("b.csv", B, options), true);
});
