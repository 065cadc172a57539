import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  BaseHandler,
  getLevelByName,
  getLevelName,
  getLogger,
  type LevelName,
  Logger,
  type LogLevel,
  setup,
} from "@std/log";

class TestHandler extends BaseHandler {
  readonly lines: string[] = [];
  isDestroyed = false;

  override log(msg: string): void {
    this.lines.push(msg);
  }

  override destroy(): void {
    this.isDestroyed = true;
  }
}

function setUp(handler: BaseHandler, level: "DEBUG" | "WARN"): void {
  setup({
    handlers: { test: handler },
    loggers: { default: { level, handlers: ["test", "unknown"] } },
  });
}

Deno.test("getLogger() logs each level from its own on", () => {
  const lines = (["DEBUG", "WARN"] as const).map((level) => {
    const handler = new TestHandler("NOTSET");
    setUp(handler, level);
    const logger = getLogger();
    logger.debug("a");
    logger.info("b");
    logger.warn("c");
    logger.error("d");
    logger.critical("e");
    return handler.lines;
  });
  const all = ["DEBUG a", "INFO b", "WARN c", "ERROR d", "CRITICAL e"];
  assertEquals(lines, [all, all.slice(2)]);
});

Deno.test("getLogger() calls a message's function only if its level passes", () => {
  const handler = new TestHandler("NOTSET");
  setUp(handler, "WARN");
  let calls = 0;
  getLogger().info(() => `${calls++}`);
  getLogger().error(() => `called ${calls++}`);
  assertEquals(handler.lines, ["ERROR called 0"]);
});

Deno.test("BaseHandler drops records below its level and uses the formatter", () => {
  const handler = new TestHandler("ERROR", {
    formatter: ({ msg, level, levelName, datetime }) =>
      `${msg}/${level}/${levelName}/${datetime instanceof Date}`,
  });
  setUp(handler, "DEBUG");
  getLogger().warn("a");
  getLogger().error("b");
  assertEquals(handler.lines, ["b/40/ERROR/true"]);
});

Deno.test("setup() destroys the old handlers and leaves old loggers alone", () => {
  const [before, after] = [new TestHandler("DEBUG"), new TestHandler("DEBUG")];
  setUp(before, "DEBUG");
  const logger = getLogger();
  setUp(after, "DEBUG");
  logger.info("old");
  getLogger().info("new");
  assertEquals([before.isDestroyed, after.isDestroyed], [true, false]);
  assertEquals([before.lines, after.lines], [["INFO old"], ["INFO new"]]);
});

Deno.test("debug() to critical() return the message", () => {
  const handler = new TestHandler("NOTSET");
  const logger = new Logger("test", "WARN", { handlers: [handler] });
  const object = { a: 1 };
  assertEquals(logger.debug("below"), "below");
  assertEquals(logger.info(() => "not called"), undefined);
  assertEquals(logger.warn(object) === object, true);
  assertEquals(logger.error(() => 7), 7);
  assertEquals(logger.critical(undefined), undefined);
  assertEquals(handler.lines, [
    'WARN {"a":1}',
    "ERROR 7",
    "CRITICAL undefined",
  ]);
});

Deno.test("Logger writes values of any type", () => {
  const handler = new TestHandler("NOTSET", { formatter: ({ msg }) => msg });
  const logger = new Logger("test", "NOTSET", { handlers: [handler] });
  logger.info({ s: "x", n: null, o: { b: true }, list: [1] });
  logger.info(10n);
  logger.info(Symbol("a"));
  logger.info(new Error("why"));
  const [object, ...others] = handler.lines;
  assertEquals(object, '{"s":"x","n":null,"o":{"b":true},"list":{"0":1}}');
  assertEquals(others.slice(0, 2), ["10", "Symbol(a)"]);
  assertStringIncludes(others[2]!, "Error: why\n    at ");
});

Deno.test("Logger's level, levelName and handlers can be changed", () => {
  const handler = new TestHandler("NOTSET");
  const logger = new Logger("test", "INFO");
  assertEquals([logger.loggerName, logger.level, logger.handlers], [
    "test",
    20,
    [],
  ]);
  logger.handlers.push(handler);
  logger.level = 40;
  assertEquals(logger.levelName, "ERROR");
  logger.warn("dropped");
  logger.levelName = "DEBUG";
  logger.debug("kept", 1, "two");
  assertEquals(handler.lines, ["DEBUG kept"]);
  assertThrows(
    () => logger.level = 41 as LogLevel,
    TypeError,
    "Invalid log level: 41",
  );
});

Deno.test("getLevelByName() and getLevelName() refuse unknown levels", () => {
  assertEquals([getLevelByName("WARN"), getLevelName(30)], [30, "WARN"]);
  assertThrows(
    () => getLevelByName("LOUD" as LevelName),
    Error,
    "Cannot get log level: no level named LOUD",
  );
  assertThrows(
    () => getLevelName(31 as LogLevel),
    Error,
    "Cannot get log level: no name for level: 31",
  );
});

Deno.test("getLogger() returns loggers by name", () => {
  const handler = new TestHandler("NOTSET");
  setup({
    handlers: { test: handler },
    loggers: { other: { level: "ERROR", handlers: ["test"] } },
  });
  getLogger("other").error("a", 7);
  getLogger("unknown").error("b");
  assertEquals(handler.lines, ["ERROR a"]);
  assertEquals(getLogger("unknown") === getLogger("unknown"), true);
  assertEquals([getLogger("unknown").level, getLogger().level], [0, 20]);
});

Deno.test("LogRecord's args and datetime are copies", () => {
  const records: unknown[] = [];
  const handler = new TestHandler("NOTSET", {
    formatter: (record) => {
      records.push(record.args, record.loggerName);
      record.args.push("x");
      record.datetime.setFullYear(1970);
      records.push(record.args, record.datetime.getFullYear() > 2000);
      return "";
    },
  });
  new Logger("test", "NOTSET", { handlers: [handler] }).info("a", 1, 2);
  assertEquals(records, [[1, 2], "test", [1, 2], true]);
});
