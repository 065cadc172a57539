// The central and the agencies as processes, with their tasks' permissions.

import { isDatabase } from "../tool.ts";
import { taskArgs, type TaskOptions, TaskProcess } from "./task_process.ts";

/** The log line of a central that listens. */
export const LISTEN_REGEXP: RegExp =
  /action: listen \| result: success \| port: (\d+)/;

/**
 * Starts a central and waits until it listens on the returned port. `store` is
 * a path or a URL.
 */
export async function startCentral(
  store: string,
  { project, env, ...options }: Partial<TaskOptions> = {},
): Promise<{ central: TaskProcess; port: number }> {
  const [task, variable] = isDatabase(store)
    ? ["server:postgres", "SERVER_STORE_URL"] as const
    : ["server", "SERVER_STORE_FILE"] as const;
  const central = new TaskProcess(taskArgs(task, project), {
    name: "the central",
    env: { SERVER_PORT: "0", [variable]: store, LOGGING_LEVEL: "INFO", ...env },
    project,
    ...options,
  });
  const [, port] = await central.line(LISTEN_REGEXP);
  return { central, port: Number(port) };
}

export interface AgencyOptions extends Partial<TaskOptions> {
  agency: number;
  file: string;
  /** Port of the central on this machine. */
  port: number;
}

export function startAgency(
  { agency, file, port, project, env, ...options }: AgencyOptions,
): TaskProcess {
  return new TaskProcess(taskArgs("client", project), {
    name: `agency ${agency}`,
    env: {
      CLI_ID: String(agency),
      CLI_AGENCY_FILE: file,
      CLI_SERVER_ADDRESS: `127.0.0.1:${port}`,
      CLI_LOG_LEVEL: "INFO",
      ...env,
    },
    project,
    ...options,
  });
}
