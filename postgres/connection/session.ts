// One connection to one host, for one statement at a time.

// The package's main file also loads a pool and looks for a native driver.
import PgClient from "pg/lib/client.js";
import { waitAtMost } from "../../program/timer.ts";
import type { Address, Host } from "./address.ts";
import { DatabaseTimeoutError, isCrowded } from "./errors.ts";
import type { TlsOptions } from "./tls.ts";

/** Fields are text unless the type is a small number or boolean. */
export type Row = Record<string, unknown>;

/** The result of a statement. */
export interface Result {
  rows: Row[];
  /** Number of rows read or changed. */
  rowCount: number | null;
}

/** The part of the driver that is used; the package has no types. */
interface Client {
  connection: {
    stream: { destroy(): void };
    prependListener(name: string, on: (message: never) => void): void;
  };
  connect(): Promise<unknown>;
  query(query: {
    text: string;
    values?: readonly unknown[] | undefined;
    name?: string | undefined;
  }): Promise<Result>;
  on(name: "error", on: (error: Error) => void): void;
  on(name: "end", on: () => void): void;
}

const BINDING_MECHANISM = "SCRAM-SHA-256-PLUS";
/** Longer than the server's own limit, which gives the better message. */
const GRACE_MS = 1_000;

/**
 * Set on each connection, whatever the defaults of a role or database. Not sent
 * as startup parameters, because PgBouncer would reject them. GMT is the one zone
 * that a server knows without the files of all zones, which small images lack.
 * Older servers do not have all settings of the list; `remote_apply` waits for
 * more than `on`.
 */
const SETTINGS = `SET DateStyle TO 'ISO, YMD'; SET IntervalStyle TO 'postgres';
  SET TimeZone TO 'GMT'; SET client_encoding TO 'UTF8';
  SET standard_conforming_strings TO on; SET lock_timeout TO 0;
  SET idle_in_transaction_session_timeout TO 0;
  SET default_transaction_isolation TO 'read committed';
  SELECT set_config(name, value, false) FROM (VALUES
    ('idle_session_timeout', '0'), ('transaction_timeout', '0'),
    ('quote_all_identifiers', 'off'), ('synchronous_commit', 'on')
  ) AS s (name, value) WHERE current_setting(name, true) <> 'remote_apply';
  SET statement_timeout TO `;

export class Session {
  readonly #client: Client;
  readonly #address: Address;
  readonly #ended = Promise.withResolvers<void>();
  readonly host: Host;
  /** Whether the connection has ended. */
  isBroken = false;

  constructor(address: Address, host: Host, ssl: TlsOptions) {
    this.host = host;
    this.#address = address;
    this.#client = new PgClient({
      host: host.name,
      port: host.port,
      database: address.database,
      user: address.user,
      password: () => passwordFor(address, host),
      ssl,
      application_name: address.applicationName,
      options: address.options,
      connectionTimeoutMillis: address.connectTimeoutMs,
      keepAlive: address.keepAlive,
      keepAliveInitialDelayMillis: address.keepAliveDelayMs,
      enableChannelBinding: address.tls.requiresBinding,
    }) as unknown as Client;
    // The next statement fails with the reason.
    this.#client.on("error", () => this.destroy());
    this.#client.on("end", this.#ended.resolve);
    if (address.tls.requiresBinding) requireBinding(this.#client);
  }

  /** Resolves when the connection has ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async connect(): Promise<void> {
    const { statementTimeoutMs, connectTimeoutMs } = this.#address;
    try {
      await this.#client.connect();
      await this.query(`${SETTINGS}${statementTimeoutMs}`, undefined, {
        timeoutMs: connectTimeoutMs,
      });
    } catch (error) {
      // The server counts a refused connection until it has closed it, so the
      // next attempt could be refused because of this one.
      if (isCrowded(error)) await waitAtMost(connectTimeoutMs, this.ended);
      this.destroy();
      throw error;
    }
  }

  /**
   * Runs a statement, with a time limit unless it is 0. With a name it is
   * prepared once on this connection.
   */
  async query(
    text: string,
    values: readonly unknown[] | undefined,
    { timeoutMs, name }: { timeoutMs: number; name?: string | undefined },
  ): Promise<Result> {
    let isLate = false;
    const timer = timeoutMs === 0 ? undefined : setTimeout(() => {
      isLate = true;
      this.destroy();
    }, timeoutMs + GRACE_MS);
    try {
      return await this.#client.query({ text, values, name });
    } catch (error) {
      throw isLate ? new DatabaseTimeoutError(timeoutMs + GRACE_MS) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Cuts off the connection. Its current statement fails. */
  destroy(): void {
    this.isBroken = true;
    this.#ended.resolve();
    this.#client.connection.stream.destroy();
  }
}

function passwordFor(address: Address, host: Host): string {
  const password = address.passwordFor(host);
  if (password !== undefined) return password;
  throw new Error(
    "the server asks for a password, and neither the address, PGPASSWORD nor a password file has one",
  );
}

/** Ends the connection if the server does not prove that it is the TLS peer. */
function requireBinding({ connection }: Client): void {
  let isBound = false;
  const check = (holds: boolean) => {
    if (!holds) {
      throw new Error("the server does not offer channel_binding");
    }
  };
  connection.prependListener(
    "authenticationSASL",
    ({ mechanisms }: { mechanisms: string[] }) => {
      isBound = mechanisms.includes(BINDING_MECHANISM);
      check(isBound);
    },
  );
  for (
    const name of [
      "authenticationCleartextPassword",
      "authenticationMD5Password",
      "authenticationOk",
    ]
  ) {
    connection.prependListener(name, () => check(isBound));
  }
}
