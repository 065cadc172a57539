/**
 * One run of the whole system: a central and an agency's process for each file,
 * from the start of the agencies to the exit of the last one.
 *
 * @module
 */

import { join } from "node:path";
import { verifyStore } from "../storage.ts";
import { type AuditedFile, auditStore } from "../tools/demo/audit.ts";
import { PROJECT_FOLDER } from "../tools/demo/task_process.ts";
import type { DataSet } from "./data.ts";
import type { Figures } from "./figures.ts";
import { usageOf } from "./machine.ts";
import type { Postgres } from "./postgres.ts";
import { spawnAgency, spawnCentral, startCentral } from "./programs.ts";

const RECOVERY_REGEXP =
  /action: recover_store \| result: success \| bets: (\d+)/;

/** What one run sends, and how. */
export interface Sending {
  /** The files. */
  data: DataSet;
  /** Batches that each agency has under way at once. */
  window: number;
  /** An empty folder for the run. */
  folder: string;
  /** Folder of the project whose programs run. */
  project: string;
}

/**
 * Sends a data set, measures, and checks every bet and commit mark. Throws an
 * `Error` if a program fails or a bet is not stored as sent.
 */
export async function runEndToEnd(sending: Sending): Promise<Figures> {
  const { data, folder, project } = sending;
  const storeFile = join(folder, "bets.csv");
  const figures = await measureSending(storeFile, sending);
  const recoverySeconds = await measureRecovery(storeFile, data.bets, project);
  const batches = await checkStore(storeFile, data.files);
  const latencies = await readLatencies(sending);
  if (latencies.length === batches) {
    return { ...figures, ...quantiles(latencies), recoverySeconds };
  }
  throw new Error(
    `Cannot use run: ${latencies.length} of its ${batches} batches were timed`,
  );
}

/**
 * Sends a data set to a central on PostgreSQL. Throws an `Error` if a program
 * fails or if not every bet is stored.
 */
export async function runOnDatabase(
  sending: Omit<Sending, "project">,
  server: Postgres,
): Promise<Figures> {
  const project = PROJECT_FOLDER;
  await server.empty();
  const figures = await measureSending(server.url, { ...sending, project });
  await server.check(sending.data);
  return { ...figures, ...quantiles(await readLatencies(sending)) };
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

function quantiles(sorted: Float64Array): Figures {
  return {
    latencyP50: quantile(sorted, 0.5),
    latencyP99: quantile(sorted, 0.99),
  };
}

/** Runs an agency for each file, all at once, and measures the central. */
async function measureSending(
  store: string,
  { data, window, folder, project }: Sending,
): Promise<Figures> {
  await using stack = new AsyncDisposableStack();
  const { central, port } = await startCentral(store, {}, project);
  stack.use(central);
  const before = await usageOf(central.pid);
  const startedAt = performance.now();
  const agencies = data.files.map(({ agency, path: file }) => {
    const latencyFile = latencyFileOf(folder, agency);
    const options = { agency, file, latencyFile, port, window, project };
    return stack.use(spawnAgency(options));
  });
  await Promise.all(agencies.map((agency) => agency.success()));
  const seconds = (performance.now() - startedAt) / 1000;
  const { cpuSeconds, peakRss } = await usageOf(central.pid);
  await central.stop();
  const used = cpuSeconds - before.cpuSeconds;
  return {
    seconds,
    betsPerSecond: data.bets / seconds,
    cpuSeconds: used,
    betsPerCpuSecond: data.bets / used,
    peakRss,
  };
}

/** Returns the seconds from the start of a central until its store is read. */
async function measureRecovery(
  storeFile: string,
  bets: number,
  project: string,
): Promise<number> {
  const startedAt = performance.now();
  await using central = spawnCentral(storeFile, {}, project);
  const [, found] = await central.line(RECOVERY_REGEXP);
  const seconds = (performance.now() - startedAt) / 1000;
  await central.stop();
  if (Number(found) === bets) return seconds;
  throw new Error(`Cannot use run: ${found} of ${bets} bets were recovered`);
}

/** Returns how long each batch took, in seconds, rising. */
async function readLatencies(
  { data, folder }: Pick<Sending, "data" | "folder">,
): Promise<Float64Array> {
  const files = await Promise.all(
    data.files.map(({ agency }) =>
      Deno.readFile(latencyFileOf(folder, agency))
    ),
  );
  const all = files.flatMap(({ buffer }) => [...new Float64Array(buffer)]);
  return Float64Array.from(all).sort();
}

function latencyFileOf(folder: string, agency: number): string {
  return join(folder, `latencies-${agency}`);
}
