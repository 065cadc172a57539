/**
 * The errors that a system's calls for connections can give, as Deno reports
 * them: some with a class of their own, the others as an `Error` with a `code`.
 *
 * @module
 */

import type { Random } from "../support/random_bets.ts";

/** What a call for a connection can fail with. */
export type NetworkCall = "connect" | "accept" | "read" | "write";

const CLASSES = {
  EACCES: Deno.errors.PermissionDenied,
  EPERM: Deno.errors.PermissionDenied,
  EADDRNOTAVAIL: Deno.errors.AddrNotAvailable,
  ECONNABORTED: Deno.errors.ConnectionAborted,
  ECONNREFUSED: Deno.errors.ConnectionRefused,
  ECONNRESET: Deno.errors.ConnectionReset,
  EINTR: Deno.errors.Interrupted,
  ENETUNREACH: Deno.errors.NetworkUnreachable,
  ENOTCONN: Deno.errors.NotConnected,
  EPIPE: Deno.errors.BrokenPipe,
  ETIMEDOUT: Deno.errors.TimedOut,
} as const;

/** On the way, wherever a connection is used. */
const OF_ROUTE = [
  ...["EHOSTUNREACH", "EHOSTDOWN", "ENETUNREACH", "ENETDOWN", "ENETRESET"],
  ...["ENOBUFS", "ENOMEM", "EPERM", "EPROTO", "ETIMEDOUT", "ENONET"],
];

const CODES: Readonly<Record<NetworkCall, readonly string[]>> = {
  connect: [
    ...OF_ROUTE,
    ...["ECONNREFUSED", "ECONNRESET", "EADDRNOTAVAIL", "EACCES", "EINTR"],
  ],
  // Those of this machine, such as EMFILE, are another fault.
  accept: [
    ...["ECONNABORTED", "ECONNRESET", "ENOTCONN", "EPERM", "EPROTO"],
    ...["EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "ETIMEDOUT"],
  ],
  read: [...OF_ROUTE, "ECONNRESET", "ECONNABORTED", "ENOTCONN", "EIO"],
  write: [...OF_ROUTE, "ECONNRESET", "EPIPE", "ENOTCONN", "EIO"],
};

/** Draws one of the errors that a call can give. */
export function networkError(random: Random, call: NetworkCall): Error {
  const code = random.pick([...CODES[call]]);
  const ErrorClass = code in CLASSES
    ? CLASSES[code as keyof typeof CLASSES]
    : Error;
  return Object.assign(
    new ErrorClass(`${code} of the simulation (os error)`),
    { code },
  );
}
