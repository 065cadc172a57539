/**
 * The central and the agencies as processes, with the flags of their tasks.
 *
 * @module
 */

import { join } from "node:path";
import {
  PROJECT_FOLDER,
  taskArgs,
  TaskProcess,
} from "../tools/demo/task_process.ts";

const LISTEN_REGEXP = /action: listen \| result: success \| port: (\d+)/;
const LATENCY_PRELOAD = join(PROJECT_FOLDER, "bench/latency_preload.ts");
const LATENCY_VARIABLE = "BENCH_LATENCY_FILE";

/**
 * Starts the central of a project on a free port, with a file of bets or the URL
 * of a database, and does not wait until it listens.
 */
export function spawnCentral(
  store: string,
  env: Record<string, string> = {},
  project: string = PROJECT_FOLDER,
): TaskProcess {
  const [task, variable] = store.startsWith("postgres://")
    ? ["server:postgres", "SERVER_STORE_URL"] as const
    : ["server", "SERVER_STORE_FILE"] as const;
  return new TaskProcess(taskArgs(task, project), {
    name: "the central",
    env: { SERVER_PORT: "0", [variable]: store, LOGGING_LEVEL: "INFO", ...env },
    project,
  });
}

/** Starts a central and waits until it listens on the returned port. */
export async function startCentral(
  store: string,
  env: Record<string, string> = {},
  project: string = PROJECT_FOLDER,
): Promise<{ central: TaskProcess; port: number }> {
  const central = spawnCentral(store, env, project);
  const [, port] = await central.line(LISTEN_REGEXP);
  return { central, port: Number(port) };
}

/** What an agency is started with. */
export interface AgencyOptions {
  /** Its id. */
  agency: number;
  /** Its file of bets. */
  file: string;
  /** Port of the central on this machine. */
  port: number;
  /** Batches under way at once. */
  window: number;
  /** File for the latency of each batch. */
  latencyFile: string;
  /** Folder of the project that it is of. */
  project: string;
}

/** Starts an agency that notes how long each batch takes. */
export function spawnAgency(options: AgencyOptions): TaskProcess {
  const { agency, file, port, window, latencyFile, project } = options;
  const args = [
    ...["run", `--preload=${LATENCY_PRELOAD}`],
    `--allow-env=${LATENCY_VARIABLE}`,
    ...taskArgs("client", project).slice(1),
  ];
  return new TaskProcess(args, {
    name: `agency ${agency}`,
    env: {
      CLI_ID: String(agency),
      CLI_AGENCY_FILE: file,
      CLI_SERVER_ADDRESS: `127.0.0.1:${port}`,
      CLI_BATCH_WINDOW: String(window),
      CLI_LOG_LEVEL: "INFO",
      [LATENCY_VARIABLE]: latencyFile,
    },
    project,
  });
}
