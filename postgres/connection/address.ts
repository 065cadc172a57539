// The database's address: the parts of the URL, completed by the environment
// and libpq's files.

import { readVariable } from "../../program/config/config.ts";
import { addressError, parseDatabaseUrl } from "./database_url.ts";
import {
  checkParameters,
  checkVariables,
  type Parameters,
  parametersOfEnvironment,
} from "./parameters.ts";
import { findPassword, readPasswordFile, readService } from "./pg_files.ts";

/** A server: a name, an address, or the folder of its Unix socket. */
export interface Host {
  name: string;
  port: number;
}

export interface TlsSettings {
  mode: string;
  rootCertificate?: string | undefined;
  certificate?: string | undefined;
  key?: string | undefined;
  requiresBinding: boolean;
}

export interface Address {
  hosts: Host[];
  database: string;
  user: string;
  /** Password for a host, if there is one. */
  passwordFor(host: Host): string | undefined;
  tls: TlsSettings;
  applicationName: string;
  /** Command-line options for the server, such as `-c search_path=lottery`. */
  options: string | undefined;
  connectTimeoutMs: number;
  statementTimeoutMs: number;
  /** Start with a random host, for engines with several writers. */
  isRandom: boolean;
  keepAlive: boolean;
  keepAliveDelayMs: number;
}

const DEFAULT_PORT = 5432;
/** Longest time to connect, to each host. */
const CONNECT_TIMEOUT_S = 3;
/**
 * Shorter than an agency's wait for a reply (`retry.replyTimeout`), so that it
 * gets one.
 */
const STATEMENT_TIMEOUT_MS = 8_000;

/** Returns the value of an environment variable. */
export type Environment = (name: string) => string | undefined;

/** Throws a `ProgramError` for an unusable address. */
export function readAddress(
  url: string,
  variables: Environment = (name) => Deno.env.get(name),
): Address {
  const env = (name: string) => readVariable(name, variables);
  checkVariables(env);
  const parts = withoutJdbcName(parseDatabaseUrl(url));
  const environment = parametersOfEnvironment(env);
  const service = parts.get("service") ?? environment.get("service");
  const given = checkParameters(
    new Map([
      ...environment,
      ...(service === undefined ? [] : readService(serviceFile(env), service)),
      ...parts,
    ]),
  );
  const user = given.user ?? env("USER");
  if (!user) throw addressError("it names no user, and PGUSER is not set");
  const database = given.dbname ?? user;
  const passwordFile = given.passfile ?? defaultPasswordFile(env);
  return {
    hosts: hostsOf(given),
    user,
    database,
    passwordFor: ({ name, port }) =>
      given.password ?? (passwordFile === undefined ? undefined : findPassword(
        readPasswordFile(passwordFile),
        { host: name, port, database, user },
      )),
    tls: tlsOf(given),
    applicationName: given.application_name ??
      given.fallback_application_name ?? "loteria",
    options: given.options,
    connectTimeoutMs: 1000 * Number(given.connect_timeout ?? CONNECT_TIMEOUT_S),
    statementTimeoutMs: Number(given.statement_timeout ?? STATEMENT_TIMEOUT_MS),
    isRandom: given.load_balance_hosts === "random",
    keepAlive: given.keepalives !== "0",
    keepAliveDelayMs: 1000 * Number(given.keepalives_idle ?? 0),
  };
}

/** Describes the address without the password. */
export function describeAddress({ hosts, database }: Address): string {
  return `${hosts.map(describeHost).join()}/${database}`;
}

/** Describes a host as a URL does. */
export function describeHost({ name, port }: Host): string {
  return `${name.includes(":") ? `[${name}]` : name}:${port}`;
}

/** libpq reads `ssl=true`, from JDBC URLs, as `sslmode=require`. */
function withoutJdbcName(parts: Map<string, string>): Map<string, string> {
  if (parts.get("ssl") !== "true") return parts;
  parts.delete("ssl");
  return parts.set("sslmode", parts.get("sslmode") ?? "require");
}

function hostsOf({ host, port }: Parameters): Host[] {
  if (host === undefined) {
    throw addressError("it names no host, and PGHOST is not set");
  }
  const names = host.split(",");
  const ports = (port ?? "").split(",");
  if (ports.length !== 1 && ports.length !== names.length) {
    throw addressError(
      `it has ${names.length} hosts and ${ports.length} ports`,
    );
  }
  return names.map((name, i) => {
    const text = ports[ports.length === 1 ? 0 : i]!;
    const number = text === "" ? DEFAULT_PORT : Number(text);
    if (number < 1 || number > 65_535) {
      throw addressError("a port must be 1 to 65535");
    }
    return { name: name === "" ? "localhost" : name, port: number };
  });
}

function tlsOf(given: Parameters): TlsSettings {
  const isSystem = given.sslrootcert === "system";
  const mode = given.sslmode ?? (isSystem ? "verify-full" : "prefer");
  if (isSystem && mode !== "verify-full") {
    throw addressError("sslrootcert=system needs sslmode=verify-full");
  }
  if ((given.sslcert === undefined) !== (given.sslkey === undefined)) {
    throw addressError("sslcert and sslkey must be given together");
  }
  const requiresBinding = given.channel_binding === "require";
  if (requiresBinding && mode === "disable") {
    throw addressError(
      "channel_binding=require needs TLS, not sslmode=disable",
    );
  }
  return {
    mode,
    rootCertificate: isSystem ? undefined : given.sslrootcert,
    certificate: given.sslcert,
    key: given.sslkey,
    requiresBinding,
  };
}

function defaultPasswordFile(env: Environment): string | undefined {
  const home = env("HOME");
  return home ? `${home}/.pgpass` : undefined;
}

function serviceFile(env: Environment): string {
  const file = env("PGSERVICEFILE");
  if (file) return file;
  const home = env("HOME");
  if (home) return `${home}/.pg_service.conf`;
  throw addressError("there is a service, but PGSERVICEFILE is not set");
}
