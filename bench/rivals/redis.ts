// Redis as Debian packages it, with a flush before each reply.

import { readLines } from "../../tools/demo/text_lines.ts";
import { freePort, output } from "../machine.ts";
import { redisKey } from "../load/wire.ts";

/** A server for the benchmark, stopped on disposal. */
export class Redis implements AsyncDisposable {
  readonly port: number;
  readonly #process: Deno.ChildProcess;

  private constructor(port: number, process: Deno.ChildProcess) {
    this.port = port;
    this.#process = process;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Starts a server on a free port, in an empty folder. */
  static async start(folder: string): Promise<Redis> {
    const port = await freePort();
    const process = new Deno.Command("redis-server", {
      args: [
        ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder],
        ...["--appendonly", "yes", "--appendfsync", "always", "--save", ""],
        // Rewriting the file would only make Redis slower.
        ...["--auto-aof-rewrite-percentage", "0"],
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const server = new Redis(port, process);
    for await (const line of readLines(process.stdout)) {
      if (line.includes("Ready to accept connections")) return server;
    }
    throw new Error("Cannot measure Redis: redis-server did not start");
  }

  /** Throws an `Error` unless each agency has this number of bets. */
  async check(agencies: number, bets: number): Promise<void> {
    for (let agency = 1; agency <= agencies; agency++) {
      const args = ["-p", String(this.port), "LLEN", redisKey(agency)];
      const found = await output("redis-cli", args);
      if (found === String(bets)) continue;
      throw new Error(
        `Cannot use run: Redis has ${found} of ${bets} bets of agency ${agency}`,
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.status;
  }
}
