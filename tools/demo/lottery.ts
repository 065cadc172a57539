// Runs the main job with real processes: all agencies at once, and the draw.

import { resolve } from "node:path";
import { EXIT_REFUSED } from "../../program/program.ts";
import type { AgencyFile } from "../data/agency_files.ts";
import { startAgency } from "./programs.ts";
import type { TaskProcess } from "./task_process.ts";

export interface AgencyRun {
  agency: number;
  /** Bets answered with OK. */
  sent: number;
  /** Rows refused by the agency itself or by the central. */
  refused: number;
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
  central: TaskProcess;
  port: number;
  /** Variables of each agency. */
  env: Record<string, string>;
  /** Ends the run early. Its reason becomes the error. */
  signal: AbortSignal;
}

const FINISHED_REGEXP =
  /action: loop_finished \| result: success .*? cantidad: (\d+) \| rejected: (\d+)/;
const WINNERS_REGEXP =
  /action: consulta_ganadores \| result: success \| cant_ganadores: (\d+)/;

/**
 * Sends a central every file at once, each from an agency's process, and waits
 * for their ends. Throws an `Error` if the central fails or the signal ends the
 * run.
 */
export async function runLottery(
  files: readonly AgencyFile[],
  options: LotteryOptions,
): Promise<LotteryRun> {
  const { central } = options;
  const stop = new AbortController();
  // Otherwise agencies would keep trying to reach a central that has ended.
  const centralEnd = central.ending.finally(() => stop.abort());
  const signal = AbortSignal.any([stop.signal, options.signal]);
  const agencies = files.map((file) => runAgency(file, { ...options, signal }));
  const delivered = await Promise.all(agencies.map((one) => one.delivered));
  const hasEndedEarly = signal.aborted;
  // Without one of them there is no draw, and the others need not wait for it.
  if (delivered.includes(false)) stop.abort();
  const runs = await Promise.all(agencies.map((one) => one.run));
  if (hasEndedEarly) central.fail(await centralEnd);
  return { runs, seconds: Math.max(...runs.map((run) => run.seconds)) };
}

interface RunningAgency {
  /** Whether all of its bets were answered, once that is known. */
  delivered: Promise<boolean>;
  run: Promise<AgencyRun>;
}

function runAgency(
  { agency, path }: AgencyFile,
  { port, env, signal }: LotteryOptions,
): RunningAgency {
  const run: AgencyRun = { agency, sent: 0, refused: 0, seconds: 0 };
  const startedAt = performance.now();
  const delivered = Promise.withResolvers<boolean>();
  function onLine(line: string): void {
    const winners = WINNERS_REGEXP.exec(line)?.[1];
    if (winners !== undefined) run.winners = Number(winners);
    const finished = FINISHED_REGEXP.exec(line);
    if (!finished) return;
    run.sent = Number(finished[1]);
    run.refused = Number(finished[2]);
    run.seconds = (performance.now() - startedAt) / 1000;
    delivered.resolve(true);
  }
  const file = resolve(path);
  const process = startAgency({ agency, file, port, env, signal, onLine });
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
