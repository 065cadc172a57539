/**
 * A PostgreSQL server of the tests' own, on a free port, in a temporary folder.
 *
 * @module
 */

import { dirname } from "node:path";
import { PEM } from "../../support/certificates.ts";
import { freePort } from "../../support/programs.ts";
import {
  isRoot,
  ownFolder,
  run,
  runAsOwner,
  SYSTEM_USER,
} from "./server_programs.ts";
import { TestDatabase } from "./test_database.ts";

/** Name of the database, its owner, and the owner's password. */
const NAME = "loteria";
const PASSWORD = "secreto";

/** A data folder of a new server, which each server of a file begins with. */
let template: Promise<string> | undefined;

/** A running server with an empty database. */
export class Cluster extends TestDatabase {
  readonly #dir: string;
  #databases = 0;
  /** Ids of the processes that were stopped. */
  #silent: string[] = [];
  /** Where it listens, on this machine. */
  readonly port: number;

  private constructor(dir: string, port: number) {
    super(urlOf(port, NAME));
    this.#dir = dir;
    this.port = port;
  }

  /** Makes a server with these settings and starts it. */
  static async start(
    settings: Record<string, string> = {},
  ): Promise<Cluster> {
    const dir = await ownFolder();
    await run("cp", ["-a", await (template ??= makeTemplate()), `${dir}/data`]);
    const cluster = new Cluster(`${dir}/data`, freePort());
    await cluster.configure(settings);
    await cluster.#control("start");
    await cluster.query(`CREATE DATABASE ${NAME}`, cluster.urlOf("postgres"));
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
    await this.reload();
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
    await this.reload();
  }

  /** Lets it read its files again, and waits until it has. */
  async reload(): Promise<void> {
    const before = await this.query("SELECT pg_conf_load_time()");
    await this.query("SELECT pg_reload_conf()");
    await this.waitFor(`SELECT 1 WHERE pg_conf_load_time() <> '${before}'`);
  }

  /** Replaces who may connect, and how. */
  async allow(lines: readonly string[]): Promise<void> {
    await Deno.writeTextFile(`${this.#dir}/pg_hba.conf`, lines.join("\n"));
    await this.reload();
  }

  /** Folder of its Unix socket; not among its data, which pg_rewind copies. */
  get socketFolder(): string {
    return dirname(this.#dir);
  }

  /** Reads its log. */
  async log(): Promise<string> {
    return await run("cat", [`${this.#dir}/log`]);
  }

  /** Makes one more empty database. */
  async createDatabase(options = ""): Promise<TestDatabase> {
    const name = `d${this.#databases++}`;
    // Copying files is faster than writing them to the log.
    await this.query(
      `CREATE DATABASE ${name} STRATEGY file_copy ${options}`,
      this.urlOf("postgres"),
    );
    return new TestDatabase(this.urlOf(name));
  }

  /** The address of one of its databases, with the password. */
  urlOf(database: string): string {
    return urlOf(this.port, database);
  }

  /** The address of a primary and its standby. */
  urlOfBoth(standby: Cluster): string {
    return this.url.replace(/\/\w+$/, `,127.0.0.1:${standby.port}$&`);
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

  /** Makes a standby the primary. */
  async promote(): Promise<void> {
    await this.#control("promote");
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

/** Where all files of a run share a data folder, if PG_TEMPLATE says so. */
const SHARED = Deno.env.get("PG_TEMPLATE");

/** Makes a data folder, or uses one that another test file has made. */
async function makeTemplate(): Promise<string> {
  if (SHARED && await hasTemplate(SHARED)) return `${SHARED}/made/data`;
  const dir = await ownFolder();
  const passwordFile = `${dir}/password`;
  await Deno.writeTextFile(passwordFile, PASSWORD);
  await Deno.chmod(passwordFile, 0o644);
  await runAsOwner("initdb", [
    ...["-D", `${dir}/data`, "-U", NAME, "-A", "scram-sha-256"],
    ...["-E", "UTF8", "--locale=C", "--no-sync", `--pwfile=${passwordFile}`],
  ]);
  if (!SHARED) return `${dir}/data`;
  try {
    await run("mv", ["-T", dir, `${SHARED}/made`]);
  } catch (error) {
    if (!await hasTemplate(SHARED)) throw error;
    await run("rm", ["-rf", dir]);
  }
  return `${SHARED}/made/data`;
}

async function hasTemplate(folder: string): Promise<boolean> {
  for await (const { name } of Deno.readDir(folder)) {
    if (name === "made") return true;
  }
  return false;
}

Deno.test.afterAll(async () => {
  if (template && !SHARED) await run("rm", ["-rf", dirname(await template)]);
});

function urlOf(port: number, database: string): string {
  return `postgres://${NAME}:${PASSWORD}@127.0.0.1:${port}/${database}`;
}
