// One run of the whole system: a central and one agency process per file, from
// the start of the agencies to the exit of the last one.

import { startAgency, startCentral } from "../tools/demo/programs.ts";
import { checkStore } from "./check_store.ts";
import type { DataSet } from "./data.ts";
import type { Figures } from "./figures.ts";
import { BATCH_BETS } from "./load/main.ts";
import { usageOf } from "./machine.ts";

export interface Sending {
  /** Path or URL of an empty store. */
  store: string;
  /** Batches that each agency has under way at once. */
  window: number;
  /** Folder of the project whose programs run. */
  project: string;
}

/** Sends a data set, starts the central again, and checks the store. */
export async function runEndToEnd(
  data: DataSet,
  sending: Sending,
): Promise<Figures> {
  const { store, project } = sending;
  const figures = await measureSending(data, sending);
  const recoverySeconds = await measureRecovery(store, project);
  await checkStore(store, data.files, project);
  return { ...figures, recoverySeconds };
}

/** Runs one agency per file, all at once, and measures the central. */
async function measureSending(
  { files, bets }: DataSet,
  { store, window, project }: Sending,
): Promise<Figures> {
  await using stack = new AsyncDisposableStack();
  const { central, port } = await startCentral(store, { project });
  stack.use(central);
  const before = await usageOf(central.pid);
  // To a new store a new file is sent: no run knows it from an earlier one.
  const sent = await Deno.makeTempDir({ dir: `${project}/.data` });
  stack.defer(() => Deno.remove(sent, { recursive: true }));
  const env = { CLI_BATCH_WINDOW: String(window), CLI_AGENCY_SENTFOLDER: sent };
  const startedAt = performance.now();
  const agencies = files.map(({ agency, path: file }) =>
    stack.use(startAgency({ agency, file, port, project, env }))
  );
  await Promise.all(agencies.map((agency) => agency.success()));
  const seconds = (performance.now() - startedAt) / 1000;
  const { cpuSeconds, peakRss } = await usageOf(central.pid);
  await central.stop();
  const batches = files.reduce(
    (sum, { bets }) => sum + Math.ceil(bets / BATCH_BETS),
    0,
  );
  return {
    bets,
    seconds,
    betsPerSecond: bets / seconds,
    cpuPerBatch: (cpuSeconds - before.cpuSeconds) / batches,
    peakRss,
  };
}

/** Seconds from a central's start on a full store until it listens. */
async function measureRecovery(
  store: string,
  project: string,
): Promise<number> {
  const startedAt = performance.now();
  const { central } = await startCentral(store, { project });
  await using _central = central;
  const seconds = (performance.now() - startedAt) / 1000;
  await central.stop();
  return seconds;
}
