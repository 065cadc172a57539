// deno-lint-ignore-file no-console -- the tests look at what is written to it
import { assertEquals } from "@std/assert";
import { ConsoleHandler, type LogLevel, LogLevels, LogRecord } from "@std/log";

function record(level: LogLevel): LogRecord {
  return new LogRecord({ msg: "stored", args: [], level, loggerName: "a" });
}

/** What is written to the console while a function runs. */
function consoleLines(run: () => void): unknown[][] {
  const original = console.log;
  const lines: unknown[][] = [];
  console.log = (...args) => lines.push(args);
  try {
    run();
  } finally {
    console.log = original;
  }
  return lines;
}

const COLORS: [LogLevel, plain: string, colored: string][] = [
  [LogLevels.DEBUG, "DEBUG stored", "DEBUG stored"],
  [LogLevels.INFO, "INFO stored", "\x1b[34mINFO stored\x1b[39m"],
  [LogLevels.WARN, "WARN stored", "\x1b[33mWARN stored\x1b[39m"],
  [LogLevels.ERROR, "ERROR stored", "\x1b[31mERROR stored\x1b[39m"],
  [
    LogLevels.CRITICAL,
    "CRITICAL stored",
    "\x1b[1m\x1b[31mCRITICAL stored\x1b[39m\x1b[22m",
  ],
];

for (const [level, plain, colored] of COLORS) {
  Deno.test(`ConsoleHandler.format() colors level ${level}`, () => {
    assertEquals(
      new ConsoleHandler("DEBUG").format(record(level)),
      Deno.noColor ? plain : colored,
    );
    assertEquals(
      new ConsoleHandler("DEBUG", { useColors: false }).format(record(level)),
      plain,
    );
  });
}

Deno.test("ConsoleHandler.handle() writes to the console", () => {
  const handler = new ConsoleHandler("INFO", {
    useColors: false,
    formatter: ({ msg }) => `<${msg}>`,
  });
  const lines = consoleLines(() => {
    handler.handle(record(LogLevels.DEBUG));
    handler.handle(record(LogLevels.INFO));
    handler.handle(record(LogLevels.ERROR));
  });
  assertEquals(lines, [["<stored>"], ["<stored>"]]);
});
