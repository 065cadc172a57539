import { assert, assertEquals } from "@std/assert";
import {
  answer,
  ok,
  play,
  type Script,
  serve,
  take,
} from "../support/fake_central.ts";
import {
  betFrame,
  type BetRow,
  Code,
  errorFrame,
  frame,
} from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";
import { testSending } from "../support/sending.ts";

const DOCUMENT_RULE = "Cannot take bet: document is not 1 to 20 digits";

/** Rows 1 to `count`. The documents of the bad ones contain a letter. */
function rowsWithBad(count: number, bad: readonly number[]): BetRow[] {
  return rows(count).map((row, index) =>
    bad.includes(index) ? row.with(2, `${index}x`) : row
  );
}

function badRows(bad: readonly number[]): string {
  return csvOf(bad.map((index) => rowsWithBad(index + 1, bad)[index]!));
}

/** Refuses the bet at an index of the next frame, and accepts the others. */
function refuseOnce(index: number): Script {
  return play(answer(errorFrame(Code.INVALID_BET, index)), serve);
}

/** Refuses row 4 of the first batch, then something else of its rest. */
function refuseTwice(refusal: Uint8Array): Script {
  return play(
    answer(errorFrame(Code.INVALID_BET, 4)),
    answer(refusal),
    serve,
  );
}

/** The bad rows of a batch of ten. */
const BAD_ROWS: number[][] = [
  [0],
  [9],
  [4],
  [2, 7],
  [0, 1, 2, 9],
  [1, 3, 5, 7, 9],
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
];

/** What a batch of ten looks like whose bad rows were left out. */
function withGaps(bad: readonly number[], fingerprint: string): Uint8Array {
  const places = rowsWithBad(10, bad).map((row, index) =>
    bad.includes(index) ? ["", "", "", "", ""] : row
  );
  return betFrame({ agency: 9, fingerprint, rows: places });
}

for (const bad of BAD_ROWS) {
  for (const window of [1, 8]) {
    testSending(
      `send() sends a batch again without rows ${bad}, with window ${window}`,
      {
        csv: csvOf(rowsWithBad(10, bad)),
        window,
        scripts: [refuseOnce(bad[0]!)],
      },
      ({ central, stored, rejected, error, log }) => {
        assertEquals([error, stored], ["", 10 - bad.length]);
        const isAll = bad.length === 10;
        const names = isAll ? ["0+10"] : ["0+10", "0+10"];
        assertEquals(central.names, [...names, "FINISH"]);
        const { type, payload } = central.taken[1]!;
        const fingerprint = payload.slice(4, 12).toHex();
        if (!isAll) {
          assertEquals(frame(type, payload), withGaps(bad, fingerprint));
        }
        assertEquals(rejected, badRows(bad));
        const lines = log.lines.filter((line) => line.startsWith("ERROR"));
        assertEquals(lines.length, bad.length);
        assert(lines[0]!.includes("action: apuesta_enviada"), lines[0]);
        for (const [i, index] of bad.entries()) {
          const line = lines[i]!;
          assert(line.includes(` | line: ${index + 1} | `), line);
          assert(line.includes(` | row: ${badRows([index]).trim()}`), line);
        }
        for (const line of lines.slice(1)) {
          assert(line.includes("action: read_bet"), line);
          assert(line.includes(`reason: ${DOCUMENT_RULE}`), line);
        }
      },
    );
  }
}

testSending("send() leaves out a row that only the central finds invalid", {
  scripts: [refuseOnce(4)],
}, ({ central, stored, rejected, error }) => {
  assertEquals([error, stored], ["", 29]);
  const names = ["0+10", "0+10", "10+10", "20+10", "FINISH"];
  assertEquals(central.names, names);
  assertEquals(rejected, csvOf(rows(1, 5)));
});

testSending("send() leaves out more rows of a batch that is refused again", {
  csv: csvOf(rowsWithBad(10, [4])),
  scripts: [refuseTwice(errorFrame(Code.INVALID_BET, 7))],
}, ({ central, stored, rejected, error }) => {
  assertEquals([error, stored], ["", 8]);
  assertEquals(central.names, ["0+10", "0+10", "0+10", "FINISH"]);
  assertEquals(rejected, badRows([4]) + csvOf(rows(1, 8)));
});

