// The names of a key outside `config.yaml`: its variable and its flag.

import {
  CONFIG_KEYS,
  type ConfigKey,
  KEYS,
  type Program,
} from "./config_keys.ts";
import type { Flag } from "../flags.ts";

/** The agency's token. It has no flag, which every user could see in `ps`. */
export const TOKEN_VARIABLE = "CLI_TOKEN";

/** Variables that the exercise names, against the rule. */
const FIXED_VARIABLES: Readonly<Record<string, string>> = {
  "client agency.id": "CLI_ID",
  "server log.level": "LOGGING_LEVEL",
};
const FIXED_FLAGS: Readonly<Record<string, string>> = {
  "server.address": "server",
};
/** The section that a program's flags leave out: `--port` is `server.port`. */
const OWN_SECTIONS: Readonly<Record<Program, string>> = {
  client: "agency.",
  server: "server.",
};

/** The keys that a program reads. */
export function keysOf(program: Program): ConfigKey[] {
  return CONFIG_KEYS.filter((key) => KEYS[key].programs.includes(program));
}

/**
 * Returns the variable of a key that the program reads, such as
 * `SERVER_LISTEN_BACKLOG` for `server.listenBacklog`.
 */
export function variableOf(name: ConfigKey, program: Program): string {
  const fixed = FIXED_VARIABLES[`${program} ${name}`];
  if (fixed !== undefined) return fixed;
  if (program === "client") {
    return `CLI_${name.replace(".", "_")}`.toUpperCase();
  }
  return `SERVER_${upperSnakeCase(name.replace(/^server\./, ""))}`;
}

/**
 * Returns the flag of a key that the program reads, without dashes, such as the
 * agency's `token-file` for `agency.tokenFile`.
 */
export function flagOf(name: ConfigKey, program: Program): string {
  const own = OWN_SECTIONS[program];
  const rest = name.startsWith(own) ? name.slice(own.length) : name;
  return FIXED_FLAGS[name] ??
    upperSnakeCase(rest).toLowerCase().replaceAll("_", "-");
}

/** `tokenFile` becomes `TOKEN_FILE`, `log.level` `LOG_LEVEL`. */
function upperSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, "_$&").replaceAll(".", "_").toUpperCase();
}

export function configFlags(program: Program): Flag[] {
  return keysOf(program).map((key) => {
    const name = flagOf(key, program);
    const isBoolean = KEYS[key].type.yaml === "boolean";
    return isBoolean ? { name, isBoolean } : { name, value: "VALUE" };
  });
}

/**
 * Lists the agency's variables that are set but have no meaning, among likely
 * mistakes such as `CLI_FILE` for `CLI_AGENCY_FILE`: the program may not list
 * all variables.
 */
export function unknownVariables(): string[] {
  // The task grants `CLI_*`, so one name stands for all.
  const any = { name: "env", variable: "CLI_ANY" } as const;
  if (Deno.permissions.querySync(any).state !== "granted") return [];
  const known = keysOf("client").map((key) => variableOf(key, "client"));
  return likelyMistakes().filter((name) =>
    !known.includes(name) && Deno.env.has(name)
  );
}

function likelyMistakes(): string[] {
  const names = CONFIG_KEYS.flatMap((key) => [
    upperSnakeCase(key),
    upperSnakeCase(key.slice(key.indexOf(".") + 1)),
    flagOf(key, "client").toUpperCase().replaceAll("-", "_"),
  ]);
  return [...new Set(names)].map((name) => `CLI_${name}`);
}
