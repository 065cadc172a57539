import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  type Config,
  ConfigError,
  configHelp,
  type ConfigKey,
  readAgencyId,
  readConfig,
} from "../../program/config.ts";
import { CASES } from "../support/config_cases.ts";
import { testWith } from "../support/permissions.ts";
import { PROJECT } from "../support/programs.ts";

for (const [name, one] of Object.entries(CASES)) {
  const key = name as ConfigKey;
  const { fallback, variables, good, bad, mistyped, expected } = one;

  Deno.test(`readConfig() reads ${key}`, () => {
    assertEquals(read("")[key], fallback);
    for (const [text, value] of Object.entries(good)) {
      assertEquals(read(yamlOf(key, quoted(text)))[key], value);
      for (const [program, variable] of Object.entries(variables)) {
        const env = { [variable]: text };
        const [, last] = Object.keys(good);
        const config = read(yamlOf(key, quoted(last!)), env, program);
        assertEquals(config[key], value, variable);
      }
    }
  });

  Deno.test(`readConfig() refuses what ${key} cannot be`, () => {
    for (const text of [...bad.map(quoted), ...mistyped]) {
      const message = refusal(yamlOf(key, text));
      assertStringIncludes(
        message,
        `Cannot use "${key}" in "some.yaml": it is `,
      );
      assertStringIncludes(message, `, expected ${expected}`);
    }
    for (const text of bad) {
      for (const [program, variable] of Object.entries(variables)) {
        assertEquals(
          refusal("", { [variable]: text }, program),
          `Cannot use ${variable}: it is ${
            JSON.stringify(text)
          }, expected ${expected}`,
        );
      }
    }
  });
}

Deno.test("readConfig() ignores the other program's variables", () => {
  assertEquals(read("", { SERVER_PORT: "x" }, "client")["server.port"], 12345);
  const env = { CLI_LOG_LEVEL: "DEBUG" };
  assertEquals(read("", env, "server")["log.level"], "INFO");
});

Deno.test("readConfig() treats an empty variable as unset", () => {
  const config = read("log:\n  level: WARN\n", { LOGGING_LEVEL: "" }, "server");
  assertEquals(config["log.level"], "WARN");
});

Deno.test("readConfig() uses defaults for empty files and sections", () => {
  for (const yaml of ["", "# nothing\n", "server:\nlog:\n", "{}", "~"]) {
    assertEquals(read(yaml), read(""));
  }
});

Deno.test("readConfig() refuses unknown keys, and lists the known ones", () => {
  for (
    const [yaml, key] of [
      ["server:\n  prot: 1\n", "server.prot"],
      ["port: 1\n", "port"],
      ["batch:\n  maxamount: 1\n", "batch.maxamount"],
      ["__proto__:\n  x: 1\n", "__proto__.x"],
      ["log:\n  toString: x\n", "log.toString"],
    ] as const
  ) {
    const message = refusal(yaml);
    assertStringIncludes(message, `unknown key "${key}"`);
    assertStringIncludes(message, "server.port");
  }
});

Deno.test("readConfig() refuses values that are not sections of keys", () => {
  for (const yaml of ["just text", "[a, b]", "5"]) {
    assertStringIncludes(refusal(yaml), 'Cannot read "some.yaml": expected');
  }
  for (const yaml of ["a: [", "a: 1\na: 2\n", "a:\n\tb: 1\n"]) {
    assertMatch(refusal(yaml), /^Cannot read "some\.yaml": /);
  }
});

Deno.test("readAgencyId() accepts 1 to 4294967295, and nothing else", () => {
  for (const text of ["1", "5", "4294967295"]) {
    assertEquals(readAgencyId(() => text), Number(text));
  }
  for (const text of [undefined, "", "0", "-1", "4294967296", "1.5", "x"]) {
    const error = assertThrows(() => readAgencyId(() => text), ConfigError);
    assertMatch(
      error.message,
      /^Cannot use agency's id CLI_ID: .*, expected a whole number from 1 to 4294967295$/,
    );
  }
});

Deno.test("configHelp() lists every key with variables and default", () => {
  const lines = configHelp().split("\n");
  assertMatch(lines[1]!, /CLI_ID +required/);
  for (const [key, { variables, fallback }] of Object.entries(CASES)) {
    const line = lines.find((line) => line.startsWith(`${key} `));
    assert(line !== undefined, key);
    for (const variable of Object.values(variables)) {
      assertStringIncludes(line, variable);
    }
    if (typeof fallback !== "object" && typeof fallback !== "number") {
      assertStringIncludes(line, ` ${fallback} `);
    }
  }
  assertMatch(configHelp(), /server\.address .* localhost:12345 /);
  assertMatch(configHelp(), /server\.idleTimeout .* 60s /);
  assertMatch(configHelp(), /retry\.baseDelay .* 100ms /);
});

testWith(["read"], "config.yaml lists all defaults", async () => {
  const yaml = await Deno.readTextFile(`${PROJECT}config.yaml`);
  assertEquals(read(yaml), read(""));
  for (const key of Object.keys(CASES)) {
    assertStringIncludes(yaml, `  ${key.split(".")[1]}: `);
  }
});

function read(
  yaml: string,
  env: Record<string, string> = {},
  program = "client",
): Config {
  return readConfig({
    program: program as "client" | "server",
    yaml,
    file: "some.yaml",
    env: (variable) => env[variable],
  });
}

function refusal(
  yaml: string,
  env?: Record<string, string>,
  program?: string,
): string {
  return assertThrows(() => read(yaml, env, program), ConfigError).message;
}

function yamlOf(key: string, value: string): string {
  const [section, name] = key.split(".");
  return `${section}:\n  ${name}: ${value}\n`;
}

/** Quotes a value for YAML, unless it is of another type. */
function quoted(text: string): string {
  return /^(-?[\d.]+|true|false)$/.test(text) ? text : JSON.stringify(text);
}
