import { assertEquals, assertMatch } from "@std/assert";
import {
  flushLog,
  formatAction,
  getLogger,
  setupLogging,
} from "../../program/logging.ts";
import { replace } from "../support/replaced.ts";

Deno.test("formatAction() joins the action, its result and the details", () => {
  assertEquals(
    formatAction("stop", "success"),
    "action: stop | result: success",
  );
  assertEquals(
    formatAction("apuesta_recibida", "fail", { cantidad: 150, agency: 3 }),
    "action: apuesta_recibida | result: fail | cantidad: 150 | agency: 3",
  );
  assertEquals(
    formatAction("x", "in_progress", { a: undefined, b: false, c: 0, d: "" }),
    "action: x | result: in_progress | b: false | c: 0 | d: ",
  );
});

Deno.test("formatAction() keeps line breaks out of the log", () => {
  const reason = "a\nb\r\n\0\x1b[2J\x7f\x85\u2028\u2029ñ";
  assertEquals(
    formatAction("x", "fail", { reason }),
    "action: x | result: fail | reason: a\\u000ab\\u000d\\u000a\\u0000\\u001b[2J\\u007f\\u0085\\u2028\\u2029ñ",
  );
});

Deno.test("setupLogging() writes lines with time and level in columns", async () => {
  const lines = await linesOf("DEBUG", () => {
    const log = getLogger();
    log.debug("one");
    log.info("two");
    log.warn("three");
    log.error("four");
    log.critical("five ñ");
  });
  const time = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /;
  for (const line of lines) assertMatch(line, time);
  assertEquals(lines.map((line) => line.replace(time, "")), [
    "DEBUG    one",
    "INFO     two",
    "WARN     three",
    "ERROR    four",
    "CRITICAL five ñ",
  ]);
});

Deno.test("setupLogging() uses the local time of Buenos Aires", async () => {
  const { prototype } = Date;
  using _zone = replace(prototype, { getTimezoneOffset: () => 180 });
  const utc = Math.floor(Date.now() / 1000) * 1000;
  // The time is cached for a second.
  using _clock = replace(Date, { now: () => utc + 3_600_000 });
  const [line] = await linesOf("INFO", () => getLogger().info("x"));
  const expected = new Date(utc - 2 * 3_600_000).toISOString();
  assertEquals(line!.slice(0, 19), expected.slice(0, 19).replace("T", " "));
});

Deno.test("setupLogging() leaves out what is below the level", async () => {
  let made = 0;
  const lines = await linesOf("WARN", () => {
    const log = getLogger();
    log.debug(() => `debug ${++made}`);
    log.info(() => `info ${++made}`);
    log.warn(() => `warn ${++made}`);
    log.error(() => `error ${++made}`);
  });
  assertEquals(lines.map((line) => line.slice(29)), ["warn 1", "error 2"]);
});

Deno.test("flushLog() continues after short writes", async () => {
  const expected = Array.from({ length: 2000 }, (_, i) => `line ñ ${i}`);
  const lines = await linesOf("INFO", () => {
    for (const text of expected) getLogger().info(text);
  }, 1000);
  assertEquals(lines.map((line) => line.slice(29)), expected);
});

/** The lines on standard output, where each write may be partial. */
async function linesOf(
  level: "DEBUG" | "INFO" | "WARN",
  fn: () => void,
  maxWrite = Infinity,
): Promise<string[]> {
  const decoder = new TextDecoder();
  let text = "";
  using _stdout = replace(Deno.stdout, {
    isTerminal: () => false,
    write(bytes): Promise<number> {
      const taken = bytes.subarray(0, maxWrite);
      text += decoder.decode(taken, { stream: true });
      return Promise.resolve(taken.length);
    },
  });
  setupLogging(level);
  fn();
  await flushLog();
  return text.split("\n").slice(0, -1);
}
