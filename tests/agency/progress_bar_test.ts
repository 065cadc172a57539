import { assertEquals, assertLess, assertMatch } from "@std/assert";
import { formatProgress, ProgressBar } from "../../agency/progress_bar.ts";
import { FakeTime } from "../support/fake_time.ts";

Deno.test("formatProgress() shows bytes, bets, speed and time left", () => {
  assertEquals(
    formatProgress({ bytes: 500, bets: 30 }, 1000, 2),
    `[${"#".repeat(12)}${
      ".".repeat(12)
    }] 50% | 500/1000 bytes | 30 bets | 15 bets/s | 2s left`,
  );
});

Deno.test("formatProgress() begins with nothing known", () => {
  assertEquals(
    formatProgress({ bytes: 0, bets: 0 }, 1000, 0),
    `[${".".repeat(24)}] 0% | 0/1000 bytes | 0 bets | 0 bets/s | ? left`,
  );
});

Deno.test("formatProgress() ends full", () => {
  for (const bytes of [0, 1251486]) {
    const text = formatProgress({ bytes, bets: 26936 }, bytes, 1.5);
    assertEquals(
      text,
      `[${
        "#".repeat(24)
      }] 100% | ${bytes}/${bytes} bytes | 26936 bets | 17957 bets/s | 0s left`,
    );
  }
});

Deno.test("formatProgress() keeps its bar's width, and is not done too early", () => {
  for (let bytes = 0; bytes < 1000; bytes++) {
    const text = formatProgress({ bytes, bets: 1 }, 1000, 1);
    assertMatch(text, /^\[#*\.*\] \d\d?% /);
    assertEquals(text.indexOf("]"), 25);
  }
});

Deno.test("formatProgress() keeps to the maximum width", () => {
  const progress = { bytes: 600_000, bets: 12_345 };
  const text =
    "50% | 600000/1200000 bytes | 12345 bets | 12345 bets/s | 1s left";
  const full = `[${"#".repeat(12)}${".".repeat(12)}] ${text}`;
  for (
    const [columns, expected] of [
      [200, full],
      [full.length, full],
      [79, `[######......] ${text}`],
      [text.length + 3, `[] ${text}`],
      [10, `[] ${text}`.slice(0, 10)],
    ] as const
  ) {
    assertEquals(formatProgress(progress, 1_200_000, 1, columns), expected);
  }
});

Deno.test("update() draws in one line, not more than ten times a second", () => {
  using terminal = new FakeTerminal(true);
  using time = new FakeTime();
  {
    using bar = new ProgressBar(100);
    for (let i = 1; i <= 50; i++) {
      time.advance(20);
      bar.update({ bytes: 2 * i, bets: i });
    }
  }
  const { written } = terminal;
  assertLess(written.length, 13);
  for (const text of written.slice(0, -1)) {
    // deno-lint-ignore no-control-regex -- escape sequences of a terminal
    assertMatch(text, /^\x1b\[K\[#*\.*\] [^\r\n]*\r$/);
  }
  assertEquals(written.at(-1), "\x1b[K");
});

Deno.test("update() draws nothing without a terminal", () => {
  using terminal = new FakeTerminal(false);
  {
    using bar = new ProgressBar(100);
    bar.update({ bytes: 1, bets: 1 });
  }
  assertEquals(terminal.written, []);
});

/** Replaces standard error until it is disposed of. */
class FakeTerminal {
  readonly #stderr = {
    isTerminal: Deno.stderr.isTerminal,
    writeSync: Deno.stderr.writeSync,
  };
  readonly #consoleSize = Deno.consoleSize;
  readonly written: string[] = [];

  constructor(isTerminal: boolean) {
    Deno.stderr.isTerminal = () => isTerminal;
    Deno.consoleSize = () => ({ columns: 80, rows: 24 });
    Deno.stderr.writeSync = (bytes) => {
      this.written.push(new TextDecoder().decode(bytes));
      return bytes.length;
    };
  }

  [Symbol.dispose](): void {
    Object.assign(Deno.stderr, this.#stderr);
    Deno.consoleSize = this.#consoleSize;
  }
}
