// The database tools: `deno task verify:postgres`, `export:postgres` and
// `import:postgres`.

import { readVariable } from "../program/config/config.ts";
import { messageOf, ProgramError } from "../program/errors.ts";
import { setupLogging, writeLine } from "../program/logging.ts";
import { EXIT_FAILURE } from "../program/program.ts";
import { describeAddress, readAddress } from "./connection/address.ts";
import { type Ask, Database } from "./connection/database.ts";
import { explainDatabase } from "./connection/errors.ts";
import { checkDatabase } from "./schema/prepare.ts";
import { exportBets } from "./tools/export.ts";
import { importStore } from "./tools/import.ts";
import { verify } from "./tools/verify.ts";

const URL_VARIABLE = "SERVER_STORE_URL";
const USAGE = `Usage: deno task verify:postgres [URL]
       deno task export:postgres [URL]
       deno task import:postgres FILE [URL]

verify  checks what a central checks at its start, counts bets, agencies and
        finished ones, and looks for gaps and for bets after the draw
export  writes the bets to standard output as CSV: agency, first name, last name,
        document, birthdate, number
import  stores the bets of the store FILE in the database, and who has finished;
        may be run again after it broke off

Without URL, that of ${URL_VARIABLE}. Other users of the machine can see
arguments: put the password into ${URL_VARIABLE}, PGPASSWORD or PGPASSFILE.`;

/** Runs a tool in a transaction on a database that a central could use. */
async function withDatabase<T>(
  url: string,
  use: (ask: Ask, schema: string) => Promise<T>,
): Promise<T> {
  const address = readAddress(url);
  let schema = "";
  const database = new Database(address, {
    connections: 1,
    check: async (session) => {
      schema = await checkDatabase(session);
    },
  });
  try {
    return await database.transaction((ask) => use(ask, schema), {
      timeoutFactor: 0,
    });
  } catch (cause) {
    if (cause instanceof Deno.errors.BrokenPipe) throw cause;
    throw new ProgramError(
      `Cannot use "${describeAddress(address)}": ${explainDatabase(cause)}`,
      { cause },
    );
  } finally {
    database.close();
  }
}

async function main(args: readonly string[]): Promise<void> {
  const [command, ...operands] = args;
  if (args.includes("--help")) {
    writeLine(Deno.stdout, USAGE);
  } else if (command === "verify" && operands.length <= 1) {
    const isGood = await withDatabase(urlOf(operands[0]), verify);
    if (!isGood) Deno.exitCode = EXIT_FAILURE;
  } else if (command === "export" && operands.length <= 1) {
    await withDatabase(urlOf(operands[0]), exportBets);
  } else if (command === "import" && [1, 2].includes(operands.length)) {
    await importStore(operands[0]!, urlOf(operands[1]));
  } else {
    throw new ProgramError(`Cannot run: wrong arguments\n\n${USAGE}`);
  }
}

function urlOf(operand: string | undefined): string {
  const url = operand ??
    readVariable(URL_VARIABLE, (name) => Deno.env.get(name));
  if (url) return url;
  throw new ProgramError(
    `Cannot run: no URL, and ${URL_VARIABLE} is not set\n\n${USAGE}`,
  );
}

if (import.meta.main) {
  // Standard output is for the tool's own output.
  setupLogging("ERROR");
  try {
    await main(Deno.args);
  } catch (error) {
    // The reader of the output, such as `head`, has exited.
    if (!(error instanceof Deno.errors.BrokenPipe)) {
      writeLine(Deno.stderr, `${Deno.args[0]}: ${messageOf(error)}`);
      Deno.exitCode = EXIT_FAILURE;
    }
  }
}
