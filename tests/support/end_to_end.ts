// Tests of the programs as processes, and what is asserted of each of them.

import { assertEquals, assertMatch } from "@std/assert";
import { testInFolder } from "./folder.ts";
import type { Ending } from "./programs.ts";

const LINE_REGEXP =
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (?=.{8} action:)(DEBUG|INFO|WARN|ERROR|CRITICAL) +(action: \w+ \| result: (?:success|fail|in_progress)(?: \| \w+: .*)?)$/;

/** Registers a test that starts programs and gets an empty folder of its own. */
export function testPrograms(
  name: string,
  fn: (dir: string) => Promise<void>,
): void {
  testInFolder(name, fn, ["net", "run"]);
}

/**
 * Reads a program's log, and asserts that every line has the form that it
 * should have, to the column.
 */
export function messages(stdout: string): string[] {
  return stdout.split("\n").slice(0, -1).map((line) => {
    assertMatch(line, LINE_REGEXP);
    const [, level, text] = LINE_REGEXP.exec(line)!;
    return `${level} ${text}`;
  });
}

/** Asserts that a program ended as it should, with nothing to complain of. */
export function assertEnding(ending: Ending, code: number): string[] {
  assertEquals(
    { code: ending.code, stderr: ending.stderr },
    { code, stderr: "" },
    ending.stdout,
  );
  return messages(ending.stdout);
}

/**
 * Asserts that a program could not do its job and said so in one line, without
 * a stack.
 */
export function assertFailure(ending: Ending, line: RegExp): void {
  assertEquals(ending.code, 1, ending.stdout + ending.stderr);
  assertMatch(ending.stderr, /^[^\n]+\n$/);
  assertMatch(ending.stderr, line);
}
