/**
 * Defines every key of `config.yaml`: type, variables, default and meaning.
 *
 * @module
 */

import type { LevelName } from "@std/log";
import {
  type Address,
  ADDRESSES,
  BOOLEAN,
  DURATION,
  LEVEL,
  OPTIONAL_TEXT,
  SEPARATOR,
  type Setting,
  TEXT,
  wholeNumber,
} from "./setting.ts";

/** The definition of a key. */
export interface Key<T> {
  /** Type of its value. */
  readonly type: Setting<T>;
  /** Its environment variable in each program that reads it. */
  readonly variables: Partial<Record<Program, string>>;
  /** Default value. */
  readonly fallback: T;
  /** Meaning, for people. */
  readonly help: string;
}

/** The two programs that read the configuration. */
export type Program = "client" | "server";

/**
 * The value of every key. `help` below explains them; durations are in
 * milliseconds.
 */
export type Config = {
  readonly "server.address": readonly Address[];
  readonly "server.host": string;
  readonly "server.port": number;
  readonly "server.listenBacklog": number;
  readonly "server.maxConnections": number;
  readonly "server.idleTimeout": number;
  readonly "server.credentials": string;
  readonly "server.authTimeout": number;
  readonly "tls.certificate": string;
  readonly "tls.key": string;
  readonly "tls.ca": string;
  readonly "status.port": number;
  readonly "status.host": string;
  readonly "store.file": string;
  readonly "store.url": string;
  readonly "store.fsync": boolean;
  readonly "draw.agencies": number;
  readonly "draw.await": boolean;
  readonly "agency.file": string;
  readonly "agency.tokenFile": string;
  readonly "agency.separator": string;
  readonly "agency.rejectedFile": string;
  readonly "batch.maxAmount": number;
  readonly "batch.window": number;
  readonly "batch.retryRefused": boolean;
  readonly "retry.maxAttempts": number;
  readonly "retry.baseDelay": number;
  readonly "retry.replyTimeout": number;
  readonly "loop.amount": number;
  readonly "loop.period": number;
  readonly "log.level": LevelName;
};

/** A key of `config.yaml`, such as `server.port`. */
export type ConfigKey = keyof Config;

