/**
 * A PostgreSQL server of the tests' own, on a free port, in a temporary folder.
 *
 * @module
 */

import { dirname } from "node:path";
import { freePort } from "../support/programs.ts";

/** Name of the database, its owner, and the owner's password. */
const NAME = "loteria";
const PASSWORD = "secreto";
/** The system user that runs the server; it refuses to run as root. */
const SYSTEM_USER = "postgres";

/** A running server with an empty database. */
export class Cluster {
  readonly #dir: string;
  /** Ids of the processes that were stopped. */
  #silent: string[] = [];
  /** Where it listens, on this machine. */
  readonly port: number;

  private constructor(dir: string, port: number) {
    this.#dir = dir;
    this.port = port;
  }

  /**
   * Makes a server and starts it.
   *
   * @returns The server.
   */
  static async start(): Promise<Cluster> {
    const dir = await ownFolder();
    const passwordFile = `${dir}/password`;
    await Deno.writeTextFile(passwordFile, PASSWORD);
    await Deno.chmod(passwordFile, 0o644);
    const cluster = new Cluster(`${dir}/data`, freePort());
    await runAsOwner("initdb", [
      ...["-D", `${dir}/data`, "-U", NAME, "-A", "scram-sha-256"],
      ...["-E", "UTF8", "--locale=C", `--pwfile=${passwordFile}`],
    ]);
    await cluster.#control("start");
    await cluster.query(`CREATE DATABASE ${NAME}`, "postgres");
    return cluster;
  }

