// PostgreSQL 15 as Debian packages it, loading the same files as a user would,
// with its default settings, which are durable.

import { join } from "node:path";
import type { DataSet } from "../data.ts";
import type { Figures } from "../figures.ts";
import { freePort, output, settleDisk } from "../machine.ts";
import { startCentral } from "../../tools/demo/programs.ts";

/**
 * One `\copy`; or INSERT commands of as many rows as our batches, each a
 * transaction, into a central's table, with its key.
 */
export const LOAD_WAYS = ["copy", "insert-150-keyed"] as const;
export type LoadWay = typeof LOAD_WAYS[number];

const BINARIES = "/usr/lib/postgresql/15/bin";
/** PostgreSQL refuses to run as root; the package creates this user. */
const ROOT_STAND_IN = "postgres";
/** The database of this project's central, and that of the table below. */
const CENTRAL_DATABASE = "loteria";
const OWN_DATABASE = "postgres";
const CREATE_TABLE = `CREATE TABLE bets (agency integer NOT NULL,
  first_name text NOT NULL, last_name text NOT NULL, document text NOT NULL,
  birthdate date NOT NULL, number bigint NOT NULL)`;

/** AWK programs that turn an agency's file into psql's input. */
const INPUT_PROGRAMS: Readonly<Record<LoadWay, string>> = {
  "copy": '{ print agency "," $0 }',
  "insert-150-keyed": `
    BEGIN { FS = "," }
    {
      gsub(/'/, "''")
      printf "%s", NR % 150 == 1 ? "INSERT INTO bets VALUES " : ",\\n"
      printf "(%s,%s,%s,'%s','%s','%s','%s','%s')",
        agency, agency, NR - 1, $1, $2, $3, $4, $5
    }
    NR % 150 == 0 { print ";" }
    END { if (NR % 150) print ";" }`,
};

/** A database with a central's tables. */
export interface CentralDatabase {
  server: Postgres;
  name: string;
  url: string;
  /** Folder of the project whose central uses it. */
  project: string;
}

/** A server for the benchmark, stopped on disposal. */
export class Postgres implements AsyncDisposable {
  /** Folder of its data, and of the files that are loaded. */
  readonly #folder: string;
  readonly #isRoot: boolean;
  readonly #port: number;

  private constructor(folder: string, isRoot: boolean, port: number) {
    this.#folder = folder;
    this.#isRoot = isRoot;
    this.#port = port;
  }

  /**
   * Creates a database and the tables of a project's central. Another project's
   * tables may be of another version.
   */
  async createFor(project: string, suffix: string): Promise<CentralDatabase> {
    const name = `${CENTRAL_DATABASE}${suffix.replace(/\W/g, "_")}`;
    await this.#psql(OWN_DATABASE, ["-c", `CREATE DATABASE "${name}"`]);
    const url = `postgres://postgres:@127.0.0.1:${this.#port}/${name}`;
    const { central } = await startCentral(url, { project });
    await using _central = central;
    await central.stop();
    return { server: this, name, url, project };
  }

  /**
   * Starts a server on a free port, in an empty folder. Throws an `Error` on
   * failure.
   */
  static async start(folder: string): Promise<Postgres> {
    const isRoot = await output("id", ["-u"]) === "0";
    if (isRoot) await output("chown", [ROOT_STAND_IN, folder]);
    const server = new Postgres(folder, isRoot, await freePort());
    await server.#server("initdb", [
      ...["--username=postgres", "--auth=trust"],
      ...["--encoding=UTF8", "--locale=C"],
    ]);
    await server.#server("pg_ctl", [
      ...["start", "--wait", `--log=${join(folder, "log")}`],
      `--options=-p ${server.#port} -c unix_socket_directories=''`,
    ]);
    try {
      await server.#psql(OWN_DATABASE, ["-c", CREATE_TABLE]);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Writes the files to load; not part of the measurement. */
  async prepare({ name, files }: DataSet, way: LoadWay): Promise<void> {
    const script = 'file=$1; shift; exec awk "$@" > "$file"';
    const program = `{ sub(/\\r$/, "") } ${INPUT_PROGRAMS[way]}`;
    for (const { agency, path } of files) {
      await output("sh", [
        ...["-c", script, "sh", this.#inputOf(name, way, agency)],
        ...["-v", `agency=${agency}`, program, path],
      ]);
    }
  }

  /**
   * Loads every prepared file at once, one session each, into the empty table.
   * Throws an `Error` unless every bet is there afterwards.
   */
  async load(data: DataSet, way: LoadWay): Promise<Figures> {
    const database = way.endsWith("keyed") ? CENTRAL_DATABASE : OWN_DATABASE;
    await this.empty(database);
    const startedAt = performance.now();
    await Promise.all(data.files.map(({ agency }) => {
      const input = this.#inputOf(data.name, way, agency);
      const args = way === "copy"
        ? ["-c", `\\copy bets from '${input}' (format csv)`]
        : ["-f", input];
      return this.#psql(database, args);
    }));
    const seconds = (performance.now() - startedAt) / 1000;
    await this.check(data, database);
    const { bets } = data;
    return { bets, seconds, betsPerSecond: bets / seconds };
  }

  /** Empties a table of bets, so that a run does not pay for earlier ones. */
  async empty(database: string): Promise<void> {
    await this.#psql(database, ["-c", "TRUNCATE bets", "-c", "CHECKPOINT"]);
    await settleDisk();
  }

  /** Throws an `Error` unless exactly these bets are there. */
  async check(
    { files }: {
      files: readonly Pick<DataSet["files"][number], "agency" | "bets">[];
    },
    database: string,
  ): Promise<void> {
    const query =
      "SELECT agency, count(*) FROM bets GROUP BY agency ORDER BY agency";
    const found = await this.#psql(database, ["-c", query]);
    const expected = files.map(({ agency, bets }) => `${agency}|${bets}`);
    if (found === expected.join("\n")) return;
    throw new Error(`Cannot use run: PostgreSQL has\n${found}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server("pg_ctl", ["stop", "--mode=fast"]);
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

  #psql(database: string, args: readonly string[]): Promise<string> {
    return output(join(BINARIES, "psql"), [
      ...["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"],
      ...["-h", "127.0.0.1", "-p", `${this.#port}`, "-U", "postgres"],
      ...["-d", database, ...args],
    ]);
  }

  #inputOf(name: string, way: LoadWay, agency: number): string {
    return join(this.#folder, `${name}-${way}-${agency}`);
  }
}
