// The central and the agencies as processes, with their tasks' permissions.

import {
  PROJECT_FOLDER,
  taskArgs,
  TaskProcess,
} from "../tools/demo/task_process.ts";

const LISTEN_REGEXP = /action: listen \| result: success \| port: (\d+)/;

/** Folders of the measured projects, by the suffix of their cases. */
export type Projects = ReadonlyMap<string, string>;

/**
 * Starts a project's central and waits until it listens on the returned port.
 * `store` is a file or a URL.
 */
export async function startCentral(
  store: string,
  env: Record<string, string> = {},
  project: string = PROJECT_FOLDER,
): Promise<{ central: TaskProcess; port: number }> {
  const [task, variable] = store.startsWith("postgres://")
    ? ["server:postgres", "SERVER_STORE_URL"] as const
    : ["server", "SERVER_STORE_FILE"] as const;
  const central = new TaskProcess(taskArgs(task, project), {
    name: "the central",
    env: { SERVER_PORT: "0", [variable]: store, LOGGING_LEVEL: "INFO", ...env },
    project,
  });
  const [, port] = await central.line(LISTEN_REGEXP);
  return { central, port: Number(port) };
}

export interface AgencyOptions {
  agency: number;
  file: string;
  /** Port of the central on this machine. */
  port: number;
  window: number;
  /** Folder of the project whose agency runs. */
  project: string;
}

export function spawnAgency(options: AgencyOptions): TaskProcess {
  const { agency, file, port, window, project } = options;
  return new TaskProcess(taskArgs("client", project), {
    name: `agency ${agency}`,
    env: {
      CLI_ID: String(agency),
      CLI_AGENCY_FILE: file,
      CLI_SERVER_ADDRESS: `127.0.0.1:${port}`,
      CLI_BATCH_WINDOW: String(window),
      CLI_LOG_LEVEL: "INFO",
    },
    project,
  });
}
