/**
 * Runs the main job with real processes: a central, all agencies at once, and the
 * draw.
 *
 * @module
 */

import { resolve as resolvePath } from "node:path";
import { EXIT_REFUSED } from "../../program/program.ts";
import type { AgencyFile } from "../agency_files.ts";
import { type Ending, startTask } from "./task_process.ts";

/** Progress of an agency. */
export interface Delivered {
  /** Number of bets answered with OK. */
  sent: number;
  /** Number of rows refused by the agency itself or by the central. */
  refused: number;
}

/** Result of an agency. */
export interface AgencyRun extends Delivered {
  /** The agency's id. */
  agency: number;
  /** From the start of its process until all of its bets were answered. */
  seconds: number;
  /** Number of winners, if the draw was held. */
  winners?: number;
  /** Why it failed, if it did. */
  failure?: string;
}

/** Result of the whole run. */
export interface LotteryRun {
  /** The result of each agency, in the order of the files. */
  runs: AgencyRun[];
  /** From the first agency's start until the last bet was answered. */
  seconds: number;
}

/** Options of {@linkcode runLottery}. */
export interface LotteryOptions {
  /** The central's store, in a folder that is there. */
  storeFile: string;
  /** Port of its status page. */
  statusPort: number;
  /** Ends the run early. Its reason becomes the error. */
  signal: AbortSignal;
  /** Called when an agency has made progress. */
  onProgress(agency: number, delivered: Delivered): void;
  /** Called when all agencies have ended; the central is stopped after it. */
  onFinished(): Promise<void>;
}

const LISTEN_REGEXP = /action: listen \| result: success \| port: (\d+)/;
const SENT_REGEXP =
  /action: apuesta_enviada \| result: success \| cantidad: (\d+)/;
const FINISHED_REGEXP =
  /action: loop_finished \| result: success .* rechazadas: (\d+)$/;
const WINNERS_REGEXP =
  /action: consulta_ganadores \| result: success \| cant_ganadores: (\d+)/;

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
  const drawAgencies = countDrawAgencies(files);
  const central = startCentral(drawAgencies, options, stopCentral.signal);
  // Agencies would go on trying to reach a central that has ended.
  const centralEnd = central.ending.finally(() => stopAgencies.abort());
  const signal = AbortSignal.any([stopAgencies.signal, options.signal]);
  try {
    const port = await Promise.race([
      central.listening,
      centralEnd.then((ending) => fail(ending, options)),
    ]);
    const agencies = files.map((file) =>
      startAgency(file, port, drawAgencies > 0, { ...options, signal })
    );
    const delivered = await Promise.all(agencies.map((one) => one.delivered));
    const hasEndedEarly = signal.aborted;
    // Without one of them there is no draw, and the others need not wait for it.
    if (delivered.includes(false)) stopAgencies.abort();
    const runs = await Promise.all(agencies.map((one) => one.run));
    const seconds = Math.max(...runs.map((run) => run.seconds));
    if (!hasEndedEarly) await options.onFinished();
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

/** Returns the number of agencies in the draw: all, if their ids are 1 to N. */
function countDrawAgencies(files: readonly AgencyFile[]): number {
  return files.every(({ agency }, i) => agency === i + 1) ? files.length : 0;
}

function startCentral(
  drawAgencies: number,
  { storeFile, statusPort, signal }: LotteryOptions,
  stop: AbortSignal,
): RunningCentral {
  const { promise: listening, resolve: onListening } = Promise.withResolvers<
    number
  >();
  const ending = startTask("server", {
    env: {
      SERVER_PORT: "0",
      SERVER_STORE_FILE: resolvePath(storeFile),
      SERVER_DRAW_AGENCIES: String(drawAgencies),
      SERVER_STATUS_PORT: String(statusPort),
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

interface RunningAgency {
  /** Whether all of its bets were answered, once that is known. */
  delivered: Promise<boolean>;
  run: Promise<AgencyRun>;
}

function startAgency(
  { agency, path }: AgencyFile,
  port: number,
  awaitsDraw: boolean,
  { signal, onProgress }: LotteryOptions,
): RunningAgency {
  const run: AgencyRun = { agency, sent: 0, refused: 0, seconds: 0 };
  const startedAt = performance.now();
  const { promise: delivered, resolve } = Promise.withResolvers<boolean>();
  function onLine(line: string): void {
    const sent = SENT_REGEXP.exec(line)?.[1];
    if (sent !== undefined) {
      run.sent += Number(sent);
      onProgress(agency, run);
    }
    const winners = WINNERS_REGEXP.exec(line)?.[1];
    if (winners !== undefined) run.winners = Number(winners);
    const refused = FINISHED_REGEXP.exec(line)?.[1];
    if (refused === undefined) return;
    run.refused = Number(refused);
    onProgress(agency, run);
    run.seconds = (performance.now() - startedAt) / 1000;
    resolve(true);
  }
  const ending = startTask("client", {
    env: {
      CLI_ID: String(agency),
      CLI_AGENCY_FILE: resolvePath(path),
      CLI_SERVER_ADDRESS: `127.0.0.1:${port}`,
      CLI_DRAW_AWAIT: String(awaitsDraw),
      CLI_LOG_LEVEL: "DEBUG",
    },
    signal,
    onLine,
  }).finally(() => resolve(false));
  return { delivered, run: ending.then((ending) => completeRun(run, ending)) };
}

/** Completes an agency's result when its process has ended. */
function completeRun(run: AgencyRun, ending: Ending): AgencyRun {
  const seconds = run.seconds || ending.seconds;
  return ending.code === 0 || ending.code === EXIT_REFUSED
    ? { ...run, seconds }
    : { ...run, seconds, failure: describe(`agency ${run.agency}`, ending) };
}

/** Throws the reason why there is no result. */
function fail(ending: Ending, { signal }: LotteryOptions): never {
  signal.throwIfAborted();
  throw new Error(`Cannot go on: ${describe("the central", ending)}`);
}

function describe(who: string, { code, stderr }: Ending): string {
  return `${who} ended with exit code ${code}${stderr && `: ${stderr}`}`;
}
