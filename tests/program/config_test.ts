import { parse } from "@std/yaml";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  agencyIdOf,
  type Config,
  type ConfigKey,
  type ConfigSources,
  type Program,
  readConfig,
} from "../../program/config/config.ts";
import { flagOf, keysOf } from "../../program/config/config_names.ts";
import { ProgramError } from "../../program/errors.ts";
import { configHelp } from "../../program/help.ts";
import { CASES } from "../support/config_cases.ts";
import { testReading } from "../support/permissions.ts";
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

Deno.test("readConfig() refuses unknown keys, and names the nearest one", () => {
  for (
    const [yaml, key, expected] of [
      ["server:\n  prot: 1\n", "server.prot", '"server.port"'],
      ["port: 1\n", "port", '"server.port"'],
      ["batch:\n  maxamount: 1\n", "batch.maxamount", '"batch.maxAmount"'],
      ["client:\n  id: 1\n", "client.id", '"agency.id"'],
      ["__proto__:\n  x: 1\n", "__proto__.x", "one of server.address, "],
      ["log:\n  toString: x\n", "log.toString", "one of server.address, "],
    ] as const
  ) {
    assertStringIncludes(
      refusal(yaml),
      `unknown key "${key}", expected ${expected}`,
    );
  }
});

Deno.test("readConfig() refuses values that are not sections of keys", () => {
  for (const yaml of ["just text", "[a, b]", "5"]) {
    assertStringIncludes(refusal(yaml), 'Cannot read "some.yaml": expected');
  }
});

Deno.test("readConfig() lets a flag win over a variable, and that over the file", () => {
  const yaml = yamlOf("agency.id", "1");
  const env = { CLI_ID: "2" };
  const flags = { id: "3" };
  assertEquals(read(yaml)["agency.id"], 1);
  assertEquals(read(yaml, env)["agency.id"], 2);
  assertEquals(read(yaml, env, "client", flags)["agency.id"], 3);
  assertEquals(
    assertThrows(() => read(yaml, env, "client", { id: "x" }), ProgramError)
      .message,
    'Cannot use --id: it is "x", expected a whole number from 1 to 4294967295',
  );
});

Deno.test("readConfig() says where a URL in SERVER_PORT comes from", () => {
  assertMatch(
    refusal("", { SERVER_PORT: "tcp://10.0.0.7:12345" }, "server"),
    /^Cannot use SERVER_PORT: it is "tcp:.*, expected a whole number .*Kubernetes/,
  );
});

Deno.test("readConfig() refuses a variable that is not UTF-8", () => {
  assertThrows(
    () =>
      readConfig({
        program: "client",
        document: null,
        file: "",
        env(variable): string | undefined {
          if (variable !== "CLI_AGENCY_FILE") return undefined;
          throw new Deno.errors.InvalidData("not valid unicode");
        },
      }),
    ProgramError,
    "Cannot use CLI_AGENCY_FILE: it is not UTF-8",
  );
});

Deno.test("agencyIdOf() refuses an id that is not set", () => {
  assertEquals(agencyIdOf(read("", { CLI_ID: "5" })), 5);
  for (const env of [{}, { CLI_ID: "" }]) {
    assertEquals(
      assertThrows(() => agencyIdOf(read("", env)), ProgramError).message,
      "Cannot use agency's id: CLI_ID or --id is not set, expected a whole number from 1 to 4294967295",
    );
  }
});

Deno.test("flagOf() derives a flag from each key", () => {
  const flags: [ConfigKey, Program, string][] = [
    ["agency.id", "client", "id"],
    ["agency.tokenFile", "client", "token-file"],
    ["server.address", "client", "server"],
    ["batch.maxAmount", "client", "batch-max-amount"],
    ["server.listenBacklog", "server", "listen-backlog"],
    ["store.file", "server", "store-file"],
    ["log.level", "client", "log-level"],
    ["log.level", "server", "log-level"],
  ];
  for (const [key, program, flag] of flags) {
    assertEquals(flagOf(key, program), flag);
  }
});

Deno.test("configHelp() lists every key with variables, flag and default", () => {
  for (const program of ["client", "server"] as const) {
    const lines = configHelp(program).split("\n");
    for (const [name, { variables, fallback }] of Object.entries(CASES)) {
      const line = lines.find((line) => line.startsWith(`${name} `));
      assert(line !== undefined, name);
      for (const variable of Object.values(variables)) {
        assertStringIncludes(line, variable);
      }
      const key = name as ConfigKey;
      const isRead = keysOf(program).includes(key);
      assertEquals(line.includes(" --"), isRead, name);
      if (isRead) assertStringIncludes(line, ` --${flagOf(key, program)} `);
      if (["string", "boolean"].includes(typeof fallback)) {
        assertStringIncludes(line, ` ${fallback} `);
      }
    }
    assertMatch(lines.join("\n"), /server\.address .* localhost:12345 /);
    assertMatch(lines.join("\n"), /server\.idleTimeout .* 60s /);
    assertMatch(lines.join("\n"), /retry\.baseDelay .* 100ms /);
  }
});

testReading("config.yaml lists all defaults", async () => {
  const yaml = await Deno.readTextFile(`${PROJECT}config.yaml`);
  assertEquals(read(yaml), read(""));
  for (const key of Object.keys(CASES)) {
    assertMatch(yaml, new RegExp(`^  (?:# )?${key.split(".")[1]}: `, "m"));
  }
});

function read(
  yaml: string,
  env: Record<string, string> = {},
  program = "client",
  flags: Record<string, string> = {},
): Config {
  return readConfig({
    program: program as ConfigSources["program"],
    document: parse(yaml),
    file: "some.yaml",
    env: (variable) => env[variable],
    flags,
  });
}

function refusal(
  yaml: string,
  env?: Record<string, string>,
  program?: string,
): string {
  return assertThrows(() => read(yaml, env, program), ProgramError).message;
}

function yamlOf(key: string, value: string): string {
  const [section, name] = key.split(".");
  return `${section}:\n  ${name}: ${value}\n`;
}

/** Quotes a value for YAML, unless it is of another type. */
function quoted(text: string): string {
  return /^(-?[\d.]+|true|false)$/.test(text) ? text : JSON.stringify(text);
}
