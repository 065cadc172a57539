/**
 * The connections to the database.
 *
 * @module
 */

import postgres, { type Sql } from "postgres";
import { messageOf, ProgramError } from "../program/errors.ts";

/** Commits that run at once, each on a connection of its own. */
export const MAX_COMMITS = 3;
/** One more connection for everything else. */
const CONNECTIONS = MAX_COMMITS + 1;
const CONNECT_TIMEOUT_S = 5;
/** The driver compares the certificate's name with a host name only. */
const UNCHECKED_HOST_REGEXP =
  /@(?:[^/]*,)?(?:[\d.]+|\[[^\]]*\])(?::\d+)?(?:,[^/]*)?\/.*[?&]sslmode=verify-full/;
/** User, password, hosts with ports, name, and parameters. */
const URL_REGEXP =
  /^postgres(?:ql)?:\/\/[^:@/]+(?::[^@/]*)?@[^@/]+\/[^/?]+(?:\?.*)?$/;

/**
 * Opens the connections.
 *
 * @param url `postgres://user:password@host1:5432,host2:5432/name`. Of several
 * hosts the one that takes writes is used.
 * @returns The database; it connects with the first statement.
 * @throws {ProgramError} If that is no address of a database.
 */
export function connect(url: string): Sql {
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
    connection: { application_name: "loteria" },
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
