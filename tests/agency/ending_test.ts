import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { Bet } from "../../client.ts";
import { Start } from "../../agency/delivery/start.ts";
import { ProgramError } from "../../program/errors.ts";
import { recordsOf } from "../support/deliveries.ts";
import { COPY, testAtDesk } from "../support/desk.ts";
import { answer, okAll, play, type Script } from "../support/fake_central.ts";
import { Code, errorFrame, frame, Type } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";

const BAD_ROW = "no bet\r\n";
const bet: Bet = {
  firstName: "Ana",
  lastName: "Gil",
  document: "1",
  birthdate: "1999-03-17",
  number: "7574",
};

/** A script for a run that does not connect. */
const unexpected: Script = () => {
  throw new Error("the agency has connected");
};

const A = csvOf(rows(6));
const B = csvOf(rows(6, 50));

testAtDesk("send() does not finish while a file was cut off", async (desk) => {
  await desk.cut("a.csv", A, { finish: "no" });
  assertEquals(await desk.finishes("b.csv", B), false);
  const line = desk.lastError;
  assertStringIncludes(line, "action: agency_finished | result: fail");
  assertStringIncludes(line, `file: ${desk.path("a.csv")} | since: 2`);
  assertStringIncludes(
    line,
    "it was not sent to its end | hint: send it again",
  );
  assertEquals(await desk.finishes("a.csv", A), true);
  assertEquals(await desk.finishes("b.csv", B), true);
});

testAtDesk(
  "send() does not finish while a file that was sent before was cut off",
  async (desk) => {
    await desk.send("a.csv", A);
    await desk.cut("a.csv", A);
    assertEquals(await desk.finishes("b.csv", B), false);
  },
);

testAtDesk(
  "send() names the latest of the files that were cut off",
  async (desk) => {
    await desk.cut("a.csv", A);
    await desk.cut("c.csv", csvOf(rows(6, 20)));
    assertEquals(await desk.finishes("b.csv", B), false);
    assertStringIncludes(
      desk.lastError,
      `file: ${desk.path("c.csv")} | since: 2`,
    );
    assertStringIncludes(desk.lastError, "| others: 1 |");
  },
);

testAtDesk("send() finishes with the last of two files", async (desk) => {
  let isFirst: boolean | undefined;
  const { isFinished } = await desk.send("a.csv", A, {}, async (session) => {
    await session.take();
    isFirst = await desk.finishes("b.csv", B);
    await session.ok();
    await session.okAll();
  });
  assertEquals([isFirst, isFinished], [false, true]);
});

testAtDesk("send() does not finish while a file is read", async (desk) => {
  const { promise: isRead, resolve } = Promise.withResolvers<void>();
  let isFirst: boolean | undefined;
  async function* slowly(): AsyncGenerator<Bet> {
    yield bet;
    isFirst = await desk.finishes("b.csv", B);
    resolve();
  }
  const sent = desk.sendBets(slowly());
  await isRead;
  assertEquals([isFirst, await sent], [false, true]);
  assertEquals(await desk.finishes("b.csv", B), true);
  // A run that was killed while it read its file.
  const start = new Start(desk.sent, 9);
  await start.mark(desk.path("b.csv"));
  assertEquals(await desk.finishes("c.csv", csvOf(rows(3))), false);
  assertEquals(await desk.finishes("b.csv", B), true);
  assertEquals(await desk.finishes("c.csv", csvOf(rows(3))), true);
  start[Symbol.dispose]();
  // One that was cut off before is named once.
  await desk.cut("d.csv", csvOf(rows(4, 200)));
  using again = new Start(desk.sent, 9);
  await again.mark(desk.path("d.csv"));
  assertEquals(await desk.finishes("b.csv", B), false);
  assert(!desk.lastError.includes("others"), desk.lastError);
});

testAtDesk("send() says that another store lacks bets", async (desk) => {
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
  const bad = B + BAD_ROW;
  await desk.send("b.csv", bad, {}, incomplete);
  assertStringIncludes(desk.log.lines.at(-2)!, "action: read_bet");
  assertStringIncludes(desk.lastError, "action: agency_finished");
  assertStringIncludes(
    desk.log.lines.findLast((line) => line.includes("agency_finished"))!,
    "hint: correct the refused rows and send them; --finish-anyway finishes without",
  );
});

