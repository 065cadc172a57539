/**
 * One run of the whole system: a central and an agency's process for each file,
 * from the start of the agencies to the exit of the last one.
 *
 * @module
 */

import { join } from "node:path";
import { type AuditedFile, auditStore } from "../tools/demo/audit.ts";
import { verifyStore } from "../storage/unheld_store.ts";
import type { DataSet } from "./data.ts";
import type { Figures } from "./figures.ts";
import { usageOf } from "./machine.ts";
import type { Postgres } from "./postgres.ts";
import {
  type AgencyOptions,
  type Program,
  PROJECT_FOLDER,
  spawnAgency,
  spawnCentral,
  startCentral,
  startCentralOn,
} from "./programs.ts";

const RECOVERY_REGEXP =
  /action: recuperar_almacen \| result: success \| apuestas: (\d+)/;

/**
 * Sends a data set with the programs of a project, measures, and checks every
 * bet and commit mark. The folder is empty. Throws an `Error` if a program fails or a bet is not stored as sent.
 */
export async function runEndToEnd(
  data: DataSet,
  window: number,
  folder: string,
  project: string,
): Promise<Figures> {
  const storeFile = join(folder, "bets.csv");
  const figures = await measureSending(data, folder, {
    window,
    project,
    central: () => startCentral(storeFile, {}, project),
  });
  const recoverySeconds = await measureRecovery(storeFile, data.bets, project);
  const batches = await checkStore(storeFile, data.files);
  return {
    ...figures,
    ...await readLatencies(data, folder, batches),
    recoverySeconds,
  };
}

/**
 * Sends a data set to a central on PostgreSQL. Throws an `Error` if a program
 * fails or if not every bet is stored.
 */
export async function runOnDatabase(
  data: DataSet,
  window: number,
  folder: string,
  server: Postgres,
): Promise<Figures> {
  await server.empty();
  const figures = await measureSending(data, folder, {
    window,
    project: PROJECT_FOLDER,
    central: () => startCentralOn(server.url),
  });
  await server.check(data);
  return { ...figures, ...await readLatencies(data, folder) };
}

/**
 * Checks that a store has the bets of the files, each once and in order, and no
 * other, under good marks. Returns the number of batches, or throws an `Error`.
 */
export async function checkStore(
  path: string,
  files: readonly AuditedFile[],
): Promise<number> {
  const audits = await auditStore(path, files);
  for (const { agency, bets, stored, isExact } of audits) {
    if (isExact) continue;
    throw new Error(
      `Cannot use run: of ${bets} bets of agency ${agency} ${stored} are stored, or not as they were sent`,
    );
  }
  const { bets, batches, fault } = await verifyStore(path);
  if (fault) throw new Error(fault.problem);
  const sent = audits.reduce((sum, audit) => sum + audit.bets, 0);
  if (bets === sent) return batches;
  throw new Error(`Cannot use run: ${bets} bets are stored, ${sent} were sent`);
}

/** Returns the value at a part of rising values, 1 or more (nearest rank). */
export function quantile(sorted: Float64Array, part: number): number {
  const rank = Math.max(1, Math.ceil(part * sorted.length));
  return sorted[rank - 1]!;
}

async function measureSending(
  data: DataSet,
  folder: string,
  { central: start, ...options }: {
    window: number;
    project: string;
    central(): Promise<{ program: Program; port: number }>;
  },
): Promise<Figures> {
  const central = await start();
  await using program = central.program;
  const before = await usageOf(program.pid);
  const startedAt = performance.now();
  await sendFiles(data, folder, { port: central.port, ...options });
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
  folder: string,
  options: Pick<AgencyOptions, "port" | "project" | "window">,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const agencies = files.map(({ agency, path: file }) => {
    const latencyFile = latencyFileOf(folder, agency);
    return stack.use(spawnAgency({ agency, file, latencyFile, ...options }));
  });
  await Promise.all(agencies.map((agency) => agency.success()));
}

/** Returns the seconds from the start of a central until its store is read. */
async function measureRecovery(
  storeFile: string,
  bets: number,
  project: string,
): Promise<number> {
  const startedAt = performance.now();
  await using program = spawnCentral(storeFile, {}, project);
  const [, found] = await program.output(RECOVERY_REGEXP);
  const seconds = (performance.now() - startedAt) / 1000;
  await program.stop();
  if (Number(found) === bets) return seconds;
  throw new Error(`Cannot use run: ${found} of ${bets} bets were recovered`);
}

/**
 * Returns how long the batches took. Throws an `Error` if not so many were timed.
 */
async function readLatencies(
  { files }: DataSet,
  folder: string,
  batches?: number,
): Promise<Figures> {
  const all: number[] = [];
  for (const { agency } of files) {
    const bytes = await Deno.readFile(latencyFileOf(folder, agency));
    for (const latency of new Float64Array(bytes.buffer)) all.push(latency);
  }
  if (batches !== undefined && all.length !== batches) {
    throw new Error(
      `Cannot use run: ${all.length} of its ${batches} batches were timed`,
    );
  }
  const rising = Float64Array.from(all).sort();
  return {
    latencyP50: quantile(rising, 0.5),
    latencyP99: quantile(rising, 0.99),
  };
}

function latencyFileOf(folder: string, agency: number): string {
  return join(folder, `latencies-${agency}`);
}
