/**
 * One run of the whole system: a central and an agency's process for each file,
 * from the start of the agencies to the exit of the last one.
 *
 * @module
 */

import { join } from "node:path";
import type { DataSet } from "./data.ts";
import type { Figures } from "./figures.ts";
import { LineReader } from "./line_reader.ts";
import { usageOf } from "./machine.ts";
import {
  type Program,
  type RunningCentral,
  spawnAgency,
  spawnCentral,
  startCentral,
} from "./programs.ts";
import { checkStore } from "./store_check.ts";

const RECOVERY_REGEXP =
  /action: recuperar_almacen \| result: success \| apuestas: (\d+)/;

/**
 * Sends a data set, measures, and checks every bet and commit mark afterwards.
 *
 * @param data What is sent.
 * @param window Batches that each agency may have under way.
 * @param folder An empty folder for the store.
 * @returns The figures.
 * @throws {Error} If a program fails or a bet is not stored as it should be.
 */
export async function runEndToEnd(
  data: DataSet,
  window: number,
  folder: string,
): Promise<Figures> {
  const storeFile = join(folder, "bets.csv");
  const figures = await measureSending(data, window, folder);
  const recoverySeconds = await measureRecovery(storeFile, data.bets);
  const batches = await checkAgainst(data, storeFile);
  const latencies = await readLatencies(data, folder);
  if (latencies.length !== batches) {
    throw new Error(
      `Cannot use run: ${latencies.length} of its ${batches} batches were timed`,
    );
  }
  return {
    ...figures,
    latencyP50: quantile(latencies, 0.5),
    latencyP99: quantile(latencies, 0.99),
    recoverySeconds,
  };
}

/**
 * Finds a value below which a part of the others lies.
 *
 * @param sorted Values in rising order, 1 or more.
 * @param part The part, from 0 to 1.
 * @returns The value (nearest rank).
 */
export function quantile(sorted: Float64Array, part: number): number {
  const rank = Math.max(1, Math.ceil(part * sorted.length));
  return sorted[rank - 1]!;
}

async function measureSending(
  data: DataSet,
  window: number,
  folder: string,
): Promise<Figures> {
  const central = await startCentral(join(folder, "bets.csv"));
  await using program = central.program;
  const before = await usageOf(program.pid);
  const startedAt = performance.now();
  await sendFiles(data, window, folder, central);
  const seconds = (performance.now() - startedAt) / 1000;
  const { cpuSeconds, peakRss } = await usageOf(program.pid);
  await program.stop();
  const used = cpuSeconds - before.cpuSeconds;
  return {
    seconds,
    betsPerSecond: data.bets / seconds,
    cpuSeconds: used,
    betsPerCpuSecond: data.bets / used,
    peakRss,
  };
}

/** Runs an agency for each file, all at once. */
async function sendFiles(
  { files }: DataSet,
  window: number,
  folder: string,
  { port }: RunningCentral,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const agencies: Program[] = files.map(({ agency, path }) =>
    stack.use(spawnAgency({
      agency,
      file: path,
      port,
      window,
      latencyFile: latencyFileOf(folder, agency),
    }))
  );
  await Promise.all(agencies.map((agency) => agency.success()));
}

/** Seconds from the start of a central until it knows what is in its store. */
async function measureRecovery(
  storeFile: string,
  bets: number,
): Promise<number> {
  const startedAt = performance.now();
  await using program = spawnCentral(storeFile);
  const [, found] = await program.output(RECOVERY_REGEXP);
  const seconds = (performance.now() - startedAt) / 1000;
  await program.stop();
  if (Number(found) === bets) return seconds;
  throw new Error(`Cannot use run: ${found} of ${bets} bets were recovered`);
}

async function checkAgainst(
  { files }: DataSet,
  storeFile: string,
): Promise<number> {
  using stack = new DisposableStack();
  const sent = new Map(
    files.map(({ agency, path }) => [agency, stack.use(new LineReader(path))]),
  );
  return await checkStore(storeFile, sent);
}

/** How long each batch of each agency took, in seconds and rising order. */
async function readLatencies(
  { files }: DataSet,
  folder: string,
): Promise<Float64Array> {
  const all: number[] = [];
  for (const { agency } of files) {
    const bytes = await Deno.readFile(latencyFileOf(folder, agency));
    for (const latency of new Float64Array(bytes.buffer)) all.push(latency);
  }
  return Float64Array.from(all).sort();
}

function latencyFileOf(folder: string, agency: number): string {
  return join(folder, `latencies-${agency}`);
}
