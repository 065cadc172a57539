// Parses a database URL like libpq (PostgreSQL's documentation, 34.1.1.2).
// Error messages never quote the URL: any part may be a password written
// without percent-encoding.

import { ProgramError } from "../../program/errors.ts";

const URL_REGEXP =
  /^postgres(?:ql)?:\/\/(?:([^@/?]*)@)?([^@/?]*)(?:\/([^@?]*))?(?:\?([^@]*))?$/;
const SCHEME_REGEXP = /^postgres(?:ql)?:\/\//;
/** A name, an address in brackets, or nothing; then a port. */
const HOST_REGEXP = /^(\[[0-9A-Fa-f:.%\w]+\]|[^:[\]]*)(?::(\d*))?$/;

/** The error for an unusable address. */
export function addressError(reason: string): ProgramError {
  return new ProgramError(`Cannot use store.url: ${reason}`);
}

/**
 * Returns a URL's parts under libpq's names: `user`, `password`, `host`, `port`
 * (comma-separated for several hosts), `dbname` and the parameters.
 */
export function parseDatabaseUrl(url: string): Map<string, string> {
  if (!SCHEME_REGEXP.test(url)) {
    throw addressError(
      "expected an address such as postgres://user:password@host:5432/name",
    );
  }
  const match = URL_REGEXP.exec(url);
  if (match === null) {
    throw addressError(
      'it has an "@" too many; in a user or password write "@" as %40, "/" as %2F, "?" as %3F, ":" as %3A, "%" as %25',
    );
  }
  const [, credentials = "", hosts = "", database = "", query = ""] = match;
  const parts = new Map<string, string>();
  const set = (name: string, text: string) => {
    if (text !== "") parts.set(name, decode(text, name));
  };
  const colon = credentials.indexOf(":");
  set("user", colon < 0 ? credentials : credentials.slice(0, colon));
  if (colon >= 0) set("password", credentials.slice(colon + 1));
  for (const [name, text] of hostParts(hosts)) set(name, text);
  set("dbname", database);
  for (const [name, value] of queryParts(query)) parts.set(name, value);
  return parts;
}

/** Splits `host1:port1,[::1]:port2` into lists of hosts and of ports. */
function hostParts(text: string): [string, string][] {
  if (text === "") return [];
  const pairs = text.split(",").map((part) => {
    const match = HOST_REGEXP.exec(part);
    if (match === null) {
      throw addressError(
        'expected hosts such as db1:5432,[::1]:5432; in a password write ":" as %3A, "/" as %2F, "@" as %40',
      );
    }
    return [match[1]!.replace(/^\[|\]$/g, ""), match[2] ?? ""] as const;
  });
  const ports = pairs.map(([, port]) => port);
  return [
    ["host", pairs.map(([host]) => host).join()],
    ["port", ports.some((port) => port !== "") ? ports.join() : ""],
  ];
}

function* queryParts(text: string): Generator<[string, string]> {
  for (const part of text.split("&").filter((part) => part !== "")) {
    const [name = "", ...values] = part.split("=");
    if (values.length !== 1) {
      throw addressError(
        `expected name=value after "?", joined by "&"; found a part without one "="`,
      );
    }
    yield [decode(name, "parameter"), decode(values[0]!, name)];
  }
}

function decode(text: string, name: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause;
    throw addressError(
      `the ${name} has a "%" without two hexadecimal digits of UTF-8; write "%" as %25`,
    );
  }
}
