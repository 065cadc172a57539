/**
 * PostgreSQL 15 as Debian packages it, as a user would load the same files into
 * it: with its default settings, which are durable.
 *
 * @module
 */

import { join } from "node:path";
import type { DataSet } from "./data.ts";
import type { Figures } from "./figures.ts";
import { output, settleDisk } from "./machine.ts";

/**
 * The ways to load: one `\copy`; COPY commands of as many rows as our batches
 * have, each a transaction; INSERT commands of as many.
 */
export const LOAD_WAYS = ["copy", "copy-150", "insert-150"] as const;

/** A way to load. */
export type LoadWay = typeof LOAD_WAYS[number];

const BINARIES = "/usr/lib/postgresql/15/bin";
/** PostgreSQL refuses to run as root; the package creates this user. */
const ROOT_STAND_IN = "postgres";
const CREATE_TABLE = `CREATE TABLE bets (agency integer NOT NULL,
  first_name text NOT NULL, last_name text NOT NULL, document text NOT NULL,
  birthdate date NOT NULL, number bigint NOT NULL)`;
/** AWK programs that write what psql is given, from an agency's file. */
const INPUT_PROGRAMS: Readonly<Record<LoadWay, string>> = {
  "copy": '{ print agency "," $0 }',
  "copy-150": `
    NR % 150 == 1 { print "COPY bets FROM STDIN (FORMAT csv);" }
    { print agency "," $0 }
    NR % 150 == 0 { print "\\\\." }
    END { if (NR % 150) print "\\\\." }`,
  "insert-150": `
    BEGIN { FS = "," }
    {
      gsub(/'/, "''")
      printf "%s", NR % 150 == 1 ? "INSERT INTO bets VALUES " : ",\\n"
      printf "(%s,'%s','%s','%s','%s','%s')", agency, $1, $2, $3, $4, $5
    }
    NR % 150 == 0 { print ";" }
    END { if (NR % 150) print ";" }`,
};

/** A server of its own, stopped when it is disposed of. */
export class Postgres implements AsyncDisposable {
  readonly #folder: string;
  /** The command that runs the server's own programs. */
  readonly #asServer: readonly string[];

  private constructor(folder: string, asServer: readonly string[]) {
    this.#folder = folder;
    this.#asServer = asServer;
  }

  /**
   * Creates an empty database in an empty folder and starts a server that is
   * reached by a socket there. Throws an `Error` if that is not possible.
   */
  static async start(folder: string): Promise<Postgres> {
    await checkInstalled();
    const isRoot = await output("id", ["-u"]) === "0";
    const asServer = isRoot ? ["runuser", "-u", ROOT_STAND_IN, "--"] : [];
    if (isRoot) await output("chown", [ROOT_STAND_IN, folder]);
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

  /** Writes the files that are loaded. Not part of what is measured. */
  async prepare({ name, files }: DataSet, way: LoadWay): Promise<void> {
    for (const { agency, path } of files) {
      const words = [
        "-v",
        `agency=${agency}`,
        `{ sub(/\\r$/, "") }
        ${INPUT_PROGRAMS[way]}`,
        path,
      ];
      const input = this.#inputOf(name, way, agency);
      const script = 'file=$1; shift; exec awk "$@" > "$file"';
      await output("sh", ["-c", script, "sh", input, ...words]);
    }
  }

  /**
   * Loads every prepared file at once, a session for each, into the empty table.
   * Throws an `Error` if not every bet is there afterwards.
   */
  async load(data: DataSet, way: LoadWay): Promise<Figures> {
    await this.#sql("TRUNCATE bets");
    // So that this run does not pay for what earlier ones left to be written.
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
      ...["--username=postgres", "--auth=trust"],
      ...["--encoding=UTF8", "--locale=C"],
    ]);
    await this.#server("pg_ctl", [
      ...["start", "--wait", `--log=${join(this.#folder, "log")}`],
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
    await output(command, words);
  }

  async #checkCounts({ files }: DataSet): Promise<void> {
    const found = await this.#sql(
      "SELECT agency, count(*) FROM bets GROUP BY agency ORDER BY agency",
    );
    const expected = files.map(({ agency, bets }) => `${agency}|${bets}`);
    if (found === expected.join("\n")) return;
    throw new Error(`Cannot use run: PostgreSQL has\n${found}`);
  }

  #sql(statement: string): Promise<string> {
    return this.#psql(["-c", statement]);
  }

  #psql(args: readonly string[]): Promise<string> {
    const options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"];
    const place = ["-h", this.#folder, "-U", "postgres", "-d", "postgres"];
    return output(join(BINARIES, "psql"), [...options, ...place, ...args]);
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
