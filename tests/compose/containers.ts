/**
 * A clone of the project, whose containers run on the engine that run.sh has
 * started.
 */

import { within } from "../support/deadline.ts";
import { type Ending, endingOf } from "../support/programs.ts";
import { readLines } from "../../tools/demo/text_lines.ts";

/** The clone's folder. */
export const CLONE: string = Deno.env.get("LOTERIA_CLONE")!;

/** The compose file of the lottery. */
export const LOTTERY = "docker-compose.yaml";

/** The longest command builds the image. */
const COMMAND_LIMIT_MS = 600_000;
/**
 * A container may log its first lines before the time that the engine notes as
 * its start. Taking one down and starting it again takes longer than this.
 */
const START_SLACK_MS = 100;

/** Runs a command in the clone. */
export async function outcomeOf(
  command: string[],
  env: Record<string, string> = {},
): Promise<Ending> {
  const [program, ...args] = command;
  return await within(
    endingOf(program!, { args, cwd: CLONE, env }),
    () => `"${command.join(" ")}" has not ended`,
    COMMAND_LIMIT_MS,
  );
}

/** Runs a command in the clone. */
export async function run(
  command: string[],
  env: Record<string, string> = {},
): Promise<string> {
  const { code, stdout, stderr } = await outcomeOf(command, env);
  if (code === 0) return stdout;
  throw new Error(
    `Cannot run "${command.join(" ")}": exit code ${code}\n${stdout}${stderr}`,
  );
}

/** Talks to the engine. */
export function docker(...args: string[]): Promise<string> {
  return run(["docker", ...args]);
}

/** Runs one of the Makefile's targets. */
export function make(target: string, file = LOTTERY): Promise<string> {
  return run(["make", target], { COMPOSE_FILE: file });
}

/** Brings containers up without building an image. */
export async function up(
  file = LOTTERY,
  services: string[] = [],
): Promise<void> {
  const { code } = await outcomeOf(["docker", "compose", "version"]);
  const compose = code === 0 ? ["docker", "compose"] : ["docker-compose"];
  await run([...compose, "-f", file, "up", "-d", "--no-build", ...services]);
}

/** Waits for a container's end. */
export async function ending(container: string): Promise<number> {
  return Number(await docker("wait", container));
}

/**
 * Stops a container with SIGTERM, and with SIGKILL after its grace period.
 */
export async function stop(container: string): Promise<number> {
  await docker("stop", container);
  return await ending(container);
}

/** Reads a property. */
export async function property(
  container: string,
  path: string,
): Promise<unknown> {
  const format = `{{json .${path}}}`;
  return JSON.parse(await docker("inspect", "-f", format, container));
}

/** Reads what a container has logged since it was last started. */
export async function logs(container: string): Promise<string[]> {
  const since = await lastStart(container);
  const text = await docker("logs", "--since", since, container);
  return text.split("\n").slice(0, -1);
}

/** The time since which the log lines belong to a container's last start. */
async function lastStart(container: string): Promise<string> {
  const startedAt = String(await property(container, "State.StartedAt"));
  return new Date(Date.parse(startedAt) - START_SLACK_MS).toISOString();
}

/** Reads a container's log without the parts that differ from run to run. */
export async function plainLogs(container: string): Promise<string[]> {
  const lines = await logs(container);
  return lines.map((line) =>
    line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, "")
      .replace(/ip: 172\.25\.125\.\d+/, "ip: IP")
  );
}

/** Waits for a line that a container logs after it was last started. */
export async function logged(
  container: string,
  pattern: RegExp,
  count = 1,
): Promise<void> {
  const since = await lastStart(container);
  await printed(
    ["docker", "logs", "--follow", "--since", since, container],
    pattern,
    count,
  );
}

/** Waits for a line that a command prints, and ends the command. */
export async function printed(
  command: string[],
  pattern: RegExp,
  count = 1,
): Promise<void> {
  const [program, ...args] = command;
  await using process = new Deno.Command(program!, {
    args,
    cwd: CLONE,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = readLines(process.stdout);
  const seen: string[] = [];
  async function find(): Promise<boolean> {
    let matches = 0;
    for await (const line of lines) {
      seen.push(line);
      if (pattern.test(line) && ++matches === count) return true;
    }
    return false;
  }
  function describe(): string {
    return `no ${count} lines ${pattern} from "${command.join(" ")}":\n${
      seen.join("\n")
    }`;
  }
  if (!await within(find(), describe)) {
    throw new Error(`The command has ended: ${describe()}`);
  }
}

/**
 * Registers a test that begins without containers, and removes those that it
 * has started.
 */
export function testUp(
  name: string,
  file: string,
  fn: () => Promise<void>,
): void {
  Deno.test(name, async () => {
    try {
      await fn();
    } finally {
      await make("docker-compose-down", file);
    }
  });
}
