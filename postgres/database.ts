/**
 * The connections to the database.
 *
 * @module
 */

import postgres, { type ParameterOrJSON, type Row, type Sql } from "postgres";
import { messageOf, ProgramError } from "../program/errors.ts";

/** Commits that run at once, each on its own connection. */
export const MAX_COMMITS = 3;
/** One more connection for everything else. */
const CONNECTIONS = MAX_COMMITS + 1;
/** Longest time to connect, to each host. */
const CONNECT_TIMEOUT_S = 3;
/**
 * Longest time for a statement, unless the URL has another one. Shorter than an
 * agency waits for a reply (`retry.replyTimeout`), so that it gets one.
 */
const STATEMENT_TIMEOUT_MS = 8_000;
/** PostgreSQL's code for a statement that it has ended after that. */
const QUERY_CANCELED = "57014";
/** Time that the connections get to close. */
const CLOSE_TIMEOUT_S = 2;
/** The driver compares the certificate's name with a host name only. */
const UNCHECKED_HOST_REGEXP =
  /@(?:[^/]*,)?(?:[\d.]+|\[[^\]]*\])(?::\d+)?(?:,[^/]*)?\/.*[?&]sslmode=verify-full/;
/** User, password, hosts with ports, name, and parameters. */
const URL_REGEXP =
  /^postgres(?:ql)?:\/\/[^:@/]+(?::[^@/]*)?@[^@/]+\/[^/?]+(?:\?.*)?$/;

/** The database has not answered in time; what became of the statement is open. */
export class DatabaseTimeoutError extends Error {
  /**
   * Creates the error.
   *
   * @param timeoutMs The time that the statement had.
   */
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs / 1000} s`);
  }
}

/**
 * A database that responds within seconds, or is connected to again. A machine
 * that dies says nothing, and its connections stay open for a quarter of an hour.
 */
export class Database {
  readonly #url: string;
  readonly #timeoutMs: number;
  #sql: Sql;
  readonly #givenUp = new WeakSet<Sql>();
  #closed: Promise<unknown> = Promise.resolve();

  /**
   * Creates the connections; they connect with the first statement.
   *
   * @param url The database's address, as for {@linkcode connect}.
   * @throws {ProgramError} If that is no address of a database.
   */
  constructor(url: string) {
    this.#url = url;
    this.#timeoutMs = statementTimeoutOf(url);
    this.#sql = this.#connect();
  }

  /**
   * Runs a statement.
   *
   * @param statement The statement, with `$1` and so on.
   * @param parameters What stands for these.
   * @returns The rows.
   * @throws {DatabaseTimeoutError} If this or another statement is not answered in time.
   */
  async query(
    statement: string,
    parameters: ParameterOrJSON<never>[] = [],
  ): Promise<Row[]> {
    const sql = this.#sql;
    // Each new connection begins with the first host; it must have the time to
    // fail there before it is given up.
    const timer = setTimeout(
      () => this.#giveUp(sql),
      1000 * CONNECT_TIMEOUT_S + this.#timeoutMs,
    );
    try {
      return await sql.unsafe(statement, parameters, { prepare: true });
    } catch (error) {
      const isLate = this.#givenUp.has(sql) ||
        (error as { code?: string }).code === QUERY_CANCELED;
      throw isLate ? new DatabaseTimeoutError(this.#timeoutMs) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the connections, after a while even those with a statement. */
  async close(): Promise<void> {
    await Promise.all([
      this.#closed,
      this.#sql.end({ timeout: CLOSE_TIMEOUT_S }),
    ]);
  }

  #connect(): Sql {
    return connect(this.#url, { statement_timeout: this.#timeoutMs });
  }

  /** Cuts connections off. What runs on them fails. */
  #giveUp(sql: Sql): void {
    if (this.#givenUp.has(sql)) return;
    this.#givenUp.add(sql);
    this.#sql = this.#connect();
    this.#closed = Promise.all([this.#closed, sql.end({ timeout: 0 })]);
  }
}

function statementTimeoutOf(url: string): number {
  const text = new URLSearchParams(url.split("?")[1]).get("statement_timeout");
  if (text === null) return STATEMENT_TIMEOUT_MS;
  if (/^[1-9]\d{2,5}$/.test(text)) return Number(text);
  throw new ProgramError(
    `Cannot use store.url: statement_timeout must be 100 to 999999 milliseconds, not "${text}"`,
  );
}

/**
 * Opens the connections.
 *
 * @param url `postgres://user:password@host1:5432,host2:5432/name`. Of several
 * hosts the one that takes writes is used.
 * @param parameters Settings of PostgreSQL for these connections.
 * @returns The database; it connects with the first statement.
 * @throws {ProgramError} If that is no address of a database.
 */
export function connect(
  url: string,
  parameters: Record<string, number> = {},
): Sql {
  if (!URL_REGEXP.test(url)) {
    throw new ProgramError(
      "Cannot use store.url: expected an address such as postgres://user:password@host:5432/name",
    );
  }
  if (UNCHECKED_HOST_REGEXP.test(url)) {
    throw new ProgramError(
      "Cannot use store.url: sslmode=verify-full needs host names, not IP addresses, which would not be checked",
    );
  }
  return postgres(url, {
    max: CONNECTIONS,
    connect_timeout: CONNECT_TIMEOUT_S,
    target_session_attrs: "read-write",
    // Arrays are sent as the text that PostgreSQL reads.
    fetch_types: false,
    connection: { application_name: "loteria", ...parameters },
    onnotice: () => {},
  });
}

/**
 * Describes a database without its password.
 *
 * @param url Its address.
 * @returns Hosts and name.
 */
export function describeDatabase(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//").replace(/\?.*$/, "");
}

/**
 * Says in one line why the database could not do something.
 *
 * @param error What the driver has thrown.
 * @returns The reason, with PostgreSQL's code if there is one.
 */
export function explainDatabase(error: unknown): string {
  const reasons = error instanceof AggregateError
    ? error.errors.map(messageOf)
    : [messageOf(error)];
  const { code } = error as { code?: string };
  const text = reasons.join("; ").replace(/\s+/g, " ");
  return code === undefined || text.includes(code) ? text : `${text} (${code})`;
}
