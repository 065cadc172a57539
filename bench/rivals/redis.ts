// Redis as Debian packages it, with a flush before each reply.

import { TaskProcess } from "../../tools/demo/task_process.ts";
import { randomPort } from "../../tools/tool.ts";
import { redisKey } from "../load/wire.ts";
import { output } from "../machine.ts";

/** Starts a server in an empty folder. */
export async function startRedis(
  folder: string,
): Promise<{ server: TaskProcess; port: number }> {
  const port = randomPort();
  const server = new TaskProcess([
    ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder],
    ...["--appendonly", "yes", "--appendfsync", "always", "--save", ""],
    // Rewriting the file would only make Redis slower.
    ...["--auto-aof-rewrite-percentage", "0"],
  ], { name: "Redis", command: "redis-server" });
  await server.line(/Ready to accept connections/);
  return { server, port };
}

/** Throws an `Error` unless each agency has this number of bets. */
export async function checkRedis(
  port: number,
  agencies: number,
  bets: number,
): Promise<void> {
  for (let agency = 1; agency <= agencies; agency++) {
    const args = ["-p", String(port), "LLEN", redisKey(agency)];
    const found = await output("redis-cli", args);
    if (found === String(bets)) continue;
    throw new Error(
      `Cannot use run: Redis has ${found} of ${bets} bets of agency ${agency}`,
    );
  }
}
