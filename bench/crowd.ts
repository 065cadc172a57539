/**
 * One central for thousands of agencies at once: whether all are served, and
 * none much later than the others.
 *
 * @module
 */

import { join } from "node:path";
import { TaskProcess } from "../tools/demo/task_process.ts";
import { BATCH_BETS, type CrowdLoad, crowdRows } from "./crowd_load.ts";
import { checkStore } from "./end_to_end.ts";
import type { Figures } from "./figures.ts";
import { usageOf } from "./machine.ts";
import { startCentral } from "./programs.ts";

/** Batches that each agency sends. */
export const CROWD_BATCHES = 20;

/** Connections that a central may have besides those of the crowd. */
const SPARE_CONNECTIONS = 16;

/**
 * Lets a crowd of agencies send, and checks every bet and mark. The folder is
 * empty. Both processes need as many open files as there are agencies.
 */
export async function runCrowd(
  agencies: number,
  folder: string,
): Promise<Figures> {
  const storeFile = join(folder, "bets.csv");
  const figures = await measureCrowd(agencies, storeFile);
  // All agencies send the same bets.
  const path = join(folder, "agency.csv");
  await Deno.writeTextFile(path, crowdRows(CROWD_BATCHES).join("\n"));
  const ids = Array.from({ length: agencies }, (_, i) => i + 1);
  await checkStore(storeFile, ids.map((agency) => ({ agency, path })));
  return figures;
}

async function measureCrowd(
  agencies: number,
  storeFile: string,
): Promise<Figures> {
  await using stack = new AsyncDisposableStack();
  const { central, port } = await startCentral(storeFile, {
    SERVER_MAX_CONNECTIONS: String(agencies + SPARE_CONNECTIONS),
  });
  stack.use(central);
  const before = await usageOf(central.pid);
  const crowd = stack.use(
    new TaskProcess([
      ...["run", "--no-prompt", "--allow-net=127.0.0.1"],
      ...[
        "bench/crowd_load.ts",
        ...[port, agencies, CROWD_BATCHES].map(String),
      ],
    ], { name: "the crowd" }),
  );
  const [json] = await crowd.line(/^\{.*\}$/);
  await crowd.success();
  const { cpuSeconds, peakRss } = await usageOf(central.pid);
  await central.stop();
  const load: CrowdLoad = JSON.parse(json);
  const bets = agencies * CROWD_BATCHES * BATCH_BETS;
  return {
    ...load,
    betsPerSecond: bets / load.seconds,
    cpuSeconds: cpuSeconds - before.cpuSeconds,
    peakRss,
  };
}
