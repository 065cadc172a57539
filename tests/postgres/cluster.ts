/**
 * A PostgreSQL server of the tests' own, on a free port, in a temporary folder.
 *
 * @module
 */

import { dirname } from "node:path";
import { PEM } from "../support/certificates.ts";
import { freePort } from "../support/programs.ts";
import {
  isRoot,
  ownFolder,
  run,
  runAsOwner,
  SYSTEM_USER,
} from "./server_programs.ts";

/** Name of the database, its owner, and the owner's password. */
const NAME = "loteria";
const PASSWORD = "secreto";

/** A running server with an empty database. */
export class Cluster {
  readonly #dir: string;
  #databases = 0;
  /** Ids of the processes that were stopped. */
  #silent: string[] = [];
  /** Where it listens, on this machine. */
  readonly port: number;

  private constructor(dir: string, port: number) {
    this.#dir = dir;
    this.port = port;
  }

  /** Makes a server with these settings and starts it. */
  static async start(
    settings: Record<string, string> = {},
  ): Promise<Cluster> {
    const dir = await ownFolder();
    const passwordFile = `${dir}/password`;
    await Deno.writeTextFile(passwordFile, PASSWORD);
    await Deno.chmod(passwordFile, 0o644);
    const cluster = new Cluster(`${dir}/data`, freePort());
    await runAsOwner("initdb", [
      ...["-D", `${dir}/data`, "-U", NAME, "-A", "scram-sha-256"],
      ...["-E", "UTF8", "--locale=C", "--no-sync", `--pwfile=${passwordFile}`],
    ]);
    await cluster.configure(settings);
    await cluster.#control("start");
    await cluster.query(`CREATE DATABASE ${NAME}`, "postgres");
    return cluster;
  }

  /** Makes a standby of this server, which follows it synchronously. */
  async startStandby(): Promise<Cluster> {
    const dir = await ownFolder();
    const standby = new Cluster(`${dir}/data`, freePort());
    await runAsOwner("pg_basebackup", [
      ...["-D", `${dir}/data`, "-R", "-c", "fast", "-X", "stream"],
      ...["-d", `${this.urlOf("postgres")}?application_name=standby`],
    ]);
    await standby.#control("start");
    await this.beFollowed();
    return standby;
  }

  /** Waits until its standby has all it has, and follows it synchronously. */
  async beFollowed(): Promise<void> {
    await this.query("ALTER SYSTEM SET synchronous_standby_names = '*'");
    await this.query("SELECT pg_reload_conf()");
    await this.waitFor(
      "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'",
    );
  }

  /** Adds lines to its configuration file. */
  async configure(settings: Record<string, string>): Promise<void> {
    const lines = Object.entries(settings).map(([name, value]) =>
      `${name} = '${value}'\n`
    );
    const append = { append: true };
    await Deno.writeTextFile(
      `${this.#dir}/postgresql.conf`,
      lines.join(""),
      append,
    );
  }

  /** Gives it the tests' certificate, so that it can speak TLS. */
  async installCertificate(): Promise<void> {
    await Deno.copyFile(PEM.server, `${this.#dir}/server.crt`);
    await Deno.copyFile(PEM.serverKey, `${this.#dir}/server.key`);
    await Deno.copyFile(PEM.ca, `${this.#dir}/root.crt`);
    await Deno.chmod(`${this.#dir}/server.key`, 0o600);
    if (isRoot()) {
      await run("chown", [SYSTEM_USER, `${this.#dir}/server.key`]);
    }
    await this.query("ALTER SYSTEM SET ssl_ca_file = 'root.crt'");
    await this.query("ALTER SYSTEM SET ssl = on");
    await this.restart();
  }

  /** Replaces who may connect, and how. */
  async allow(lines: readonly string[]): Promise<void> {
    await Deno.writeTextFile(`${this.#dir}/pg_hba.conf`, lines.join("\n"));
    await this.query("SELECT pg_reload_conf()");
  }

