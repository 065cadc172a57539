// Database errors, and how to react to each class.

import { messageOf } from "../../program/errors.ts";

/**
 * What helps after a statement failed:
 * - `repeat`: the same statement at once; all of it was undone
 * - `split`: each batch alone, so that one bad bet does not fail the others
 * - `wait`: nothing but time; the connection is good
 * - `reconnect`: a new connection, perhaps to another host
 */
export type Remedy = "repeat" | "split" | "wait" | "reconnect";

/**
 * PostgreSQL's classes of errors (appendix A of its documentation). The first
 * prefix that fits counts; any other error makes the central connect anew, which
 * is always safe.
 */
export const ERROR_CLASSES: readonly (readonly [string, Remedy])[] = [
  ["40001", "repeat"], // serialization failure
  ["40P01", "repeat"], // deadlock
  ["26000", "repeat"], // a pool has lost a prepared statement
  ["42P05", "repeat"], // a pool has another client's prepared statement
  ["22", "split"], // data, such as a date that the database refuses
  ["23", "split"], // a constraint besides the key
  ["57014", "wait"], // canceled by statement_timeout, or by a person
  ["55P03", "wait"], // lock_timeout
  ["53100", "wait"], // disk full
  ["08", "reconnect"], // connection, also from a coordinator to its nodes
  ["25006", "reconnect"], // the host is read-only now
  ["53", "reconnect"], // too many connections, out of memory
  ["57P", "reconnect"], // shutting down, crashed, starting
  ["XX", "reconnect"], // internal error
];

const SQLSTATE_REGEXP = /^[0-9A-Z]{5}$/;
/** PgBouncer's limits of clients, which it refuses with 08P01. */
const POOL_LIMIT_REGEXP = /\(max_(?:\w+_)?client_conn\w*\)$/;

/** The database did not answer in time; the statement's outcome is unknown. */
export class DatabaseTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs / 1000} s`);
  }
}

/** The central is stopping and no longer waits for the database. */
export class DatabaseClosedError extends Error {
  constructor() {
    super("the central is stopping");
  }
}

/** The database is not in the state in which the central left it. */
export class UnfitDatabaseError extends Error {}

/** PostgreSQL's code of an error, if the database sent one. */
export function sqlState(error: unknown): string | undefined {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  const isState = typeof code === "string" && SQLSTATE_REGEXP.test(code);
  return isState && severity !== undefined ? code : undefined;
}

export function remedyOf(error: unknown): Remedy {
  const state = sqlState(error);
  const entry = state === undefined
    ? undefined
    : ERROR_CLASSES.find(([prefix]) => state.startsWith(prefix));
  return entry?.[1] ?? "reconnect";
}

/** True if a statement was not prepared on its connection. */
export function isUnprepared(error: unknown): boolean {
  return ["26000", "42P05"].includes(sqlState(error) ?? "");
}

/** True if the server, database, role or pool has no connection left. */
export function isCrowded(error: unknown): boolean {
  const { cause = error } = error as { cause?: unknown };
  return sqlState(cause) === "53300" ||
    sqlState(cause) === "08P01" && POOL_LIMIT_REGEXP.test(messageOf(cause));
}

/** Explains in one line why a statement failed. */
export function explainDatabase(error: unknown): string {
  const reasons = error instanceof AggregateError && error.message === ""
    ? error.errors.map(messageOf)
    : [messageOf(error)];
  const { code } = error as { code?: string };
  const text = reasons.join("; ").replace(/\s+/g, " ");
  return code === undefined || text.includes(code) ? text : `${text} (${code})`;
}
