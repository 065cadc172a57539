import { assert, assertEquals } from "@std/assert";
import { DOCUMENT_RULE } from "../support/bad_fields.ts";
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

/** The frame of a batch of ten rows without its bad ones. */
function withGaps(bad: readonly number[], fingerprint: string): Uint8Array {
  const places = rowsWithBad(10, bad).map((row, index) =>
    bad.includes(index) ? ["", "", "", "", ""] : row
  );
  return betFrame({ agency: 9, fingerprint, rows: places });
}

for (const bad of BAD_ROWS) {
  const isAll = bad.length === 10;
  for (const window of [1, 8]) {
    testSending(
      `send() sends a batch again without rows ${bad}, with window ${window}`,
      {
        csv: csvOf(rowsWithBad(10, bad)),
        window,
        scripts: [refuseOnce(bad[0]!)],
      },
      {
        stored: 10 - bad.length,
        rejected: badRows(bad),
        frames: [...isAll ? ["0+10"] : ["0+10", "0+10"], "FINISH"],
        check({ central, log }) {
          const { type, payload } = central.taken[1]!;
          const fingerprint = payload.slice(4, 12).toHex();
          if (!isAll) {
            assertEquals(frame(type, payload), withGaps(bad, fingerprint));
          }
          const lines = log.lines.filter((line) => line.startsWith("ERROR"));
          assertEquals(lines.length, bad.length);
          for (const [i, index] of bad.entries()) {
            const line = lines[i]!;
            assert(line.includes(` | line: ${index + 1} | `), line);
            assert(line.includes(` | row: ${badRows([index]).trim()}`), line);
            const what = i === 0
              ? "action: apuesta_enviada"
              : `reason: Cannot take bet: document ${DOCUMENT_RULE}`;
            assert(line.includes(what), line);
          }
        },
      },
    );
  }
}

testSending("send() leaves out a row that only the central finds invalid", {
  scripts: [refuseOnce(4)],
}, {
  stored: 29,
  rejected: csvOf(rows(1, 5)),
  frames: ["0+10", "0+10", "10+10", "20+10", "FINISH"],
});

testSending("send() rejects a batch whose refusal names no bet", {
  bets: 10,
  scripts: [refuseOnce(65535)],
}, {
  stored: 0,
  rejected: csvOf(rows(10)),
  frames: ["0+10", "FINISH"],
  check({ log }) {
    const numbers = Array.from({ length: 10 }, (_, i) => String(i + 1));
    assertEquals(log.values(/line: (\d+)/), numbers);
  },
});

/** Answers to the rest of a batch without row 4, and what the agency does. */
const SECOND_REFUSALS = {
  "leaves out more rows of a batch that is refused again": {
    refusal: errorFrame(Code.INVALID_BET, 7),
    rejected: badRows([4]) + csvOf(rows(1, 8)),
    frames: ["0+10", "0+10", "0+10", "FINISH"],
  },
  "refuses the rest of a batch if a gap is blamed": {
    refusal: errorFrame(Code.INVALID_BET, 4),
    rejected: csvOf(rowsWithBad(10, [4])),
    frames: ["0+10", "0+10", "FINISH"],
  },
  "rejects what is left of a batch after the draw": {
    refusal: errorFrame(Code.BETTING_CLOSED),
    rejected: csvOf(rowsWithBad(10, [4])),
    frames: ["0+10", "0+10", "FINISH"],
  },
};

for (const [what, one] of Object.entries(SECOND_REFUSALS)) {
  const { refusal, rejected, frames } = one;
  testSending(`send() ${what}`, {
    csv: csvOf(rowsWithBad(10, [4])),
    scripts: [
      play(answer(errorFrame(Code.INVALID_BET, 4)), answer(refusal), serve),
    ],
  }, { stored: 11 - rejected.split("\n").length, rejected, frames });
}

testSending("send() asks for no corrections after the draw", {
  csv: csvOf(rowsWithBad(11, [10])),
  scripts: [
    play(
      answer(errorFrame(Code.BETTING_CLOSED)),
      answer(errorFrame(Code.INVALID_BET, 0)),
      answer(errorFrame(Code.INCOMPLETE)),
    ),
  ],
}, {
  isFinished: false,
  rejected: csvOf(rowsWithBad(11, [10])),
  check({ log }) {
    const line = log.lines.find((line) => line.includes("agency_finished"))!;
    assert(!line.includes("hint"), line);
  },
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
}, {
  stored: 57,
  rejected: badRows([2, 5, 13]),
  frames: [
    ...["0+10", "10+10", "20+10"],
    ...["10+10", "0+10"],
    ...["30+10", "40+10", "50+10", "FINISH"],
  ],
});

testSending("send() sends the rest of a batch on another connection", {
  csv: csvOf(rowsWithBad(20, [2, 5])),
  // The connection breaks while the rest is under way.
  scripts: [play(answer(errorFrame(Code.INVALID_BET, 2)), take()), serve],
}, {
  stored: 18,
  connections: 2,
  rejected: badRows([2, 5]),
  frames: ["0+10", "0+10", "0+10", "10+10", "FINISH"],
  check: ({ central }) => assertEquals(central.taken[1], central.taken[2]),
});

for (const debugOnly of [0, 99]) {
  // The first row is logged with its batch.
  const count = 1 + 100 + debugOnly;
  const csv = csvOf(rows(count).map((row) => row.with(2, "x")));
  testSending(`send() logs 100 rows as errors and counts ${debugOnly} more`, {
    csv,
    maxAmount: count,
    scripts: [refuseOnce(0)],
  }, {
    rejected: csv,
    check({ log }) {
      const read = log.linesWith("read_bet");
      const levels = read.map((line) => line.split(" ")[0]);
      const errors = levels.filter((level) => level === "ERROR");
      const debugs = levels.filter((level) => level === "DEBUG");
      assertEquals([errors.length, debugs.length], [100, debugOnly]);
      const logged = 100 + debugOnly;
      const warning =
        `WARN action: read_bet | result: fail | rows: ${logged} | debug_only: ${debugOnly}`;
      assertEquals(read.slice(logged), debugOnly > 0 ? [warning] : []);
    },
  });
}
