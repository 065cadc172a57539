/**
 * Runs of the load generator against a central or Redis.
 *
 * @module
 */

import { join } from "node:path";
import { startCentral } from "../../tools/demo/programs.ts";
import { TaskProcess } from "../../tools/demo/task_process.ts";
import { madeAgency } from "../../tools/data/made_bets.ts";
import { checkStore } from "../check_store.ts";
import type { Figures } from "../figures.ts";
import type { LoadResult } from "./main.ts";
import { usageOf } from "../machine.ts";
import type { CentralDatabase } from "../rivals/postgres.ts";
import { Redis } from "../rivals/redis.ts";
import type { WIRES } from "./wire.ts";

export interface Load {
  connections: number;
  /** Batches under way of each connection. */
  window: number;
  /** Bets of each connection. */
  bets: number;
}

/** Connections allowed beyond the load's own. */
const SPARE_CONNECTIONS = 16;

/** Loads a central in an empty folder, and checks every bet and mark. */
export async function loadCentral(
  load: Load,
  folder: string,
  project?: string,
): Promise<Figures> {
  const storeFile = join(folder, "bets.csv");
  const file = await writeBets(load, folder);
  const figures = await measureCentral(load, {
    store: storeFile,
    file,
    project,
  });
  const agencies = Array.from({ length: load.connections }, (_, i) => i + 1);
  const files = agencies.map((agency) => ({ agency, path: file }));
  await checkStore(storeFile, files, project);
  return figures;
}

/** Loads a central on a database that is emptied first, and counts the bets. */
export async function loadDatabase(
  load: Load,
  folder: string,
  { server, name, url, project }: CentralDatabase,
): Promise<Figures> {
  const file = await writeBets(load, folder);
  await server.empty(name);
  const figures = await measureCentral(load, { store: url, file, project });
  const { connections, bets } = load;
  const files = Array.from({ length: connections }, (_, i) => ({
    agency: i + 1,
    bets,
  }));
  await server.check({ files }, name);
  return figures;
}

/** Loads a Redis in an empty folder, and checks that it has all bets. */
export async function loadRedis(load: Load, folder: string): Promise<Figures> {
  const file = await writeBets(load, folder);
  await using server = await Redis.start(folder);
  const figures = await measure(load, { wire: "redis", server, file });
  await server.check(load.connections, load.bets);
  return figures;
}

async function measureCentral(
  load: Load,
  { store, file, project }: {
    store: string;
    file: string;
    project?: string | undefined;
  },
): Promise<Figures> {
  const connections = String(load.connections + SPARE_CONNECTIONS);
  const { central, port } = await startCentral(store, {
    env: { SERVER_MAX_CONNECTIONS: connections },
    project,
  });
  await using _central = central;
  const server = { pid: central.pid, port };
  const figures = await measure(load, { wire: "central", server, file });
  await central.stop();
  return figures;
}

async function measure(
  { connections, window, bets }: Load,
  { wire, server, file }: {
    wire: keyof typeof WIRES;
    server: { pid: number; port: number };
    file: string;
  },
): Promise<Figures> {
  const before = await usageOf(server.pid);
  await using client = new TaskProcess([
    ...["run", "--no-prompt", "--allow-net=127.0.0.1", `--allow-read=${file}`],
    ...["bench/load/main.ts", wire, String(server.port)],
    ...[String(connections), String(window), file],
  ], { name: "the load generator" });
  const [json] = await client.line(/^\{.*\}$/);
  await client.success();
  const { cpuSeconds, peakRss } = await usageOf(server.pid);
  const { batches, ...result }: LoadResult = JSON.parse(json);
  return {
    bets: connections * bets,
    ...result,
    betsPerSecond: connections * bets / result.seconds,
    cpuPerBatch: (cpuSeconds - before.cpuSeconds) / batches,
    peakRss,
  };
}

/** Writes the file that all connections send. */
async function writeBets({ bets }: Load, folder: string): Promise<string> {
  const path = join(folder, "agency.csv");
  await Deno.writeFile(path, ReadableStream.from(madeAgency(1, bets)));
  return path;
}
