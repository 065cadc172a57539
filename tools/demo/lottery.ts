// Runs the main job with real processes: a central, all agencies at once, and
// the draw.

import { resolve } from "node:path";
import { EXIT_REFUSED } from "../../program/program.ts";
import type { AgencyFile } from "../data/agency_files.ts";
import { startAgency, startCentral } from "./programs.ts";

export interface Delivered {
  /** Bets answered with OK. */
  sent: number;
  /** Rows refused by the agency itself or by the central. */
  refused: number;
}

export interface AgencyRun extends Delivered {
  agency: number;
  /** From the start of its process until all of its bets were answered. */
  seconds: number;
  /** Number of winners, if the draw was held. */
  winners?: number;
  /** Why it failed, if it did. */
  failure?: string;
}

export interface LotteryRun {
  runs: AgencyRun[];
  /** From the first agency's start until the last bet was answered. */
  seconds: number;
}

export interface LotteryOptions {
  /** In an existing folder. */
  storeFile: string;
  /** Port of the status page. */
  statusPort: number;
  /** Ends the run early. Its reason becomes the error. */
  signal: AbortSignal;
  /** Called when an agency has made progress. */
  onProgress(agency: number, delivered: Delivered): void;
  /** Called when all agencies have ended; then the central is stopped. */
  onFinished(run: LotteryRun): Promise<void>;
}

const SENT_REGEXP =
  /action: apuesta_enviada \| result: success \| cantidad: (\d+)/;
const FINISHED_REGEXP =
  /action: loop_finished \| result: success .*? rejected: (\d+)/;
const WINNERS_REGEXP =
  /action: consulta_ganadores \| result: success \| cant_ganadores: (\d+)/;

/**
 * Starts a central on a free port, sends it every file at once, each from an
 * agency's process, and stops it with SIGTERM. Throws an `Error` if the central
 * fails or the signal ends the run.
 */
export async function runLottery(
  files: readonly AgencyFile[],
  options: LotteryOptions,
): Promise<LotteryRun> {
  const drawAgencies = countDrawAgencies(files);
  const { central, port } = await startCentral(resolve(options.storeFile), {
    env: {
      SERVER_DRAW_AGENCIES: String(drawAgencies),
      SERVER_STATUS_PORT: String(options.statusPort),
    },
    signal: options.signal,
  });
  await using _central = central;
  const stop = new AbortController();
  // Otherwise agencies would keep trying to reach a central that has ended.
  const centralEnd = central.ending.finally(() => stop.abort());
  const signal = AbortSignal.any([stop.signal, options.signal]);
  const agencies = files.map((file) =>
    runAgency(file, port, drawAgencies > 0, { ...options, signal })
  );
  const delivered = await Promise.all(agencies.map((one) => one.delivered));
  const hasEndedEarly = signal.aborted;
  // Without one of them there is no draw, and the others need not wait for it.
  if (delivered.includes(false)) stop.abort();
  const runs = await Promise.all(agencies.map((one) => one.run));
  if (hasEndedEarly) central.fail(await centralEnd);
  const seconds = Math.max(...runs.map((run) => run.seconds));
  await options.onFinished({ runs, seconds });
  await central.stop();
  return { runs, seconds };
}

/** Number of agencies in the draw: all, if their ids are 1 to N. */
function countDrawAgencies(files: readonly AgencyFile[]): number {
  return files.every(({ agency }, i) => agency === i + 1) ? files.length : 0;
}

interface RunningAgency {
  /** Whether all of its bets were answered, once that is known. */
  delivered: Promise<boolean>;
  run: Promise<AgencyRun>;
}

function runAgency(
  { agency, path }: AgencyFile,
  port: number,
  awaitsDraw: boolean,
  { storeFile, signal, onProgress }: LotteryOptions,
): RunningAgency {
  const run: AgencyRun = { agency, sent: 0, refused: 0, seconds: 0 };
  const startedAt = performance.now();
  const delivered = Promise.withResolvers<boolean>();
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
    delivered.resolve(true);
  }
  const process = startAgency({
    agency,
    file: resolve(path),
    port,
    env: {
      CLI_DRAW_AWAIT: String(awaitsDraw),
      CLI_AGENCY_SENTFOLDER: `${resolve(storeFile)}.sent`,
      CLI_LOG_LEVEL: "DEBUG",
    },
    signal,
    onLine,
  });
  async function complete(): Promise<AgencyRun> {
    const ending = await process.ending;
    delivered.resolve(false);
    run.seconds ||= (performance.now() - startedAt) / 1000;
    return [0, EXIT_REFUSED].includes(ending.code)
      ? run
      : { ...run, failure: process.describe(ending) };
  }
  return { delivered: delivered.promise, run: complete() };
}
