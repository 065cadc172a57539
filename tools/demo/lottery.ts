/**
 * The main job, run for real: a central, and every agency at once.
 *
 * @module
 */

import { resolve } from "node:path";
import type { AgencyFile } from "../agency_files.ts";
import { type Ending, startTask } from "./task_process.ts";

/** How far an agency has come. */
export interface Delivered {
  /** Bets answered with OK. */
  sent: number;
  /** Rows refused, by the agency itself or the central. */
  refused: number;
}

/** How an agency ended. */
export interface AgencyRun extends Delivered {
  /** Number of the agency. */
  agency: number;
  /** From the start of its process to the end. */
  seconds: number;
  /** Why it could not do its job, if so. */
  failure?: string;
}

/** How all of it ended. */
export interface LotteryRun {
  /** How each agency ended, in the files' order. */
  runs: AgencyRun[];
  /** From the first agency's start to the last one's end. */
  seconds: number;
}

/** Options of {@linkcode runLottery}. */
export interface LotteryOptions {
  /** The central's store, in a folder that is there. */
  storeFile: string;
  /** Ends it all early, with its reason as the error. */
  signal: AbortSignal;
  /** Told whenever an agency has come further. */
  onProgress(agency: number, delivered: Delivered): void;
}

const LISTEN_REGEXP = /action: listen \| result: success \| port: (\d+)/;
const SENT_REGEXP =
  /action: apuesta_enviada \| result: (success|fail) \| cantidad: (\d+)/;
const UNREADABLE_REGEXP = /action: leer_apuesta \| result: fail/;
/** Exit code of an agency some of whose rows were refused. */
const EXIT_REFUSED = 2;

/**
 * Starts a central on a free port, sends it every file at once, each by an
 * agency's process, and stops it by SIGTERM.
 *
 * @param files The agencies' files.
 * @param options Where to store the bets, and who wants to know.
 * @returns How it ended.
 * @throws {Error} If the central fails, or the signal ends it.
 */
export async function runLottery(
  files: readonly AgencyFile[],
  options: LotteryOptions,
): Promise<LotteryRun> {
  const stopAgencies = new AbortController();
  const stopCentral = new AbortController();
  const central = startCentral(options, stopCentral.signal);
  // Agencies would go on trying to reach a central that has ended.
  const centralEnd = central.ending.finally(() => stopAgencies.abort());
  const signal = AbortSignal.any([stopAgencies.signal, options.signal]);
  try {
    const port = await Promise.race([
      central.listening,
      centralEnd.then((ending) => fail(ending, options)),
    ]);
    const startedAt = performance.now();
    const runs = await Promise.all(
      files.map((file) => runAgency(file, port, { ...options, signal })),
    );
    const seconds = (performance.now() - startedAt) / 1000;
    const hasEndedEarly = signal.aborted;
    stopCentral.abort();
    const ending = await centralEnd;
    if (hasEndedEarly || ending.code !== 0) fail(ending, options);
    return { runs, seconds };
  } finally {
    stopCentral.abort();
    await centralEnd;
  }
}

interface RunningCentral {
  /** Its port, once it listens. */
  listening: Promise<number>;
  ending: Promise<Ending>;
}

function startCentral(
  { storeFile, signal }: LotteryOptions,
  stop: AbortSignal,
): RunningCentral {
  const { promise: listening, resolve: onListening } = Promise.withResolvers<
    number
  >();
  const ending = startTask("server", {
    env: {
      SERVER_PORT: "0",
      SERVER_STORE_FILE: resolve(storeFile),
      SERVER_DRAW_AGENCIES: "0",
      LOGGING_LEVEL: "INFO",
    },
    signal: AbortSignal.any([stop, signal]),
    onLine(line): void {
      const port = LISTEN_REGEXP.exec(line)?.[1];
      if (port !== undefined) onListening(Number(port));
    },
  });
  return { listening, ending };
}

async function runAgency(
  { agency, path }: AgencyFile,
  port: number,
  { signal, onProgress }: LotteryOptions,
): Promise<AgencyRun> {
  const delivered = { sent: 0, refused: 0 };
  const ending = await startTask("client", {
    env: {
      CLI_ID: String(agency),
      CLI_AGENCY_FILE: resolve(path),
      CLI_SERVER_ADDRESS: `127.0.0.1:${port}`,
      CLI_DRAW_AWAIT: "false",
      CLI_LOG_LEVEL: "DEBUG",
    },
    signal,
    onLine(line): void {
      if (count(line, delivered)) onProgress(agency, delivered);
    },
  });
  const run = { agency, ...delivered, seconds: ending.seconds };
  return ending.code === 0 || ending.code === EXIT_REFUSED
    ? run
    : { ...run, failure: describe(`agency ${agency}`, ending) };
}

/** Counts what a line of an agency's log tells; false if it tells nothing. */
function count(line: string, delivered: Delivered): boolean {
  const [, result, amount] = SENT_REGEXP.exec(line) ?? [];
  if (result === "success") delivered.sent += Number(amount);
  else if (result === "fail") delivered.refused += Number(amount);
  else if (UNREADABLE_REGEXP.test(line)) delivered.refused++;
  else return false;
  return true;
}

/** Says why there is no result: it was stopped, or the central failed. */
function fail(ending: Ending, { signal }: LotteryOptions): never {
  signal.throwIfAborted();
  throw new Error(`Cannot go on: ${describe("the central", ending)}`);
}

function describe(who: string, { code, stderr }: Ending): string {
  return `${who} ended with exit code ${code}${stderr && `: ${stderr}`}`;
}
