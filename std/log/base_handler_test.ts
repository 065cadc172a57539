import { assertEquals, assertThrows } from "@std/assert";
import { type LevelName, type LogLevel, LogLevels, LogRecord } from "@std/log";
import { TestHandler } from "./_test_handler.ts";

const LEVELS: LogLevel[] = [10, 20, 30, 40, 50];

function record(level: LogLevel): LogRecord {
  return new LogRecord({ msg: "stored", args: [7], level, loggerName: "a" });
}

for (const lowest of LEVELS) {
  Deno.test(`BaseHandler.handle() drops records below ${lowest}`, () => {
    const handler = new TestHandler("NOTSET");
    handler.level = lowest;
    for (const level of LEVELS) handler.handle(record(level));
    assertEquals(
      handler.lines,
      LEVELS.filter((level) => level >= lowest).map((level) =>
        `${record(level).levelName} stored`
      ),
    );
  });
}

Deno.test("BaseHandler.format() uses the formatter", () => {
  const handler = new TestHandler("DEBUG", {
    formatter: ({ msg, args, loggerName }) => `${loggerName}/${msg}/${args}`,
  });
  assertEquals(handler.format(record(20)), "a/stored/7");
  handler.handle(record(20));
  handler.formatter = ({ msg }) => msg;
  handler.handle(record(20));
  assertEquals(handler.lines, ["a/stored/7", "stored"]);
});

Deno.test("BaseHandler has a level that can be changed", () => {
  const handler = new TestHandler("WARN");
  assertEquals([handler.level, handler.levelName], [LogLevels.WARN, "WARN"]);
  handler.levelName = "ERROR";
  assertEquals([handler.level, handler.levelName], [LogLevels.ERROR, "ERROR"]);
  handler.level = LogLevels.DEBUG;
  assertEquals([handler.level, handler.levelName], [LogLevels.DEBUG, "DEBUG"]);
});

Deno.test("BaseHandler refuses an unknown level", () => {
  const loud = "LOUD" as LevelName;
  assertThrows(() => new TestHandler(loud), Error, "no level named LOUD");
});

Deno.test("BaseHandler is destroyed at the end of its scope", () => {
  const calls = (() => {
    using handler = new TestHandler("DEBUG");
    return handler.calls;
  })();
  assertEquals(calls, ["destroy"]);
});
