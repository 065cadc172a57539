import {
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
} from "@std/assert";
import { LogLevels, LogRecord } from "@std/log";

function record(args: unknown[] = []): LogRecord {
  return new LogRecord({
    msg: "stored",
    args,
    level: LogLevels.WARN,
    loggerName: "server",
  });
}

Deno.test("LogRecord has what was logged", () => {
  const { msg, args, level, levelName, loggerName } = record([1, "two"]);
  assertEquals(
    { msg, args, level, levelName, loggerName },
    {
      msg: "stored",
      args: [1, "two"],
      level: 30,
      levelName: "WARN",
      loggerName: "server",
    },
  );
});

Deno.test("LogRecord has the time of its making", () => {
  const before = Date.now();
  const { datetime } = record();
  assertGreaterOrEqual(datetime.getTime(), before);
  assertLessOrEqual(datetime.getTime(), Date.now());
});

Deno.test("LogRecord cannot be changed through its properties", () => {
  const args = [1];
  const made = record(args);
  args.push(2);
  made.args.push(3);
  assertEquals(made.args, [1]);
  const time = made.datetime.getTime();
  made.datetime.setFullYear(1999);
  assertEquals(made.datetime.getTime(), time);
});