testAtDesk(
  "send() does not finish while refused rows are not corrected",
  async (desk) => {
    await desk.send("a.csv", A + BAD_ROW, { finish: "no" });
    assertEquals(await desk.finishes("b.csv", B), false);
    assertStringIncludes(
      desk.lastError,
      "it has refused rows that are not corrected | hint: correct them",
    );
    const good = csvOf(rows(1, 90));
    assertEquals(await desk.finishes(COPY, good), true);
    const what = `file: ${desk.path(COPY)} | rows: 1 | line: 1`;
    assert(desk.log.lines.includes(
      `INFO action: find_refused | result: success | ${what} | refused_in: ${
        desk.path("a.csv")
      }`,
    ));
    assertEquals(await desk.finishes("b.csv", B), true);
  },
);

testAtDesk(
  "send() of the same file by another agency keeps this one's copy",
  async (desk) => {
    await desk.send("a.csv", A + BAD_ROW);
    desk.agency = 8;
    await desk.send("a.csv", A + BAD_ROW);
    assertEquals(desk.copies(), ["a.csv.rejected-2.csv", COPY]);
    const good = A + csvOf(rows(1, 90));
    assertEquals(await desk.finishes("a.csv", good), true);
    assertEquals(desk.copies(), [COPY]);
    desk.agency = 9;
    assertEquals(await desk.finishes("a.csv", good), true);
    assertEquals(desk.copies(), []);
  },
);

testAtDesk(
  "send() of a copy leaves out what was sent in its file, and says so",
  async (desk) => {
    // Too long to be sent, it is known by its document and number.
    const bad = csvOf(rows(1, 90)).replace("Ana", "Ana".repeat(99));
    const good = csvOf(rows(1, 90));
    await desk.send("a.csv", A + bad);
    const { sentBefore, repeated } = await desk.send("a.csv", A + good);
    assertEquals(repeated, 0);
    const since = Date.parse(sentBefore!);
    assert(since <= Date.now() && since > Date.now() - 60_000);
    assertEquals((await desk.send("a.csv", A + good)).sentBefore, sentBefore);
    const copy = await desk.send(COPY, good);
    assertEquals([copy.stored, copy.repeated, copy.records], [0, 1, 1]);
    const line =
      `WARN action: leave_out | result: success | file: ${desk.path(COPY)}` +
      ` | rows: 1 | line: 1 | reason: sent in "${desk.path("a.csv")}"` +
      " | hint: --as-new sends them too";
    assert(desk.log.lines.includes(line), desk.log.lines.join("\n"));
  },
);

testAtDesk(
  "send() does not finish if another file has the name of one with bad rows",
  async (desk) => {
    await desk.send("a.csv", A + BAD_ROW);
    const tomorrow = csvOf(rows(9, 20));
    const asNew = { asNew: true };
    assertEquals(await desk.finishes("a.csv", tomorrow, asNew), false);
    const copy = desk.path(COPY);
    assertStringIncludes(
      desk.lastError,
      `hint: correct them in "${copy}" and send them, unless another file brought them; --finish-anyway`,
    );
    assertEquals(await desk.finishes(COPY, csvOf(rows(1, 90))), true);
    assertEquals(await desk.finishes("a.csv", tomorrow), true);
  },
);

testAtDesk(
  "send() does not finish if another file has the name of one that was cut off",
  async (desk) => {
    await desk.cut("a.csv", A);
    const other = csvOf(rows(9, 20));
    assertEquals(await desk.finishes("a.csv", other, { asNew: true }), false);
    assertEquals(await desk.finishes("a.csv", A), true);
    assertEquals(await desk.finishes("a.csv", other), true);
  },
);

testAtDesk(
  "send() lets no other run identify its file before the first batch",
  async (desk) => {
    desk.token = Uint8Array.of(1);
    const isTaken: boolean[] = [];
    async function look(): Promise<void> {
      using file = await Deno.open(`${desk.sent}/agency-9-turn`, {
        write: true,
      });
      isTaken.push(!await file.tryLock(true));
    }
    await desk.send("a.csv", A, {}, async (session) => {
      await session.take();
      await look();
      await session.ok();
      await session.take();
      await look();
      await session.ok();
      await session.okAll();
    });
    assertEquals(isTaken, [true, false]);
  },
);

testAtDesk(
  "send() sends nothing if another delivery's record is damaged",
  async (desk) => {
    await desk.cut("a.csv", A);
    const [record] = await recordsOf(desk.dir);
    const text = await Deno.readTextFile(record!);
    await Deno.writeTextFile(record!, "");
    for (const finish of ["complete", "anyway"] as const) {
      await assertRejects(
        () => desk.send("b.csv", B, { finish }, unexpected),
        ProgramError,
        `"${record}" is damaged (`,
      );
    }
    await Deno.writeTextFile(record!, text);
    assertEquals(await desk.finishes("b.csv", B), false);
    assertEquals(await desk.finishes("a.csv", A), true);
    // The content is known, and needs no other record.
    await desk.cut("c.csv", csvOf(rows(6, 20)));
    for (const path of await recordsOf(desk.dir)) {
      if (path.endsWith("-open.json")) await Deno.writeTextFile(path, "");
    }
    await assertRejects(
      () => desk.send("b.csv", B, {}, unexpected),
      ProgramError,
      "is damaged (",
    );
  },
);

