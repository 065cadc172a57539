/**
 * A database of a test, which it asks and disturbs as an operator would.
 *
 * @module
 */

import { run } from "./server_programs.ts";

const PSQL = ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"];

export class TestDatabase {
  /** Its address, with the password. */
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  get name(): string {
    return this.url.replace(/.*\//, "");
  }

  /**
   * Runs a statement, here or at another address. Returns a line for each row,
   * fields separated by a bar.
   */
  async query(statement: string, url: string = this.url): Promise<string> {
    return await run("psql", [...PSQL, "-c", statement, url]);
  }

  /** Waits until a statement gives 1; the test's own limit bounds the wait. */
  async waitFor(statement: string): Promise<void> {
    while (await this.query(statement) !== "1");
  }

  /**
   * Waits until this number of the database's sessions wait for a lock. Fails if
   * one of the running statements ends before.
   */
  async waitForLocks(
    sessions: number,
    ...running: Promise<unknown>[]
  ): Promise<void> {
    const statement =
      `SELECT 1 WHERE ${sessions} <= (SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock')`;
    const ended = Promise.race(running).then(() => {
      throw new Error("it did not wait for the lock");
    });
    await Promise.race([ended, this.waitFor(statement)]);
  }

  /** Runs a statement in a transaction, which ends when it is disposed of. */
  async hold(statement: string): Promise<AsyncDisposable> {
    const session = new Deno.Command(`${Deno.env.get("PG_PROGRAMS")}/psql`, {
      args: [...PSQL, this.url],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const writer = session.stdin.getWriter();
    const reader = session.stdout.getReader();
    const send = (text: string) => writer.write(new TextEncoder().encode(text));
    await send(`BEGIN; ${statement}; \\echo held\n`);
    if ((await reader.read()).done) throw new Error(`Cannot run ${statement}`);
    return {
      async [Symbol.asyncDispose]() {
        await send("COMMIT;\n");
        await writer.close();
        await session.status;
        await reader.cancel();
      },
    };
  }

  /** Cuts the connections of its centrals. */
  async cutConnections(): Promise<void> {
    await this.query(
      `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
      WHERE application_name = 'loteria' AND datname = current_database()`,
    );
  }
}
