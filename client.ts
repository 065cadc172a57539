/**
 * The agency: sends its bets file to the central.
 *
 * @module
 */

import { Agency } from "./agency/agency.ts";
import type { SendOptions, Summary } from "./agency/options.ts";
import { ProgressBar } from "./agency/output/progress_bar.ts";
import {
  fillIn,
  inputPath,
  rejectedPath,
} from "./agency/output/rejected_file.ts";
import type { WinnersFile } from "./agency/output/winners_file.ts";
import { readToken } from "./agency/connection/token.ts";
import { agencyIdOf } from "./program/config/config.ts";
import { formatAction, getLogger } from "./program/logging.ts";
import { EXIT_REFUSED, runProgram } from "./program/program.ts";
import type { ProgramContext } from "./program/program.ts";
import { formatAddresses } from "./program/config/setting.ts";

export type { Bet } from "./bet/bet.ts";
export { Agency } from "./agency/agency.ts";
export type {
  AgencyOptions,
  Input,
  ReadOptions,
  SendOptions,
  Summary,
} from "./agency/options.ts";
export type { Progress } from "./agency/output/progress_bar.ts";
export type { RefusedRow } from "./agency/refused_rows.ts";
export { RefusedError } from "./agency/connection/replies.ts";
export { UnreachableError } from "./agency/connection/retrying_connection.ts";
export { ProgramError } from "./program/errors.ts";

/** The flags that are not derived from the configuration. */
const FLAGS = [
  {
    name: "check",
    help: "reads and checks the file, and sends nothing",
    excludes: ["as-new", "no-finish", "finish-anyway", "winners"],
  },
  { name: "as-new", help: "stores a file once more that was sent before" },
  {
    name: "no-finish",
    help: "does not finish: another file follows",
    excludes: ["finish-anyway", "winners"],
  },
  { name: "finish-anyway", help: "finishes although rows are not stored" },
  {
    name: "winners",
    value: "FILE",
    help: "waits for the draw and writes its winners' documents to FILE, or -",
  },
];

/**
 * Runs the agency, as `deno task client` does, and returns the exit code.
 *
 * @internal
 * @throws {ProgramError} If the file cannot be sent.
 */
export async function runAgency(context: ProgramContext): Promise<number> {
  const { config, signal } = context;
  const id = agencyIdOf(config);
  getLogger().info(formatAction("config", "success", {
    client_id: id,
    server_address: formatAddresses(config["server.address"]),
    batch_max_amount: config["batch.maxAmount"],
    log_level: config["log.level"],
  }));
  try {
    return await deliver(await createAgency(id, context), id, context);
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    logStop(signal);
    return 0;
  }
}

/** Sends the whole file and returns the exit code. */
async function deliver(
  agency: Agency,
  id: number,
  { config, signal, flags }: ProgramContext,
): Promise<number> {
  const file = inputPath(config["agency.file"], String(id));
  // A pipe's fingerprint is not known yet, so its copy cannot be compared.
  const source = { path: file, fingerprint: "" };
  const rejectedFile = rejectedPath(config["agency.rejectedFile"], id, source);
  const { winners: path } = flags;
  const sentFolder = config["agency.sentFolder"];
  const entries = sentFolder && `${sentFolder}/agency-${id}-winners`;
  const winnersFile = path === undefined
    ? undefined
    : await openWinners(path, { agencyFile: file, rejectedFile, entries });
  const summary = await send(agency, file, { config, signal, flags });
  logSummary(id, summary, flags);
  const isWaiting = config["draw.await"] || winnersFile !== undefined;
  // The draw waits for an agency that has not finished.
  if (isWaiting && summary.isFinished) {
    const winners = await agency.winners({ signal });
    logWinners(winners);
    await winnersFile?.write(winners);
  }
  agency.endRun();
  return summary.refused > 0 || summary.isFinished === false ? EXIT_REFUSED : 0;
}

async function openWinners(
  ...args: Parameters<typeof WinnersFile.open>
): Promise<WinnersFile> {
  const { WinnersFile } = await import("./agency/output/winners_file.ts");
  return await WinnersFile.open(...args);
}

async function send(
  agency: Agency,
  path: string,
  { config, signal, flags }: ProgramContext,
): Promise<Summary> {
  using bar = new ProgressBar();
  const options: SendOptions = {
    signal,
    separator: config["agency.separator"],
    rejectedFile: config["agency.rejectedFile"],
    sentFolder: config["agency.sentFolder"],
    asNew: flags["as-new"] !== undefined,
    staysOpen: true,
    finish: finishOf(flags),
    onProgress: bar.update,
  };
  return flags["check"]
    ? await agency.check(path, options)
    : await agency.send(path, options);
}

function finishOf(
  flags: ProgramContext["flags"],
): NonNullable<SendOptions["finish"]> {
  if (flags["no-finish"]) return "no";
  return flags["finish-anyway"] ? "anyway" : "complete";
}

async function createAgency(
  id: number,
  { config }: ProgramContext,
): Promise<Agency> {
  const tokenFile = fillIn(config["agency.tokenFile"], { id: String(id) });
  const ca = config["tls.ca"];
  return new Agency({
    id,
    server: formatAddresses(config["server.address"]),
    token: await readToken((name) => Deno.env.get(name), tokenFile),
    authorities: ca === "" ? undefined : await authoritiesIn(ca),
    maxAmount: config["batch.maxAmount"],
    window: config["batch.window"],
    retryRefused: config["batch.retryRefused"],
    maxAttempts: config["retry.maxAttempts"],
    baseDelayMs: config["retry.baseDelay"],
    replyTimeoutMs: config["retry.replyTimeout"],
  });
}

async function authoritiesIn(ca: string): Promise<string[]> {
  const { readAuthorities } = await import("./net/tls.ts");
  return await readAuthorities(ca, "tls.ca");
}

function logSummary(
  id: number,
  summary: Summary,
  { check, "as-new": asNew }: ProgramContext["flags"],
): void {
  const isCheck = check !== undefined;
  const { stored, repeated, refused, sentBefore } = summary;
  // Rows to correct are no reason to store the others once more.
  const isOld = stored === 0 && repeated > 0 && refused === 0;
  const action = isCheck ? "check_finished" : "loop_finished";
  getLogger().info(formatAction(action, "success", {
    client_id: id,
    cantidad: isCheck ? undefined : stored,
    rejected: refused,
    repeated: isCheck ? undefined : repeated,
    records: summary.records,
    file: summary.file,
    rejected_file: summary.rejectedFile,
    sent_before: isOld ? sentBefore : undefined,
    hint: isOld
      ? `it was there already${
        asNew ? ", from a run that was stopped; once this one has ended," : ";"
      } --as-new stores it once more`
      : undefined,
  }));
}

function logWinners(winners: readonly string[]): void {
  const log = getLogger();
  log.info(formatAction("consulta_ganadores", "success", {
    cant_ganadores: winners.length,
  }));
  for (const document of winners) {
    log.debug(() => formatAction("winner", "success", { document }));
  }
}

/** `using` has already closed them, in reverse order. */
function logStop(signal: AbortSignal): void {
  const log = getLogger();
  log.info(formatAction("close_connection", "success"));
  log.info(formatAction("close_file", "success"));
  log.info(formatAction("stop", "success", { signal: signal.reason }));
}

if (import.meta.main) {
  const options = { operand: "agency.file", flags: FLAGS } as const;
  await runProgram("client", runAgency, options);
}
