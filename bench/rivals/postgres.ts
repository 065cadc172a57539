// PostgreSQL 15 as Debian packages it, with its default settings, which are
// durable: for a central, or for the same files as a user would load them.

import { join } from "node:path";
import { randomPort } from "../../tools/tool.ts";
import type { DataSet } from "../data.ts";
import type { Figures } from "../figures.ts";
import { output } from "../machine.ts";

const BINARIES = "/usr/lib/postgresql/15/bin";
/** PostgreSQL refuses to run as root; the package creates this user. */
const ROOT_STAND_IN = "postgres";
const FIELDS = "first_name, last_name, document, birthdate, number";
/** The files do not have the agency: each session adds its own. */
const CREATE_TABLE = `CREATE TABLE bets (
  agency integer NOT NULL DEFAULT current_setting('bench.agency')::integer,
  first_name text NOT NULL, last_name text NOT NULL, document text NOT NULL,
  birthdate date NOT NULL, number bigint NOT NULL)`;

/** A server for the benchmark, stopped on disposal. */
export class Postgres implements AsyncDisposable {
  readonly #folder: string;
  readonly #isRoot: boolean;
  readonly #port = randomPort();

  private constructor(folder: string, isRoot: boolean) {
    this.#folder = folder;
    this.#isRoot = isRoot;
  }

  /** Starts a server in an empty folder. Throws an `Error` on failure. */
  static async start(folder: string): Promise<Postgres> {
    const isRoot = await output("id", ["-u"]) === "0";
    if (isRoot) await output("chown", [ROOT_STAND_IN, folder]);
    const server = new Postgres(folder, isRoot);
    await server.#server("initdb", [
      ...["--username=postgres", "--auth=trust"],
      ...["--encoding=UTF8", "--locale=C"],
    ]);
    await server.#server("pg_ctl", [
      ...["start", "--wait", `--log=${join(folder, "log")}`],
      `--options=-p ${server.#port} -c unix_socket_directories=''`,
    ]);
    return server;
  }

  /**
   * Creates a database, and drops that of the run before. Returns its URL. Its
   * runs do not pay for earlier ones.
   */
  async createDatabase(): Promise<string> {
    await this.#psql(this.#urlOf("postgres"), [
      "DROP DATABASE IF EXISTS loteria",
      "CREATE DATABASE loteria",
      "CHECKPOINT",
    ]);
    return this.#urlOf("loteria");
  }

  /**
   * Loads every file at once, one `\copy` each, into a table without a key.
   * Throws an `Error` unless every bet is there afterwards.
   */
  async copy({ files, bets }: DataSet): Promise<Figures> {
    const url = await this.createDatabase();
    await this.#psql(url, [CREATE_TABLE]);
    const startedAt = performance.now();
    await Promise.all(files.map(({ agency, path }) =>
      this.#psql(url, [
        `SET bench.agency = ${agency}`,
        `\\copy bets (${FIELDS}) from '${path}' (format csv)`,
      ])
    ));
    const seconds = (performance.now() - startedAt) / 1000;
    const found = await this.#psql(url, ["SELECT count(*) FROM bets"]);
    if (Number(found) === bets) {
      return { bets, seconds, betsPerSecond: bets / seconds };
    }
    throw new Error(`Cannot use run: PostgreSQL has ${found} of ${bets} bets`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server("pg_ctl", ["stop", "--mode=fast"]);
  }

  #urlOf(database: string): string {
    return `postgres://postgres:@127.0.0.1:${this.#port}/${database}`;
  }

  /** Runs one of the server's own programs on its data, never as root. */
  async #server(program: string, args: readonly string[]): Promise<void> {
    const [command = "", ...words] = [
      ...(this.#isRoot ? ["runuser", "-u", ROOT_STAND_IN, "--"] : []),
      join(BINARIES, program),
      `--pgdata=${join(this.#folder, "data")}`,
      ...args,
    ];
    await output(command, words);
  }

  #psql(url: string, commands: readonly string[]): Promise<string> {
    return output(join(BINARIES, "psql"), [
      ...["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url],
      ...commands.flatMap((command) => ["-c", command]),
    ]);
  }
}