testSending("send() refuses the rest of a batch if a gap is blamed", {
  csv: csvOf(rowsWithBad(10, [4])),
  scripts: [refuseTwice(errorFrame(Code.INVALID_BET, 4))],
}, ({ central, stored, rejected, error }) => {
  assertEquals([error, stored], ["", 0]);
  assertEquals(central.names, ["0+10", "0+10", "FINISH"]);
  assertEquals(rejected.split("\n").length, 11);
});

testSending("send() rejects a batch whose refusal names no bet", {
  bets: 10,
  scripts: [refuseOnce(65535)],
}, ({ central, stored, rejected, error, log }) => {
  assertEquals([error, stored], ["", 0]);
  assertEquals(central.names, ["0+10", "FINISH"]);
  assertEquals(rejected, csvOf(rows(10)));
  const numbers = Array.from({ length: 10 }, (_, i) => String(i + 1));
  assertEquals(log.values(/line: (\d+)/), numbers);
});

testSending("send() rejects what is left of a batch after the draw", {
  csv: csvOf(rowsWithBad(10, [4])),
  scripts: [refuseTwice(errorFrame(Code.BETTING_CLOSED))],
}, ({ central, stored, rejected, error }) => {
  assertEquals([error, stored], ["", 0]);
  assertEquals(central.names, ["0+10", "0+10", "FINISH"]);
  assertEquals(rejected, csvOf(rowsWithBad(10, [4])));
});

testSending("send() asks for no corrections after the draw", {
  csv: csvOf(rowsWithBad(11, [10])),
  scripts: [
    play(
      take(),
      errorFrame(Code.BETTING_CLOSED),
      take(),
      errorFrame(Code.INVALID_BET, 0),
      take(),
      errorFrame(Code.INCOMPLETE),
    ),
  ],
}, ({ error, log, summary }) => {
  assertEquals([error, summary?.isFinished], ["", false]);
  const line = log.lines.find((line) => line.includes("agency_finished"))!;
  assert(!line.includes("hint"), line);
});

testSending("send() sends the rest of a batch after those under way", {
  csv: csvOf(rowsWithBad(60, [2, 5, 13])),
  window: 3,
  scripts: [
    play(
      take(3),
      errorFrame(Code.INVALID_BET, 2),
      errorFrame(Code.INVALID_BET, 3),
      take(2),
      ok(3),
      serve,
    ),
  ],
}, ({ central, stored, rejected, error }) => {
  assertEquals([error, stored], ["", 57]);
  assertEquals(rejected, badRows([2, 5, 13]));
  assertEquals(central.names, [
    "0+10",
    "10+10",
    "20+10",
    "10+10",
    "0+10",
    "30+10",
    "40+10",
    "50+10",
    "FINISH",
  ]);
});

testSending("send() sends the rest of a batch on another connection", {
  csv: csvOf(rowsWithBad(20, [2, 5])),
  // The connection breaks while the rest is under way.
  scripts: [play(answer(errorFrame(Code.INVALID_BET, 2)), take()), serve],
}, ({ central, stored, rejected, error }) => {
  assertEquals([error, stored, central.connections], ["", 18, 2]);
  assertEquals(rejected, badRows([2, 5]));
  const names = ["0+10", "0+10", "0+10", "10+10", "FINISH"];
  assertEquals(central.names, names);
  assertEquals(central.taken[1], central.taken[2]);
});

for (const debugOnly of [0, 99]) {
  // The first row is logged with its batch.
  const count = 1 + 100 + debugOnly;
  testSending(`send() logs 100 rows as errors and counts ${debugOnly} more`, {
    csv: csvOf(rowsWithBad(count, Array.from({ length: count }, (_, i) => i))),
    maxAmount: count,
    scripts: [refuseOnce(0)],
  }, ({ rejected, log }) => {
    assertEquals(rejected.split("\n").length, count + 1);
    const read = log.linesWith("read_bet");
    const levels = read.map((line) => line.split(" ")[0]);
    assertEquals(levels.filter((level) => level === "ERROR").length, 100);
    assertEquals(levels.filter((level) => level === "DEBUG").length, debugOnly);
    const logged = 100 + debugOnly;
    const warning =
      `WARN action: read_bet | result: fail | rows: ${logged} | debug_only: ${debugOnly}`;
    assertEquals(read.slice(logged), debugOnly > 0 ? [warning] : []);
  });
}
