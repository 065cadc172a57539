// Entry of `deno task token`: makes, removes and lists the agencies' tokens.

import { parseArgs } from "node:util";
import {
  changeCredentials,
  hashToken,
  readCredentials,
} from "../central/auth/credentials_file.ts";
import { ProgramError } from "../program/errors.ts";
import { writeLine } from "../program/logging.ts";
import { wholeNumber } from "../program/config/setting.ts";
import { print, readKey, runTool } from "./tool.ts";

const USAGE =
  `Usage: deno task token add AGENCY | remove AGENCY | list [options]

  add AGENCY      makes a token for an agency and prints it, this once
  remove AGENCY   makes the agency's token invalid
  list            prints the agencies that have a token, one per line

The credentials file has a hash of each token, never a token. A running central
notices a change within two seconds.

  --file FILE     the file (default: server.credentials of config.yaml, or
                  .data/credentials.csv)
  --help          prints this`;

const DEFAULT_FILE = ".data/credentials.csv";
const AGENCY = wholeNumber(1, 4294967295);
const TOKEN_BYTES = 32;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { file: { type: "string" }, help: { type: "boolean" } },
    allowPositionals: true,
  });
  if (values.help) return print([USAGE]);
  const [command, ...ids] = positionals;
  const file = values.file ||
    await readKey("server.credentials", "SERVER_CREDENTIALS") || DEFAULT_FILE;
  if (command === "list" && ids.length === 0) {
    const { hashes } = await readCredentials(file);
    return print([...hashes.keys()].map(String));
  }
  if (command === "add" && ids.length === 1) {
    return await add(file, parseAgency(ids[0]!));
  }
  if (command === "remove" && ids.length === 1) {
    return await remove(file, parseAgency(ids[0]!));
  }
  throw new ProgramError(
    `Cannot do "${
      positionals.join(" ")
    }": expected add AGENCY, remove AGENCY or list (see --help)`,
  );
}

async function add(file: string, agency: number): Promise<void> {
  const bytes = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES));
  const token = bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  const hash = await hashToken(new TextEncoder().encode(token));
  await changeCredentials(file, (hashes) => {
    if (!hashes.has(agency)) return new Map([...hashes, [agency, hash]]);
    throw new ProgramError(
      `Cannot add a token: agency ${agency} has one in "${file}"; remove it first`,
    );
  });
  hint(
    `Agency ${agency} sends with CLI_TOKEN or agency.tokenFile; its hash is in "${file}" (server.credentials)`,
  );
  print([token]);
}

async function remove(file: string, agency: number): Promise<void> {
  // Nothing is created if there is no file.
  await readCredentials(file);
  await changeCredentials(file, (hashes) => {
    const rest = new Map(hashes);
    if (rest.delete(agency)) return rest;
    throw new ProgramError(
      `Cannot remove a token: agency ${agency} has none in "${file}"`,
    );
  });
  hint(`Removed the token of agency ${agency}`);
}

/** Writes to standard error, so that standard output is the token alone. */
function hint(line: string): void {
  writeLine(Deno.stderr, line);
}

function parseAgency(text: string): number {
  const agency = AGENCY.parse(text);
  if (agency !== undefined) return agency;
  throw new ProgramError(
    `Cannot use agency "${text}": expected ${AGENCY.expected}`,
  );
}

if (import.meta.main) await runTool(main, "token");