  /** Folder of its Unix socket; not among its data, which pg_rewind copies. */
  get socketFolder(): string {
    return dirname(this.#dir);
  }

  /** Reads its log. */
  async log(): Promise<string> {
    return await run("cat", [`${this.#dir}/log`]);
  }

  /** Waits until a statement gives 1; the test's own limit bounds the wait. */
  async waitFor(statement: string): Promise<void> {
    while (await this.query(statement) !== "1");
  }

  /** Makes one more empty database, and returns its address. */
  async createDatabase(options = ""): Promise<string> {
    const name = `d${this.#databases++}`;
    await this.query(`CREATE DATABASE ${name} ${options}`, "postgres");
    return this.urlOf(name);
  }

  /** The address of a database, with the password. */
  urlOf(database: string = NAME): string {
    return `postgres://${NAME}:${PASSWORD}@127.0.0.1:${this.port}/${database}`;
  }

  /** The address of a primary and its standby. */
  urlOfBoth(standby: Cluster): string {
    return this.urlOf().replace(/\/\w+$/, `,127.0.0.1:${standby.port}$&`);
  }

  /**
   * Runs a statement in a database, given by name or address. Returns a line for
   * each row, fields separated by a bar.
   */
  async query(statement: string, database: string = NAME): Promise<string> {
    return await run("psql", [
      ...["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"],
      ...[
        "-c",
        statement,
        database.includes(":") ? database : this.urlOf(database),
      ],
    ]);
  }

  /** Puts the bets into a folder on another disk. */
  async moveBets(dir: string): Promise<void> {
    if (isRoot()) await run("chown", [SYSTEM_USER, dir]);
    await this.query(`CREATE TABLESPACE elsewhere LOCATION '${dir}'`);
    await this.query("ALTER TABLE bets SET TABLESPACE elsewhere");
  }

  /** Crashes the server and starts it again. */
  async crash(): Promise<void> {
    await this.#control("restart", "-m", "immediate");
  }

  /** Stops the server and starts it again. */
  async restart(): Promise<void> {
    await this.#control("restart", "-m", "fast");
  }

  /**
   * Starts it again after it was killed, as a standby of another server, which
   * may not have all that it has.
   */
  async returnAsStandbyOf(primary: Cluster): Promise<void> {
    // The killed one seems to run until it is reaped.
    await run("rm", [
      ...["-f", `${this.#dir}/postmaster.pid`],
      `${this.socketFolder}/.s.PGSQL.${this.port}.lock`,
    ]);
    // pg_rewind finds the new timeline in the control file only after this.
    await primary.query("CHECKPOINT");
    await runAsOwner("pg_rewind", [
      ...["-D", this.#dir, "-R"],
      `--source-server=${primary.urlOf("postgres")}`,
    ]);
    await this.#control("start");
  }

  /** Kills the server with SIGKILL, until its port is closed. */
  async kill(): Promise<void> {
    const parent = await this.#processId();
    const children = (await run("pgrep", ["-P", parent])).split("\n");
    await run("/bin/kill", ["-9", parent, ...children]);
    while (await this.#accepts());
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

  /** Locks a table for everyone else until it is disposed of. */
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

  async #accepts(): Promise<boolean> {
    try {
      (await Deno.connect({ port: this.port })).close();
      return true;
    } catch (error) {
      return !(error instanceof Deno.errors.ConnectionRefused);
    }
  }

  async #processId(): Promise<string> {
    const file = `${this.#dir}/postmaster.pid`;
    const [id] = (await run("cat", [file])).split("\n");
    return id!;
  }

  async #control(command: string, ...more: string[]): Promise<void> {
    const options =
      `-p ${this.port} -k ${this.socketFolder} -c listen_addresses=127.0.0.1,127.0.0.2`;
    await runAsOwner("pg_ctl", [
      ...[command, "-w", "-D", this.#dir, ...more],
      ...(command === "promote" ? [] : ["-l", `${this.#dir}/log`]),
      ...(command === "start" || command === "restart" ? ["-o", options] : []),
    ]);
  }
}