  /**
   * Makes a standby of this server, which follows it synchronously.
   *
   * @returns The standby, running.
   */
  async startStandby(): Promise<Cluster> {
    const dir = await ownFolder();
    const standby = new Cluster(`${dir}/data`, freePort());
    await runAsOwner("pg_basebackup", [
      ...["-D", `${dir}/data`, "-R", "-c", "fast", "-X", "stream"],
      ...["-d", `${this.urlOf("postgres")}?application_name=standby`],
    ]);
    await standby.#control("start");
    await this.query("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
    await this.query("SELECT pg_reload_conf()");
    await this.waitFor(
      "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'",
    );
    return standby;
  }

  /**
   * Waits for something; the test's own limit bounds the wait.
   *
   * @param statement Gives one row with 1 once it is so.
   */
  async waitFor(statement: string): Promise<void> {
    while (await this.query(statement) !== "1");
  }

  /**
   * The address of a database.
   *
   * @param database Its name.
   * @returns The address, with the password.
   */
  urlOf(database: string = NAME): string {
    return `postgres://${NAME}:${PASSWORD}@127.0.0.1:${this.port}/${database}`;
  }

  /**
   * The address of a primary and its standby.
   *
   * @param standby The standby.
   * @returns The address, with the password.
   */
  urlOfBoth(standby: Cluster): string {
    return this.urlOf().replace(/\/\w+$/, `,127.0.0.1:${standby.port}$&`);
  }

  /**
   * Runs a statement.
   *
   * @param statement The statement.
   * @param database Where.
   * @returns What it gives: a line for each row, fields separated by a bar.
   */
  async query(statement: string, database: string = NAME): Promise<string> {
    return await run("psql", [
      ...["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"],
      ...["-c", statement, this.urlOf(database)],
    ]);
  }

  /**
   * Puts the bets on another disk.
   *
   * @param dir A folder on that disk.
   */
  async moveBets(dir: string): Promise<void> {
    if (isRoot()) await run("chown", [SYSTEM_USER, dir]);
    await this.query(`CREATE TABLESPACE elsewhere LOCATION '${dir}'`);
    await this.query("ALTER TABLE bets SET TABLESPACE elsewhere");
  }

  /** Crashes the server and starts it again. */
  async crash(): Promise<void> {
    await this.#control("restart", "-m", "immediate");
  }

  /** Kills the server with SIGKILL. */
  async kill(): Promise<void> {
    await run("/bin/kill", ["-9", await this.#processId()]);
  }

  /**
   * Stops all its processes in the middle of what they do. As with a machine that
   * dies, its connections stay open and nobody answers.
   */
  async silence(): Promise<void> {
    const parent = await this.#processId();
    // While it is stopped, its children cannot disappear.
    await run("/bin/kill", ["-STOP", parent]);
    const children = (await run("pgrep", ["-P", parent])).split("\n");
    await run("/bin/kill", ["-STOP", ...children]);
    this.#silent = [parent, ...children];
  }

  /**
   * Locks a table for everyone else.
   *
   * @param table The table.
   * @returns Frees it when it is disposed of.
   */
  async lock(table: string): Promise<AsyncDisposable> {
    const session = new Deno.Command(`${Deno.env.get("PG_PROGRAMS")}/psql`, {
      args: ["-X", "-A", "-t", "-q", this.urlOf()],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const writer = session.stdin.getWriter();
    await writer.write(
      new TextEncoder().encode(
        `BEGIN; LOCK TABLE ${table}; SELECT 'locked';\n`,
      ),
    );
    const reader = session.stdout.getReader();
    await reader.read();
    return {
      async [Symbol.asyncDispose]() {
        await writer.close();
        await session.status;
        await reader.cancel();
      },
    };
  }

  /** Makes a standby the primary. */
  async promote(): Promise<void> {
    await this.#control("promote");
  }

  /** Cuts the connections of all centrals. */
  async cutConnections(): Promise<void> {
    await this.query(
      `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
       WHERE application_name = 'loteria'`,
    );
  }

  /** Ends the server in any state, and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#silent.length > 0) {
      await run("/bin/kill", ["-9", ...this.#silent]);
    }
    try {
      await this.#control("stop", "-m", "immediate");
    } catch (error) {
      // The test has killed it.
      if (!String(error).includes("pg_ctl")) throw error;
    }
    await run("rm", ["-rf", dirname(this.#dir)]);
  }

  async #processId(): Promise<string> {
    const file = `${this.#dir}/postmaster.pid`;
    const [id] = (await readAsOwner(file)).split("\n");
    return id!;
  }

  async #control(command: string, ...more: string[]): Promise<void> {
    const options =
      `-p ${this.port} -k ${this.#dir} -c listen_addresses=127.0.0.1`;
    await runAsOwner("pg_ctl", [
      ...[command, "-w", "-D", this.#dir, ...more],
      ...(command === "promote" ? [] : ["-l", `${this.#dir}/log`]),
      ...(command === "start" || command === "restart" ? ["-o", options] : []),
    ]);
  }
}

async function ownFolder(): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "loteria-postgres-" });
  if (isRoot()) await run("chown", [SYSTEM_USER, dir]);
  return dir;
}

function isRoot(): boolean {
  return Deno.uid() === 0;
}

/** Runs a program of PostgreSQL as the user that owns its files. */
async function runAsOwner(program: string, args: string[]): Promise<string> {
  const path = `${Deno.env.get("PG_PROGRAMS")}/${program}`;
  return isRoot()
    ? await run("runuser", ["-u", SYSTEM_USER, "--", path, ...args])
    : await run(path, args);
}

async function readAsOwner(file: string): Promise<string> {
  return await run("cat", [file]);
}

async function run(program: string, args: string[]): Promise<string> {
  const isOwn = program === "psql";
  const path = isOwn ? `${Deno.env.get("PG_PROGRAMS")}/${program}` : program;
  const command = `${program} ${args.join(" ")}`;
  // A started server would keep a pipe open.
  if (args.includes("-o")) {
    const { code } = await new Deno.Command(path, {
      args,
      cwd: "/",
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn().status;
    if (code !== 0) throw new Error(`Cannot run ${command}`);
    return "";
  }
  const { code, stdout, stderr } = await new Deno.Command(path, {
    args,
    cwd: "/",
    stdin: "null",
  }).output();
  const output = new TextDecoder().decode(stdout).trim();
  if (code === 0) return output;
  const reason = new TextDecoder().decode(stderr).trim();
  throw new Error(`Cannot run ${command}: ${output}${reason}`);
}
