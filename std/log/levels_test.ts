import { assertEquals, assertThrows } from "@std/assert";
import {
  getLevelByName,
  getLevelName,
  type LevelName,
  type LogLevel,
  LogLevels,
} from "@std/log";

const LEVELS: [LevelName, LogLevel][] = [
  ["NOTSET", 0],
  ["DEBUG", 10],
  ["INFO", 20],
  ["WARN", 30],
  ["ERROR", 40],
  ["CRITICAL", 50],
];

Deno.test("LogLevels has the levels", () => {
  assertEquals<Record<string, number>>(LogLevels, Object.fromEntries(LEVELS));
});

for (const [name, level] of LEVELS) {
  Deno.test(`getLevelByName() and getLevelName() know ${name}`, () => {
    assertEquals(getLevelByName(name), level);
    assertEquals(getLevelName(level), name);
  });
}

Deno.test("getLevelByName() refuses other names", () => {
  for (const name of ["info", "LOUD", ""]) {
    assertThrows(
      () => getLevelByName(name as LevelName),
      Error,
      `Cannot get log level: no level named ${name}`,
    );
  }
});

Deno.test("getLevelName() refuses other levels", () => {
  for (const level of [-1, 5, 60, NaN]) {
    assertThrows(
      () => getLevelName(level as LogLevel),
      Error,
      `Cannot get log level: no name for level: ${level}`,
    );
  }
});
