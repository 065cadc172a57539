/**
 * One central for very many agencies at once: whether everyone is served, and
 * nobody much later than the others.
 *
 * @module
 */

import { join } from "node:path";
import type { CrowdLoad } from "./crowd_load.ts";
import { BATCH_BETS, crowdRows } from "./crowd_rows.ts";
import type { Figures } from "./figures.ts";
import { usageOf } from "./machine.ts";
import { spawnScript, startCentral } from "./programs.ts";
import { checkStore, type SentLines } from "./store_check.ts";

/** Batches that each agency sends. */
export const CROWD_BATCHES = 20;

/** Connections that a central may have beside those of the crowd. */
const SPARE_CONNECTIONS = 16;
const BACKLOG = 1024;
const RESULT_REGEXP = /^\{.*\}$/m;

/**
 * Lets a crowd of agencies send, and checks every bet and mark afterwards.
 *
 * @param agencies How many there are. The central and the crowd need as many
 * open files each, and some more (`ulimit -n`).
 * @param folder An empty folder for the store.
 * @returns The figures.
 * @throws {Error} If a program fails or a bet is not stored as it should be.
 */
export async function runCrowd(
  agencies: number,
  folder: string,
): Promise<Figures> {
  const storeFile = join(folder, "bets.csv");
  const figures = await measureCrowd(agencies, storeFile);
  const encoder = new TextEncoder();
  const lines = crowdRows(CROWD_BATCHES).map((row) => encoder.encode(row));
  const sent = new Map<number, SentLines>();
  for (let agency = 1; agency <= agencies; agency++) {
    const iterator = lines.values();
    sent.set(agency, { next: () => iterator.next().value });
  }
  await checkStore(storeFile, sent);
  return figures;
}

async function measureCrowd(
  agencies: number,
  storeFile: string,
): Promise<Figures> {
  const { program, port } = await startCentral(storeFile, {
    SERVER_MAX_CONNECTIONS: String(agencies + SPARE_CONNECTIONS),
    SERVER_LISTEN_BACKLOG: String(BACKLOG),
  });
  await using central = program;
  const before = await usageOf(central.pid);
  await using crowd = spawnScript([
    "--allow-net=127.0.0.1",
    "bench/crowd_load.ts",
    ...[port, agencies, CROWD_BATCHES].map(String),
  ]);
  const [json] = await crowd.output(RESULT_REGEXP);
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
