import { assertEquals, assertMatch } from "@std/assert";
import {
  formatProgress,
  type Progress,
  ProgressBar,
} from "../../agency/output/progress_bar.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { FakeTime } from "../support/fake_time.ts";
import { replace } from "../support/replaced.ts";

const FULL = "#".repeat(24);
const EMPTY = ".".repeat(24);
const HALF = "#".repeat(12) + ".".repeat(12);

/** Progress in bytes and bets, seconds since the start, and the line. */
const LINES: [Progress, seconds: number, line: string][] = [
  [
    sending(0, 1000, 0),
    0,
    `[${EMPTY}] 0% | 0/1000 bytes | 0 bets | 0 bets/s | ? left`,
  ],
  [
    sending(500, 1000, 30),
    2,
    `[${HALF}] 50% | 500/1000 bytes | 30 bets | 15 bets/s | 2s left`,
  ],
  ...[0, 1251486].map((bytes): [Progress, number, string] => [
    sending(bytes, bytes, 26936),
    1.5,
    `[${FULL}] 100% | ${bytes}/${bytes} bytes | 26936 bets | 17957 bets/s | 0s left`,
  ]),
];

Deno.test("formatProgress() shows bytes, bets, rate and time left", () => {
  for (const [progress, seconds, line] of LINES) {
    assertEquals(formatProgress(progress, seconds), line);
  }
});

Deno.test("formatProgress() keeps its bar's width, and does not show 100% too early", () => {
  for (let bytes = 0; bytes < 1000; bytes++) {
    const text = formatProgress(sending(bytes, 1000, 1), 1);
    assertMatch(text, /^\[#*\.*\] \d\d?% /);
    assertEquals(text.indexOf("]"), 25);
  }
});

Deno.test("formatProgress() keeps to the maximum width", () => {
  const progress = sending(600_000, 1_200_000, 12_345);
  const text =
    "50% | 600000/1200000 bytes | 12345 bets | 12345 bets/s | 1s left";
  const full = `[${HALF}] ${text}`;
  for (
    const [columns, expected] of [
      [200, full],
      [full.length, full],
      [79, `[######......] ${text}`],
      [text.length + 3, `[] ${text}`],
      [10, `[] ${text}`.slice(0, 10)],
    ] as const
  ) {
    assertEquals(formatProgress(progress, 1, columns), expected);
  }
});

Deno.test("ProgressBar.update() draws one line, at most ten times a second", () => {
  using terminal = new FakeTerminal(true);
  using time = new FakeTime();
  {
    using bar = new ProgressBar();
    // The rate does not include the time of the reading phase.
    bar.update({ ...sending(9, 9, 0), phase: "reading" });
    time.advance(5_000);
    for (let i = 0; i <= 50; i++) {
      bar.update(sending(2 * i, 100, i));
      time.advance(20);
    }
  }
  const { written } = terminal;
  assertEquals(written.length, 1 + 11 + 1);
  for (const text of written.slice(2, -1)) {
    // deno-lint-ignore no-control-regex -- escape sequences of a terminal
    assertMatch(text, /^\x1b\[K\[#+\.*\] [^\r\n]* 50 bets\/s [^\r\n]*\r$/);
  }
  assertEquals(written.at(-1), "\x1b[K");
});

Deno.test("formatProgress() shows only bytes while the file is read", () => {
  const progress = { ...sending(500, 0, 0), phase: "reading" as const };
  const reading = { ...progress, totalBytes: undefined };
  assertEquals(formatProgress(reading, 2), "reading the file | 500 bytes");
  assertEquals(formatProgress(reading, 2, 7), "reading");
});

Deno.test("ProgressBar.update() draws in a terminal that reports no size", () => {
  using terminal = new FakeTerminal(true, 0);
  using bar = new ProgressBar();
  bar.update(sending(50, 100, 5));
  assertMatch(terminal.written[0]!, /#+\.+\] 50% .* left\r$/);
});

Deno.test("ProgressBar.update() leaves the last column free, so that no line wraps", () => {
  for (const columns of [20, 60, 75]) {
    using terminal = new FakeTerminal(true, columns);
    using bar = new ProgressBar();
    bar.update(sending(50, 100, 5));
    const [erase, text] = terminal.written[0]!.split(/(?<=K)/);
    assertEquals(erase, "\x1b[K");
    assertEquals(text!.length, columns - 1 + "\r".length);
  }
});

Deno.test("ProgressBar.update() logs every half minute without a terminal", () => {
  using terminal = new FakeTerminal(false);
  using time = new FakeTime();
  const log = CapturedLog.start();
  {
    using bar = new ProgressBar();
    for (let second = 1; second <= 65; second++) {
      time.advance(1000);
      bar.update(sending(second, 100, 10 * second));
    }
  }
  assertEquals(terminal.written, []);
  assertEquals(log.lines, [
    "INFO action: send_file | result: in_progress | phase: sending | bytes: 30 | total_bytes: 100 | cantidad: 300",
    "INFO action: send_file | result: in_progress | phase: sending | bytes: 60 | total_bytes: 100 | cantidad: 600",
  ]);
});

function sending(bytes: number, totalBytes: number, bets: number): Progress {
  return { phase: "sending", bytes, totalBytes, bets };
}

/** Replaces standard error until it is disposed of. */
class FakeTerminal {
  readonly #replaced = new DisposableStack();
  readonly written: string[] = [];

  constructor(isTerminal: boolean, columns = 80) {
    this.#replaced.use(replace(Deno, {
      consoleSize: () => ({ columns, rows: 24 }),
    }));
    this.#replaced.use(replace(Deno.stderr, {
      isTerminal: () => isTerminal,
      writeSync: (bytes) => {
        this.written.push(new TextDecoder().decode(bytes));
        return bytes.length;
      },
    }));
  }

  [Symbol.dispose](): void {
    this.#replaced[Symbol.dispose]();
  }
}
