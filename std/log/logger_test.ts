import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type LevelName, Logger, type LogLevel, LogLevels } from "@std/log";
import { TestHandler } from "./_test_handler.ts";

const METHODS = ["debug", "info", "warn", "error", "critical"] as const;

/** A logger and what arrives at its handler. */
function logging(level: LevelName): { logger: Logger; handler: TestHandler } {
  const handler = new TestHandler("NOTSET");
  const logger = new Logger("server", level, { handlers: [handler] });
  return { logger, handler };
}

for (const method of METHODS) {
  const level = method.toUpperCase() as LevelName;

  Deno.test(`Logger.${method}() logs with its level`, () => {
    const { logger, handler } = logging(level);
    logger[method]("stored", 200, "bets");
    const [record] = handler.records;
    assertEquals(handler.lines, [`${level} stored`]);
    assertEquals(record?.level, LogLevels[level]);
    assertEquals(record?.loggerName, "server");
    assertEquals(record?.args, [200, "bets"]);
  });

  Deno.test(`Logger.${method}() returns the message`, () => {
    const { logger } = logging(level);
    assertEquals(logger[method]("stored"), "stored");
    assertEquals(logger[method](7), 7);
    assertEquals(logger[method](() => "made"), "made");
    assertEquals(logger[method](undefined), undefined);
  });
}

Deno.test("Logger drops what is below its level", () => {
  METHODS.forEach((lowest, index) => {
    const { logger, handler } = logging(lowest.toUpperCase() as LevelName);
    for (const method of METHODS) logger[method](method);
    assertEquals(
      handler.records.map(({ msg }) => msg),
      METHODS.slice(index),
    );
  });
});

Deno.test("Logger calls a function only if its level passes", () => {
  const { logger, handler } = logging("WARN");
  let calls = 0;
  const message = () => `call ${++calls}`;
  assertEquals(logger.info(message), undefined);
  assertEquals(calls, 0);
  assertEquals(logger.warn(message), "call 1");
  assertEquals(handler.lines, ["WARN call 1"]);
  assertEquals(logger.info("not logged"), "not logged");
  assertEquals(handler.lines.length, 1);
});

Deno.test("Logger passes a record to each handler", () => {
  const handlers = [new TestHandler("INFO"), new TestHandler("ERROR")];
  const logger = new Logger("server", "DEBUG", { handlers });
  logger.error("a");
  logger.info("b");
  assertEquals(handlers.map(({ lines }) => lines), [
    ["ERROR a", "INFO b"],
    ["ERROR a"],
  ]);
});

Deno.test("Logger logs to no handler if it has none", () => {
  const logger = new Logger("server", "DEBUG");
  assertEquals(logger.handlers, []);
  assertEquals(logger.info("a"), "a");
  const handler = new TestHandler("DEBUG");
  logger.handlers = [handler];
  logger.info("b");
  assertEquals(handler.lines, ["INFO b"]);
});

const MESSAGES: [message: unknown, text: string][] = [
  ["text", "text"],
  [7, "7"],
  [7n, "7"],
  [true, "true"],
  [null, "null"],
  [undefined, "undefined"],
  [Symbol("s"), "Symbol(s)"],
  [{ agency: 3, name: "Ana" }, '{"agency":3,"name":"Ana"}'],
  [{ a: { b: null } }, '{"a":{"b":null}}'],
];

for (const [message, text] of MESSAGES) {
  Deno.test(`Logger makes ${String(text)} of a ${typeof message}`, () => {
    const { logger, handler } = logging("INFO");
    logger.info(message);
    assertEquals(handler.records[0]?.msg, text);
  });
}

Deno.test("Logger makes its stack of an error", () => {
  const { logger, handler } = logging("INFO");
  logger.error(new RangeError("too late"));
  const text = handler.records[0]?.msg ?? "";
  assertStringIncludes(text, "RangeError: too late");
  assertStringIncludes(text, "logger_test.ts");
});

Deno.test("Logger has a level that can be changed", () => {
  const { logger, handler } = logging("ERROR");
  assertEquals([logger.level, logger.levelName], [LogLevels.ERROR, "ERROR"]);
  assertEquals(logger.loggerName, "server");
  logger.level = LogLevels.INFO;
  assertEquals([logger.level, logger.levelName], [LogLevels.INFO, "INFO"]);
  logger.levelName = "WARN";
  assertEquals([logger.level, logger.levelName], [LogLevels.WARN, "WARN"]);
  logger.info("below");
  logger.warn("above");
  assertEquals(handler.lines, ["WARN above"]);
});

Deno.test("Logger refuses an unknown level", () => {
  const { logger } = logging("INFO");
  assertThrows(
    () => logger.level = 5 as LogLevel,
    TypeError,
    "Invalid log level: 5",
  );
  assertThrows(() => logger.levelName = "LOUD" as LevelName, Error, "LOUD");
  assertEquals(logger.levelName, "INFO");
});
