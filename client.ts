/**
 * The agency: sends its file of bets to the central.
 *
 * @module
 */

import { BatchSender } from "./agency/batch_sender.ts";
import { inspectFormat } from "./agency/source/file_format.ts";
import { isProcessInput } from "./agency/source/input_file.ts";
import { ProblemLog } from "./agency/problem_log.ts";
import { ProgressBar } from "./agency/progress_bar.ts";
import { RejectedFile } from "./agency/rejected_file.ts";
import { BatchLoader } from "./agency/outgoing_batch.ts";
import { UnrecoverableError } from "./agency/replies.ts";
import { RetryingConnection } from "./agency/retrying_connection.ts";
import { readToken } from "./agency/token.ts";
import { askForWinners } from "./agency/winners_query.ts";
import { SourceFile } from "./agency/source/source_file.ts";
import { RecordReader } from "./agency/source/record_reader.ts";
import { agencyIdOf, type Config } from "./program/config.ts";
import { isDisconnection } from "./net/connection.ts";
import { readAuthorities } from "./net/tls.ts";
import { messageOf, ProgramError } from "./program/errors.ts";
import { formatAction, getLogger } from "./program/logging.ts";
import { EXIT_REFUSED, runProgram } from "./program/program.ts";
import type { ProgramContext } from "./program/program.ts";
import { formatAddresses } from "./program/setting.ts";

/** Stands for the name of an input without one in `agency.rejectedFile`. */
const UNNAMED_INPUT = ".data/stdin-{id}";

/**
 * Runs the agency, as `deno task client` does.
 *
 * @param context The configuration, the flags, and the signal that stops it.
 * @returns The exit code.
 * @throws {ProgramError} If the file cannot be sent.
 */
export async function runAgency(context: ProgramContext): Promise<number> {
  const { config, signal } = context;
  const agency = agencyIdOf(config);
  getLogger().info(formatAction("config", "success", {
    client_id: agency,
    server_address: formatAddresses(config["server.address"]),
    batch_max_amount: config["batch.maxAmount"],
    log_level: config["log.level"],
  }));
  const path = fillIn(config["agency.file"], { id: String(agency) });
  try {
    return await sendFile(path, agency, context);
  } catch (error) {
    if (signal.aborted && error === signal.reason) {
      logStop(signal);
      return 0;
    }
    throw explain(error, path);
  }
}

/** Sends the whole file and returns the exit code. */
async function sendFile(
  path: string,
  agency: number,
  context: ProgramContext,
): Promise<number> {
  const { config, signal } = context;
  const winnersFile = context.flags["winners"];
  using source = await SourceFile.open(path, { signal });
  const separator = config["agency.separator"];
  const { hasHeader } = await inspectFormat(source, separator);
  using rejected = new RejectedFile(source, {
    path: rejectedPath(path, agency, config),
    separator,
  });
  await rejected.throwIfSource();
  using bar = new ProgressBar(source.contentSize);
  const problems = new ProblemLog();
  const loader = new BatchLoader(
    new RecordReader(source, { separator, hasHeader }),
    {
      agency,
      fingerprint: source.fingerprint,
      maxAmount: config["batch.maxAmount"],
      async onProblem({ line, problem, bytes }): Promise<void> {
        problems.add({ line, reason: problem });
        await rejected.add(bytes);
      },
    },
  );
  const central = await createConnection(agency, context);
  const sender = new BatchSender(central, loader, {
    agency,
    window: config["batch.window"],
    source,
    rejected,
    problems,
    retryRefused: config["batch.retryRefused"],
    onProgress: () =>
      bar.update({ bytes: loader.byteOffset, bets: sender.stored }),
  });
  await sender.run();
  await rejected.complete();
  problems.complete();
  getLogger().info(formatAction("loop_finished", "success", {
    client_id: agency,
    cantidad: sender.stored,
    rejected: rejected.rows,
  }));
  if (config["draw.await"] || winnersFile !== undefined) {
    await awaitWinners(agency, central, winnersFile);
  }
  return rejected.rows > 0 ? EXIT_REFUSED : 0;
}

async function createConnection(
  agency: number,
  { config, signal }: ProgramContext,
): Promise<RetryingConnection> {
  const tokenFile = fillIn(config["agency.tokenFile"], { id: String(agency) });
  const token = await readToken((name) => Deno.env.get(name), tokenFile);
  const ca = config["tls.ca"];
  return new RetryingConnection({
    addresses: config["server.address"],
    maxAttempts: config["retry.maxAttempts"],
    baseDelayMs: config["retry.baseDelay"],
    replyTimeoutMs: config["retry.replyTimeout"],
    authorities: ca === "" ? undefined : await readAuthorities(ca, "tls.ca"),
    authentication: token && { agency, token },
    signal,
  });
}

/** Waits for the draw and reports the winners. */
async function awaitWinners(
  agency: number,
  central: RetryingConnection,
  file: string | undefined,
): Promise<void> {
  let winners: string[] | undefined;
  while (!winners) {
    winners = await central.run(async (connection) => {
      try {
        return await askForWinners(connection, agency);
      } catch (error) {
        // The draw may be days away, and the central restarted many times: a
        // query that was lost, not refused, is no failed attempt.
        if (isDisconnection(error)) central.resetAttempts();
        throw error;
      }
    });
  }
  const log = getLogger();
  log.info(formatAction("consulta_ganadores", "success", {
    cant_ganadores: winners.length,
  }));
  for (const document of winners) {
    log.debug(() => formatAction("winner", "success", { document }));
  }
  if (file !== undefined) await writeWinners(file, winners);
}

async function writeWinners(
  file: string,
  winners: readonly string[],
): Promise<void> {
  try {
    await Deno.writeTextFile(file, winners.map((one) => `${one}\n`).join(""));
  } catch (cause) {
    throw new ProgramError(
      `Cannot write winners "${file}": ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** Returns the file for the rows of this agency's file that are refused. */
function rejectedPath(path: string, agency: number, config: Config): string {
  const id = String(agency);
  const file = isProcessInput(path) ? fillIn(UNNAMED_INPUT, { id }) : path;
  return fillIn(config["agency.rejectedFile"], { id, file });
}

/** Replaces each `{name}` of a configured path. */
function fillIn(
  template: string,
  values: Readonly<Record<string, string>>,
): string {
  return template.replaceAll(
    /\{(\w+)\}/g,
    (placeholder, name) => values[name] ?? placeholder,
  );
}

/** `using` has already closed them, in reverse order. */
function logStop(signal: AbortSignal): void {
  const log = getLogger();
  log.info(formatAction("close_connection", "success"));
  log.info(formatAction("close_file", "success"));
  log.info(formatAction("stop", "success", { signal: signal.reason }));
}

/** Reports expected failures in one line, without a stack trace. */
function explain(error: unknown, path: string): unknown {
  if (error instanceof UnrecoverableError) {
    return new ProgramError(error.message, { cause: error });
  }
  // Errors of the operating system have a code, such as ENOENT or ENOSPC. Some
  // files Deno itself refuses to open, whatever the permissions.
  const isExpected = error instanceof Deno.errors.NotCapable ||
    (error instanceof Error && "code" in error);
  if (!isExpected) return error;
  return new ProgramError(
    `Cannot work through agency's file "${path}": ${error.message}`,
    { cause: error },
  );
}

if (import.meta.main) {
  await runProgram("client", runAgency, {
    operand: "agency.file",
    flags: [{
      name: "winners",
      value: "FILE",
      help: "waits for the draw and writes its winners' documents to FILE",
    }],
  });
}