testAtDesk(
  "send() finishes anyway, and expects no more of other files",
  async (desk) => {
    await desk.cut("a.csv", A);
    await desk.send("c.csv", csvOf(rows(6, 20)) + BAD_ROW);
    assertEquals(await desk.finishes("b.csv", B), false);
    const bad = csvOf(rows(6, 40)) + BAD_ROW;
    assertEquals(await desk.finishes("e.csv", bad, { finish: "anyway" }), true);
    assertEquals(await desk.finishes("b.csv", B), true);
    assertEquals(await desk.finishes("d.csv", csvOf(rows(9, 70))), true);
    await desk.cut("a.csv", A);
    assertEquals(await desk.finishes("b.csv", B), false);
  },
);

testAtDesk("send() finishes without a memory", async (desk) => {
  const options = { sentFolder: "" };
  await desk.cut("a.csv", A, options);
  assertEquals(await desk.finishes("b.csv", B, options), true);
});

testAtDesk(
  "send() of the original says that its copy was stored, and finishes",
  async (desk) => {
    const original = A + BAD_ROW;
    const repeated = frame(Type.OK, Uint8Array.of(0, 2));
    const repeat = play(answer(repeated, 3), okAll);
    await desk.send("a.csv", original, { finish: "no" });
    await desk.send(COPY, csvOf(rows(1, 90)));
    const again = await desk.send("a.csv", original, {}, repeat);
    assertEquals(again.rejectedFile, undefined);
    // The file was just confirmed; the copy may be in another store.
    assertEquals(again.finishes.map((bytes) => bytes.at(-1)), [1]);
    assertEquals(
      desk.log.lines.findLast((line) => line.startsWith("WARN")),
      `WARN action: leave_out | result: success | file: ${
        desk.path("a.csv")
      } | rows: 1 | reason: sent in "${desk.path(COPY)}"`,
    );
    // Another store has neither of them.
    const other = await desk.send("a.csv", original);
    assertEquals(other.isFinished, false);
    assertStringIncludes(desk.lastError, `file: ${desk.path(COPY)} | since: `);
    assertEquals(await desk.finishes("b.csv", B), false);
    assertEquals(await desk.finishes(COPY, csvOf(rows(1, 90))), true);
    assertEquals(await desk.finishes("b.csv", B), true);
  },
);

testAtDesk(
  "send() of a copy expects the other rows of its file, too",
  async (desk) => {
    const fingerprint = (payload?: Uint8Array) => payload?.slice(4, 12);
    const file = await desk.send("a.csv", A + BAD_ROW + BAD_ROW);
    const half = await desk.send(COPY, csvOf(rows(1, 90)) + BAD_ROW);
    assertEquals(half.finishes.map((bytes) => bytes.at(-1)), [2]);
    const whole = await desk.send(COPY, csvOf(rows(2, 90)));
    assertEquals(
      whole.finishes.map((bytes) => [fingerprint(bytes), bytes.at(-1)]),
      [[fingerprint(file.finishes[0]), 6]],
    );
  },
);

testAtDesk(
  "send() of an original does not take what a new store refuses for stored",
  async (desk) => {
    const closed = play(
      answer(errorFrame(Code.BETTING_CLOSED, 0, "closed"), 3),
      okAll,
    );
    await desk.send("a.csv", A + BAD_ROW);
    await desk.send(COPY, csvOf(rows(1, 90)));
    const { refused, rejectedFile } = await desk.send(
      "a.csv",
      A + BAD_ROW,
      {},
      closed,
    );
    assertEquals(refused, 6);
    assertEquals(await Deno.readTextFile(rejectedFile!), A);
    assertEquals(desk.log.linesWith("old"), []);
  },
);

testAtDesk(
  "send() of an original of which all rows were refused expects its copy",
  async (desk) => {
    const bad = rows(2).map((row) => row.with(2, "x"));
    const refuse = play(answer(errorFrame(Code.INVALID_BET, 0, "no")), okAll);
    await desk.send("a.csv", csvOf(bad), {}, refuse);
    const copy = await desk.send(COPY, csvOf(rows(2)));
    const again = await desk.send("a.csv", csvOf(bad), {}, refuse);
    assertEquals(again.finishes, copy.finishes);
  },
);
