// Runs of the load generator against a central or Redis.

import { join } from "node:path";
import { madeAgency } from "../../tools/data/made_bets.ts";
import { startCentral } from "../../tools/demo/programs.ts";
import { TaskProcess } from "../../tools/demo/task_process.ts";
import { checkStore } from "../check_store.ts";
import type { Figures } from "../figures.ts";
import { usageOf } from "../machine.ts";
import { checkRedis, startRedis } from "../rivals/redis.ts";
import type { LoadResult } from "./main.ts";
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
  const { connections, bets } = load;
  const store = join(folder, "bets.csv");
  const path = await writeBets(load, folder);
  const limit = String(connections + SPARE_CONNECTIONS);
  const env = { SERVER_MAX_CONNECTIONS: limit };
  const { central, port } = await startCentral(store, { env, project });
  await using server = central;
  const figures = await measure(load, { wire: "central", server, port, path });
  await server.stop();
  const agencies = Array.from({ length: connections }, (_, i) => i + 1);
  const files = agencies.map((agency) => ({ agency, path, bets }));
  await checkStore(store, files, project);
  return figures;
}

/** Loads a Redis in an empty folder, and checks that it has all bets. */
export async function loadRedis(load: Load, folder: string): Promise<Figures> {
  const path = await writeBets(load, folder);
  const { server: redis, port } = await startRedis(folder);
  await using server = redis;
  const figures = await measure(load, { wire: "redis", server, port, path });
  await checkRedis(port, load.connections, load.bets);
  return figures;
}

async function measure(
  { connections, window, bets }: Load,
  { wire, server, port, path }: {
    wire: keyof typeof WIRES;
    server: TaskProcess;
    port: number;
    path: string;
  },
): Promise<Figures> {
  const before = await usageOf(server.pid);
  await using client = new TaskProcess([
    ...["run", "--no-prompt", "--allow-net=127.0.0.1", `--allow-read=${path}`],
    ...["bench/load/main.ts", wire, String(port)],
    ...[String(connections), String(window), path],
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
