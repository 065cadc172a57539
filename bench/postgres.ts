/**
 * PostgreSQL 15 as Debian packages it, as a user would load the same files into
 * it: with its default settings, which are durable.
 *
 * @module
 */

import { join } from "node:path";
import type { DataSet } from "./data.ts";
import type { Figures } from "./figures.ts";
import { settleDisk } from "./machine.ts";
import { type LoadWay, writeInput } from "./postgres_input.ts";

const BINARIES = "/usr/lib/postgresql/15/bin";
/** PostgreSQL refuses to run as root; the package makes this user. */
const ROOT_STAND_IN = "postgres";
const CREATE_TABLE = `CREATE TABLE bets (agency integer NOT NULL,
  first_name text NOT NULL, last_name text NOT NULL, document text NOT NULL,
  birthdate date NOT NULL, number bigint NOT NULL)`;

/** A server of its own, stopped when it is disposed of. */
export class Postgres implements AsyncDisposable {
  readonly #folder: string;
  /** What its own programs are run by. */
  readonly #asServer: readonly string[];

  private constructor(folder: string, asServer: readonly string[]) {
    this.#folder = folder;
    this.#asServer = asServer;
  }

  /**
   * Makes an empty database in a folder and starts a server that is reached by
   * a socket there.
   *
   * @param folder An empty folder, on the disk where our stores are.
   * @returns The server.
   * @throws {Error} If PostgreSQL 15 is not installed or does not start.
   */
  static async start(folder: string): Promise<Postgres> {
    await checkInstalled();
    const asServer = await serverPrefix();
    if (asServer.length > 0) await run("chown", [ROOT_STAND_IN, folder]);
    const server = new Postgres(folder, asServer);
    await server.#serve();
    try {
      await server.#sql(CREATE_TABLE);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /**
   * Writes the files that are loaded. Not part of what is measured.
   *
   * @param data The agencies' files.
   * @param way The way to load them.
   */
  prepare({ name, files }: DataSet, way: LoadWay): void {
    for (const { agency, path } of files) {
      writeInput(path, this.#inputOf(name, way, agency), { way, agency });
    }
  }

  /**
   * Loads every file at once, a session for each, into the empty table.
   *
   * @param data The files, prepared.
   * @param way The way to load them.
   * @returns The figures.
   * @throws {Error} If not every bet is there afterwards.
   */
  async load(data: DataSet, way: LoadWay): Promise<Figures> {
    await this.#sql("TRUNCATE bets");
    // What earlier runs left to be written is not charged to this one.
    await this.#sql("CHECKPOINT");
    await settleDisk();
    const startedAt = performance.now();
    await Promise.all(data.files.map(({ agency }) => {
      const input = this.#inputOf(data.name, way, agency);
      return way === "copy"
        ? this.#psql(["-c", `\\copy bets from '${input}' (format csv)`])
        : this.#psql(["-f", input]);
    }));
    const seconds = (performance.now() - startedAt) / 1000;
    await this.#checkCounts(data);
    return { seconds, betsPerSecond: data.bets / seconds };
  }

  /** Stops the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server("pg_ctl", ["stop", "--mode=fast"]);
  }

  async #serve(): Promise<void> {
    await this.#server("initdb", [
      "--username=postgres",
      "--auth=trust",
      "--encoding=UTF8",
      "--locale=C",
    ]);
    await this.#server("pg_ctl", [
      "start",
      "--wait",
      `--log=${join(this.#folder, "log")}`,
      `--options=-c listen_addresses='' -c unix_socket_directories='${this.#folder}'`,
    ]);
  }

  /** Runs one of the server's own programs on its data. */
  async #server(program: string, args: readonly string[]): Promise<void> {
    const [command = "", ...words] = [
      ...this.#asServer,
      join(BINARIES, program),
      `--pgdata=${join(this.#folder, "data")}`,
      ...args,
    ];
    await run(command, words);
  }

  async #checkCounts({ files }: DataSet): Promise<void> {
    const found = await this.#sql(
      "SELECT agency, count(*) FROM bets GROUP BY agency ORDER BY agency",
    );
    const expected = files.map(({ agency, bets }) => `${agency}|${bets}\n`);
    if (found === expected.join("")) return;
    throw new Error(`Cannot use run: PostgreSQL has\n${found}`);
  }

  #sql(statement: string): Promise<string> {
    return this.#psql(["-c", statement]);
  }

  #psql(args: readonly string[]): Promise<string> {
    const options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"];
    const place = ["-h", this.#folder, "-U", "postgres", "-d", "postgres"];
    return run(join(BINARIES, "psql"), [...options, ...place, ...args]);
  }

  #inputOf(name: string, way: LoadWay, agency: number): string {
    return join(this.#folder, `${name}-${way}-${agency}`);
  }
}

async function checkInstalled(): Promise<void> {
  try {
    await Deno.stat(join(BINARIES, "initdb"));
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(
      `Cannot measure PostgreSQL 15: it is not installed in ${BINARIES} (apt-get install postgresql-15)`,
      { cause },
    );
  }
}

async function serverPrefix(): Promise<string[]> {
  const user = await run("id", ["-u"]);
  return user.trim() === "0" ? ["runuser", "-u", ROOT_STAND_IN, "--"] : [];
}

async function run(command: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd: "/",
  }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(
    `Cannot run ${command} ${args.join(" ")}: ${decoder.decode(stderr)}`,
  );
}
