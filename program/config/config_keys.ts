// The only table of the configuration: each key's readers, type, default and
// meaning. `config_names.ts` derives variables and flags from the keys.

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

export type Program = "client" | "server";

export interface Key<T> {
  /** The programs that read it. */
  readonly programs: readonly Program[];
  readonly type: Setting<T>;
  /** As text; "" for an agency's id, which has no default. */
  readonly fallback: string;
  readonly help: string;
}

/**
 * The values; durations are in milliseconds. Spelled out, because JSR takes no
 * types that are inferred (no-slow-types); the compiler checks it against KEYS.
 */
export interface Config {
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
  readonly "agency.id": number | undefined;
  readonly "agency.file": string;
  readonly "agency.tokenFile": string;
  readonly "agency.separator": string;
  readonly "agency.rejectedFile": string;
  readonly "agency.sentFolder": string;
  readonly "batch.maxAmount": number;
  readonly "batch.window": number;
  readonly "batch.retryRefused": boolean;
  readonly "retry.maxAttempts": number;
  readonly "retry.baseDelay": number;
  readonly "retry.replyTimeout": number;
  readonly "loop.amount": number;
  readonly "loop.period": number;
  readonly "log.level": LevelName;
}

/** A key of `config.yaml`, such as `server.port`. */
export type ConfigKey = keyof Config;

const forClient = keyFor("client");
const forServer = keyFor("server");
const forBoth = keyFor("client", "server");

export const KEYS: { readonly [K in ConfigKey]: Key<Config[K]> } = {
  "server.address": forClient(
    ADDRESSES,
    "localhost:12345",
    "address of the central, or of several, for the agency",
  ),
  "server.host": forServer(
    TEXT,
    "0.0.0.0",
    "address that the central listens on; :: for IPv6 too",
  ),
  "server.port": forServer(
    wholeNumber(0, 65535),
    "12345",
    "port of the central; 0 for any free port",
  ),
  "server.listenBacklog": forServer(
    wholeNumber(1, 65535),
    "4096",
    "connections that may wait to be accepted",
  ),
  "server.maxConnections": forServer(
    wholeNumber(1, 1_000_000),
    "4096",
    "connections served at once; one more gets BUSY",
  ),
  "server.idleTimeout": forServer(
    DURATION,
    "60s",
    "longest time without a whole frame on a connection",
  ),
  "server.credentials": forServer(
    OPTIONAL_TEXT,
    "",
    "the agencies' token hashes; without it anyone may send",
  ),
  "server.authTimeout": forServer(
    DURATION,
    "5s",
    "longest time for a TLS handshake and a token",
  ),
  "tls.certificate": forServer(
    OPTIONAL_TEXT,
    "",
    "PEM file of the central's certificate; with it the central speaks TLS",
  ),
  "tls.key": forServer(OPTIONAL_TEXT, "", "PEM file of its private key"),
  "tls.ca": forClient(
    OPTIONAL_TEXT,
    "",
    "PEM file of trusted authorities, or system; with it the agency speaks TLS",
  ),
  "status.port": forServer(
    wholeNumber(0, 65535),
    "0",
    "HTTP port of the status page, metrics and health checks; 0 for none",
  ),
  "status.host": forServer(TEXT, "127.0.0.1", "address that it listens on"),
  "store.file": forServer(
    TEXT,
    ".data/bets.csv",
    "the store; bets.csv.finished is kept beside it",
  ),
  "store.url": forServer(
    OPTIONAL_TEXT,
    "",
    "PostgreSQL database in place of the file, for server:postgres",
  ),
  "store.fsync": forServer(BOOLEAN, "true", "whether OK waits for the disk"),
  "draw.agencies": forServer(
    wholeNumber(0, 1_000_000),
    "0",
    "number of agencies in the draw, with ids 1 to N; 0 for no draw",
  ),
  "draw.await": forClient(
    BOOLEAN,
    "false",
    "whether the agency waits for the draw and its winners",
  ),
  "agency.id": forClient(
    wholeNumber(1, 4294967295),
    "",
    "number of the agency, from 1; the client needs it",
  ),
  "agency.file": forClient(
    TEXT,
    ".data/agency-{id}.csv",
    "the agency's bets, with its id for {id}; - for standard input",
  ),
  "agency.tokenFile": forClient(
    OPTIONAL_TEXT,
    "",
    "file with the agency's token, unless CLI_TOKEN has it",
  ),
  "agency.separator": forClient(
    SEPARATOR,
    ",",
    "separator of the file's fields: , or ; or a tab (\\t)",
  ),
  "agency.rejectedFile": forClient(
    TEXT,
    "{file}.rejected.csv",
    "where refused rows go, with agency.file for {file}",
  ),
  "agency.sentFolder": forClient(
    OPTIONAL_TEXT,
    ".data/sent",
    "where the agency remembers what it sent; without it a corrected file is new",
  ),
  "batch.maxAmount": forClient(
    wholeNumber(1, 65535),
    "150",
    "largest number of bets in a batch, within a frame of 8192 bytes",
  ),
  "batch.window": forClient(
    wholeNumber(1, 1024),
    "1",
    "batches sent before the first reply is needed",
  ),
  "batch.retryRefused": forClient(
    BOOLEAN,
    "true",
    "whether a refused batch is sent again without its invalid bets",
  ),
  "retry.maxAttempts": forClient(
    wholeNumber(1, 1_000_000),
    "20",
    "failed attempts in a row before the agency gives up",
  ),
  "retry.baseDelay": forClient(
    DURATION,
    "100ms",
    "wait before the second attempt; doubles each time, up to 10s",
  ),
  "retry.replyTimeout": forClient(DURATION, "60s", "longest wait for a reply"),
  "loop.amount": forClient(
    wholeNumber(0, 1_000_000_000),
    "5",
    "messages sent by the client of the echo example",
  ),
  "loop.period": forClient(
    DURATION,
    "5s",
    "wait between two of these messages",
  ),
  "log.level": forBoth(LEVEL, "INFO", "DEBUG, INFO, WARN, ERROR or CRITICAL"),
};

export const CONFIG_KEYS: readonly ConfigKey[] = Object.keys(KEYS)
  .filter(isConfigKey);

export function isConfigKey(name: string): name is ConfigKey {
  return Object.hasOwn(KEYS, name);
}

function keyFor(...programs: Program[]) {
  return <T>(type: Setting<T>, fallback: string, help: string): Key<T> => ({
    programs,
    type,
    fallback,
    help,
  });
}
