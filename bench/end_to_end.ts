// One run of the whole system: a central and one agency process per file, from
// the start of the agencies to the exit of the last one.

import { join } from "node:path";
import { startAgency, startCentral } from "../tools/demo/programs.ts";
import { checkStore } from "./check_store.ts";
import type { DataSet } from "./data.ts";
import type { Figures } from "./figures.ts";
import { BATCH_BETS } from "./load/main.ts";
import { usageOf } from "./machine.ts";
import type { CentralDatabase } from "./rivals/postgres.ts";

export interface Sending {
  data: DataSet;
  /** Batches that each agency has under way at once. */
  window: number;
  /** Folder of the project whose programs run. */
  project: string;
}

/** Sends a data set to a central in an empty folder, and checks the store. */
export async function runEndToEnd(
  sending: Sending,
  folder: string,
): Promise<Figures> {
  const { data, project } = sending;
  const storeFile = join(folder, "bets.csv");
  const figures = await measureSending(storeFile, sending);
  const recoverySeconds = await measureRecovery(storeFile, project);
  await checkStore(storeFile, data.files, project);
  return { ...figures, recoverySeconds };
}

/** Sends a data set to a central on PostgreSQL, and counts the bets there. */
export async function runOnDatabase(
  data: DataSet,
  window: number,
  { server, name, url, project }: CentralDatabase,
): Promise<Figures> {
  await server.empty(name);
  const figures = await measureSending(url, { data, window, project });
  await server.check(data, name);
  return figures;
}

/** Runs one agency per file, all at once, and measures the central. */
async function measureSending(
  store: string,
  { data, window, project }: Sending,
): Promise<Figures> {
  await using stack = new AsyncDisposableStack();
  const { central, port } = await startCentral(store, { project });
  stack.use(central);
  const before = await usageOf(central.pid);
  const env = { CLI_BATCH_WINDOW: String(window) };
  const startedAt = performance.now();
  const agencies = data.files.map(({ agency, path: file }) =>
    stack.use(startAgency({ agency, file, port, project, env }))
  );
  await Promise.all(agencies.map((agency) => agency.success()));
  const seconds = (performance.now() - startedAt) / 1000;
  const { cpuSeconds, peakRss } = await usageOf(central.pid);
  await central.stop();
  const batches = data.files.reduce(
    (sum, { bets }) => sum + Math.ceil(bets / BATCH_BETS),
    0,
  );
  return {
    bets: data.bets,
    seconds,
    betsPerSecond: data.bets / seconds,
    cpuPerBatch: (cpuSeconds - before.cpuSeconds) / batches,
    peakRss,
  };
}

/** Seconds from a central's start on a full store until it listens. */
async function measureRecovery(
  storeFile: string,
  project: string,
): Promise<number> {
  const startedAt = performance.now();
  const { central } = await startCentral(storeFile, { project });
  await using _central = central;
  const seconds = (performance.now() - startedAt) / 1000;
  await central.stop();
  return seconds;
}
