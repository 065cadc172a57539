// The libpq parameters that the central supports, each with the environment
// variable that sets it if the URL does not. All others are rejected.

import { addressError } from "./database_url.ts";

interface Parameter {
  env?: string;
  /** Allowed values, as a check and for the error message. */
  values?: RegExp;
  expected?: string;
}

/** `host` to `service` are free text; the others are checked. */
const PARAMETERS = {
  host: { env: "PGHOST" },
  port: { env: "PGPORT", values: /^[\d,]*$/, expected: "numbers" },
  dbname: { env: "PGDATABASE" },
  user: { env: "PGUSER" },
  password: { env: "PGPASSWORD" },
  passfile: { env: "PGPASSFILE" },
  application_name: { env: "PGAPPNAME" },
  fallback_application_name: {},
  options: { env: "PGOPTIONS" },
  sslrootcert: { env: "PGSSLROOTCERT" },
  sslcert: { env: "PGSSLCERT" },
  sslkey: { env: "PGSSLKEY" },
  service: { env: "PGSERVICE" },
  sslmode: {
    env: "PGSSLMODE",
    values: /^(?:disable|allow|prefer|require|verify-ca|verify-full)$/,
    expected: "disable, allow, prefer, require, verify-ca or verify-full",
  },
  channel_binding: {
    env: "PGCHANNELBINDING",
    values: /^(?:disable|prefer|require)$/,
    expected: "disable, prefer or require",
  },
  gssencmode: {
    env: "PGGSSENCMODE",
    values: /^(?:disable|prefer)$/,
    expected: "disable or prefer; the central cannot use GSSAPI",
  },
  target_session_attrs: {
    env: "PGTARGETSESSIONATTRS",
    values: /^(?:any|read-write|primary)$/,
    expected: "any, read-write or primary; the central has to write",
  },
  load_balance_hosts: {
    env: "PGLOADBALANCEHOSTS",
    values: /^(?:disable|random)$/,
    expected: "disable or random",
  },
  client_encoding: {
    env: "PGCLIENTENCODING",
    values: /^(?:auto|utf-?8|unicode)$/i,
    expected: "UTF8",
  },
  connect_timeout: {
    env: "PGCONNECT_TIMEOUT",
    values: /^[1-9]\d?$/,
    expected: "1 to 99 seconds",
  },
  keepalives: { values: /^[01]$/, expected: "0 or 1" },
  keepalives_idle: { values: /^\d{1,6}$/, expected: "seconds" },
  keepalives_interval: { values: /^\d{1,6}$/, expected: "seconds" },
  keepalives_count: { values: /^\d{1,6}$/, expected: "a number" },
  tcp_user_timeout: { values: /^\d{1,9}$/, expected: "milliseconds" },
  statement_timeout: {
    values: /^[1-9]\d{2,5}$/,
    expected: "100 to 999999 milliseconds",
  },
} satisfies Record<string, Parameter>;

export type ParameterName = keyof typeof PARAMETERS;
export type Parameters = Partial<Record<ParameterName, string>>;

/** libpq variables whose effect the central does not support. */
const UNSUPPORTED_VARIABLES = [
  ...["PGHOSTADDR", "PGREQUIREAUTH", "PGREQUIREPEER", "PGREQUIRESSL"],
  ...["PGSSLCRL", "PGSSLCRLDIR", "PGSSLCERTMODE", "PGSSLNEGOTIATION"],
  ...["PGSSLSNI", "PGSSLMINPROTOCOLVERSION", "PGSSLMAXPROTOCOLVERSION"],
  ...["PGGSSDELEGATION", "PGGSSLIB", "PGKRBSRVNAME"],
];

/** Throws for environment variables that cannot be honoured. */
export function checkVariables(env: (name: string) => string | undefined) {
  for (const name of UNSUPPORTED_VARIABLES) {
    if (!env(name)) continue;
    throw addressError(`the variable ${name} is not supported; unset it`);
  }
}

/** Returns the values set in the environment. */
export function parametersOfEnvironment(
  env: (name: string) => string | undefined,
): Map<string, string> {
  const given = new Map<string, string>();
  for (const [name, parameter] of Object.entries(PARAMETERS)) {
    const variable = (parameter as Parameter).env;
    const value = variable === undefined ? undefined : env(variable);
    if (value) given.set(name, value);
  }
  return given;
}

/** Checks names and values; errors name the origin. */
export function checkParameters(
  given: ReadonlyMap<string, string>,
): Parameters {
  for (const [name, value] of given) {
    if (!Object.hasOwn(PARAMETERS, name)) {
      throw addressError(`the parameter "${name}" is not supported`);
    }
    const parameter: Parameter = PARAMETERS[name as ParameterName];
    if (parameter.values && !parameter.values.test(value)) {
      throw addressError(
        `${name} must be ${parameter.expected}, not ${JSON.stringify(value)}`,
      );
    }
  }
  return Object.fromEntries(given);
}
