import { assertEquals } from "@std/assert";
import { BaseHandler, getLogger, setup } from "@std/log";

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
