import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import {
  parseConfigFile,
  parsePlainSections,
} from "../../program/config/config_file.ts";
import { testReading } from "../support/permissions.ts";
import { PROJECT } from "../support/programs.ts";
import { Random, SEED } from "../support/random_bets.ts";
import { assertProblem } from "../support/problems.ts";

/** Values that look alike and are different in YAML. */
const VALUES = [
  ...["1", "0", "01", "-1", "1.5", ".5", "1e3", "0x1F", "1_000", "12:30:45"],
  ...["0.0.0.0", "::", "[::1]:80", "127.0.0.1:1", "localhost:12345", "60s"],
  ...["1m30s", "100ms", "true", "True", "yes", "on", "null", "~", "Null", ""],
  ...[".inf", ".nan", ".data/bets.csv", "/a b", "a:b", "a: b", "a #b", "a#b"],
  ...["2026-01-01", "2026-01-01 10:00:00", "'a'", '"a"', '"a\\n"', '";"'],
  ...['"{file}.csv"', "{file}.csv", "a-{id}.csv", "- a", "-", "&a", "*a", "!a"],
  ...["|", ">", "%a", "@a", "`a", "a,b", "[a]", "é", "a\tb", "INFO ", "a:"],
  ...["999999999999999", "9999999999999999", "/", "a", "9.9.9.9999-x"],
];

function assertSame(text: string): void {
  const plain = parsePlainSections(text);
  if (plain === undefined) return;
  assertEquals(plain, parse(text) ?? {}, JSON.stringify(text));
}

Deno.test("parsePlainSections() reads values as a YAML parser does, or leaves them", () => {
  for (const value of VALUES) {
    try {
      parse(`a:\n  b: ${value}\n`);
    } catch {
      // What is not YAML is left to the parser, which says so.
      assertEquals(parsePlainSections(`a:\n  b: ${value}\n`), undefined);
      continue;
    }
    if (value !== "") assertSame(`a:\n  b: ${value}\n`);
  }
});

Deno.test(`parsePlainSections() agrees with a YAML parser on random text (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const parts = ["a", "b", ":", " ", "  ", "\n", "#", '"', "1", "s", ".", "/"];
  for (let i = 0; i < 5_000; i++) {
    const size = random.below(12);
    const pick = () => parts[random.below(parts.length)]!;
    const text = `a:\n  b: ${Array.from({ length: size }, pick).join("")}\n`;
    if (parsePlainSections(text) !== undefined) assertSame(text);
  }
});

Deno.test("parsePlainSections() leaves sections without keys to a YAML parser", () => {
  for (const text of ["s:\n", "a:\n  b: c\ns:\n", "s:\na:\n  b: c\n"]) {
    assertEquals(parsePlainSections(text), undefined, text);
  }
});

testReading("config.yaml needs no YAML parser", async () => {
  const text = await Deno.readTextFile(`${PROJECT}config.yaml`);
  assert(parsePlainSections(text) !== undefined);
  assertEquals(parsePlainSections(text), parse(text));
});

Deno.test("parseConfigFile() names the file of invalid YAML", async () => {
  for (const text of ["a: [", "a: 1\na: 2\n", "a:\n\tb: 1\n", "a:\na:\n"]) {
    await assertProblem(
      () => parseConfigFile(text, "some.yaml"),
      'Cannot read "some.yaml": ',
    );
  }
});
