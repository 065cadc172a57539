// The files that libpq reads: passwords (PGPASSFILE) and services.

import { messageOf } from "../../program/errors.ts";
import { addressError } from "./database_url.ts";

/** What a line of a password file must match. */
export interface PasswordKey {
  host: string;
  port: number;
  database: string;
  user: string;
}

const FIELD = String.raw`((?:\\.|[^:\\])*)`;
const PASSWORD_LINE_REGEXP = new RegExp(
  `^(?!#)${Array(5).fill(FIELD).join(":")}(?::|$)`,
);
/** Group and others; like libpq, we refuse a file that they may read. */
const OTHERS_MODE = 0o077;

/**
 * Returns the password of the first line of `host:port:database:user:password`
 * that matches; `*` matches anything, and `\` escapes a colon or itself.
 */
export function findPassword(
  text: string,
  { host, port, database, user }: PasswordKey,
): string | undefined {
  // libpq writes localhost for a connection through a Unix socket.
  const name = host.startsWith("/") ? "localhost" : host;
  const wanted = [name, port, database, user];
  for (const line of text.split(/\r?\n/)) {
    const [, ...fields] = PASSWORD_LINE_REGEXP.exec(line) ?? [];
    const password = fields.pop();
    const matches = fields.map(unescape).every((field, i) =>
      field === "*" || field === String(wanted[i])
    );
    if (password !== undefined && matches) return unescape(password);
  }
  return undefined;
}

/** A missing file has no passwords. */
export function readPasswordFile(path: string): string {
  try {
    const { mode } = Deno.statSync(path);
    if (((mode ?? 0) & OTHERS_MODE) !== 0) {
      throw addressError(
        `others may read the password file "${path}"; expected mode 0600`,
      );
    }
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** Returns the parameters in a section of a service file. */
export function readService(path: string, name: string): Map<string, string> {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (cause) {
    throw addressError(`the service file "${path}": ${messageOf(cause)}`);
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const start = lines.indexOf(`[${name}]`);
  if (start < 0) throw addressError(`"${path}" has no service "${name}"`);
  const parameters = new Map<string, string>();
  for (const line of lines.slice(start + 1)) {
    if (line.startsWith("[")) break;
    const equals = line.indexOf("=");
    if (line.startsWith("#") || equals < 0) continue;
    parameters.set(line.slice(0, equals), line.slice(equals + 1));
  }
  return parameters;
}

function unescape(field: string): string {
  return field.replace(/\\(.)/g, "$1");
}
