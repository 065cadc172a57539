import {
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertStrictEquals,
} from "@std/assert";
import { ConsoleHandler, getLogger, setup } from "@std/log";
import { TestHandler } from "./_test_handler.ts";

Deno.test("getLogger() has a default logger from the start", () => {
  setup({});
  const logger = getLogger();
  assertStrictEquals(getLogger("default"), logger);
  assertEquals([logger.loggerName, logger.levelName], ["default", "INFO"]);
  const [handler, ...others] = logger.handlers;
  assertInstanceOf(handler, ConsoleHandler);
  assertEquals(handler.levelName, "INFO");
  assertEquals(others, []);
});

Deno.test("getLogger() makes a logger of an unknown name, once", () => {
  setup({});
  const logger = getLogger("unknown");
  assertEquals([logger.loggerName, logger.levelName], ["unknown", "NOTSET"]);
  assertEquals(logger.handlers, []);
  assertStrictEquals(getLogger("unknown"), logger);
});

Deno.test("setup() connects loggers and handlers", () => {
  const all = new TestHandler("DEBUG");
  const errors = new TestHandler("ERROR");
  setup({
    handlers: { all, errors },
    loggers: {
      server: { level: "DEBUG", handlers: ["all", "errors"] },
      quiet: { handlers: ["all"] },
    },
  });
  getLogger("server").debug("a");
  getLogger("server").error("b");
  getLogger("quiet").debug("c");
  getLogger("quiet").info("d");
  assertEquals(all.lines, ["DEBUG a", "ERROR b", "INFO d"]);
  assertEquals(errors.lines, ["ERROR b"]);
  setup({});
});

Deno.test("setup() replaces the default logger and handler", () => {
  const handler = new TestHandler("DEBUG");
  setup({ handlers: { default: handler } });
  getLogger().info("a");
  assertEquals(handler.lines, ["INFO a"]);
  setup({ loggers: { default: { level: "DEBUG", handlers: ["default"] } } });
  assertEquals(getLogger().levelName, "DEBUG");
  assertInstanceOf(getLogger().handlers[0], ConsoleHandler);
  setup({});
});

Deno.test("setup() skips the names of unknown handlers", () => {
  const known = new TestHandler("DEBUG");
  setup({
    handlers: { known },
    loggers: { server: { handlers: ["unknown", "known"] } },
  });
  const { handlers } = getLogger("server");
  assertEquals(handlers.length, 1);
  assertStrictEquals(handlers[0], known);
  setup({});
});

Deno.test("setup() prepares new handlers and destroys old ones", () => {
  const first = new TestHandler("DEBUG");
  const second = new TestHandler("DEBUG");
  setup({ handlers: { first } });
  assertEquals(first.calls, ["setup"]);
  setup({ handlers: { second } });
  assertEquals(first.calls, ["setup", "destroy"]);
  assertEquals(second.calls, ["setup"]);
  setup({});
  assertEquals(second.calls, ["setup", "destroy"]);
});

Deno.test("setup() leaves loggers fetched before as they were", () => {
  setup({});
  const before = getLogger("server");
  const handler = new TestHandler("DEBUG");
  setup({
    handlers: { handler },
    loggers: { server: { handlers: ["handler"] } },
  });
  before.info("a");
  getLogger("server").info("b");
  assertEquals(handler.lines, ["INFO b"]);
  assertNotEquals<unknown>(before.handlers, getLogger("server").handlers);
  setup({});
});