/** Every key of `config.yaml`. */
const KEYS: { readonly [K in ConfigKey]: Key<Config[K]> } = {
  "server.address": key(
    ADDRESSES,
    { client: "CLI_SERVER_ADDRESS" },
    [{ hostname: "localhost", port: 12345 }],
    "address of the central, or of several, for the agency",
  ),
  "server.host": key(
    TEXT,
    { server: "SERVER_HOST" },
    "0.0.0.0",
    "address that the central listens on; :: for IPv6 too",
  ),
  "server.port": key(
    wholeNumber(0, 65535),
    { server: "SERVER_PORT" },
    12345,
    "port of the central; 0 for any free port",
  ),
  "server.listenBacklog": key(
    wholeNumber(1, 65535),
    { server: "SERVER_LISTEN_BACKLOG" },
    4096,
    "connections that may wait to be accepted",
  ),
  "server.maxConnections": key(
    wholeNumber(1, 1_000_000),
    { server: "SERVER_MAX_CONNECTIONS" },
    4096,
    "connections served at once; one more gets BUSY",
  ),
  "server.idleTimeout": key(
    DURATION,
    { server: "SERVER_IDLE_TIMEOUT" },
    60_000,
    "longest time without a whole frame on a connection",
  ),
  "server.credentials": key(
    OPTIONAL_TEXT,
    { server: "SERVER_CREDENTIALS" },
    "",
    "the agencies' token hashes; without it anyone may send",
  ),
  "server.authTimeout": key(
    DURATION,
    { server: "SERVER_AUTH_TIMEOUT" },
    5_000,
    "longest time for a TLS handshake and a token",
  ),
  "tls.certificate": key(
    OPTIONAL_TEXT,
    { server: "SERVER_TLS_CERTIFICATE" },
    "",
    "PEM file of the central's certificate; with it the central speaks TLS",
  ),
  "tls.key": key(
    OPTIONAL_TEXT,
    { server: "SERVER_TLS_KEY" },
    "",
    "PEM file of its private key",
  ),
  "tls.ca": key(
    OPTIONAL_TEXT,
    { client: "CLI_TLS_CA" },
    "",
    "PEM file of trusted authorities, or system; with it the agency speaks TLS",
  ),
  "status.port": key(
    wholeNumber(0, 65535),
    { server: "SERVER_STATUS_PORT" },
    0,
    "HTTP port of the status page, metrics and health checks; 0 for none",
  ),
  "status.host": key(
    TEXT,
    { server: "SERVER_STATUS_HOST" },
    "127.0.0.1",
    "address that it listens on",
  ),
  "store.file": key(
    TEXT,
    { server: "SERVER_STORE_FILE" },
    ".data/bets.csv",
    "the store; finished.csv is kept beside it",
  ),
  "store.url": key(
    OPTIONAL_TEXT,
    { server: "SERVER_STORE_URL" },
    "",
    "PostgreSQL database in place of the file, for server:postgres",
  ),
  "store.fsync": key(
    BOOLEAN,
    { server: "SERVER_STORE_FSYNC" },
    true,
    "whether OK waits for the disk",
  ),
  "draw.agencies": key(
    wholeNumber(0, 1_000_000),
    { server: "SERVER_DRAW_AGENCIES" },
    0,
    "number of agencies in the draw, with ids 1 to N; 0 for no draw",
  ),
  "draw.await": key(
    BOOLEAN,
    { client: "CLI_DRAW_AWAIT" },
    false,
    "whether the agency waits for the draw and its winners",
  ),
  "agency.file": key(
    TEXT,
    { client: "CLI_AGENCY_FILE" },
    ".data/agency-{id}.csv",
    "the agency's bets, with its id for {id}; - for standard input",
  ),
  "agency.tokenFile": key(
    OPTIONAL_TEXT,
    { client: "CLI_AGENCY_TOKENFILE" },
    "",
    "file with the agency's token, unless CLI_TOKEN has it",
  ),
  "agency.separator": key(
    SEPARATOR,
    { client: "CLI_AGENCY_SEPARATOR" },
    ",",
    "separator of the file's fields: , or ; or a tab (\\t)",
  ),
  "agency.rejectedFile": key(
    TEXT,
    { client: "CLI_AGENCY_REJECTEDFILE" },
    "{file}.rejected.csv",
    "where refused rows go, with agency.file for {file}",
  ),
  "batch.maxAmount": key(
    wholeNumber(1, 65535),
    { client: "CLI_BATCH_MAXAMOUNT" },
    150,
    "largest number of bets in a batch, within a frame of 8192 bytes",
  ),
  "batch.window": key(
    wholeNumber(1, 1024),
    { client: "CLI_BATCH_WINDOW" },
    1,
    "batches sent before the first reply is needed",
  ),
  "batch.retryRefused": key(
    BOOLEAN,
    { client: "CLI_BATCH_RETRYREFUSED" },
    true,
    "whether a refused batch is sent again without its invalid bets",
  ),
  "retry.maxAttempts": key(
    wholeNumber(1, 1_000_000),
    { client: "CLI_RETRY_MAXATTEMPTS" },
    10,
    "failed attempts in a row before the agency gives up",
  ),
  "retry.baseDelay": key(
    DURATION,
    { client: "CLI_RETRY_BASEDELAY" },
    100,
    "wait before the second attempt; doubles each time, up to 10s",
  ),
  "retry.replyTimeout": key(
    DURATION,
    { client: "CLI_RETRY_REPLYTIMEOUT" },
    60_000,
    "longest wait for a reply",
  ),
  "loop.amount": key(
    wholeNumber(0, 1_000_000_000),
    { client: "CLI_LOOP_AMOUNT" },
    5,
    "messages sent by the client of the echo example",
  ),
  "loop.period": key(
    DURATION,
    { client: "CLI_LOOP_PERIOD" },
    5_000,
    "wait between two of these messages",
  ),
  "log.level": key(
    LEVEL,
    { client: "CLI_LOG_LEVEL", server: "LOGGING_LEVEL" },
    "INFO",
    "DEBUG, INFO, WARN, ERROR or CRITICAL",
  ),
};

/**
 * Lists the keys.
 *
 * @returns Name and definition of each key, in order.
 */
export function configKeys(): [ConfigKey, Key<unknown>][] {
  return Object.entries(KEYS) as [ConfigKey, Key<unknown>][];
}

/**
 * Returns the definition of a key.
 *
 * @param name The key.
 * @returns Its definition.
 */
export function keyOf(name: ConfigKey): Key<unknown> {
  return KEYS[name] as Key<unknown>;
}

/**
 * True if a key exists.
 *
 * @param name The name to look up.
 * @returns Whether it is a key.
 */
export function isConfigKey(name: string): name is ConfigKey {
  return Object.hasOwn(KEYS, name);
}

function key<T>(
  type: Setting<T>,
  variables: Key<T>["variables"],
  fallback: T,
  help: string,
): Key<T> {
  return { type, variables, fallback, help };
}
