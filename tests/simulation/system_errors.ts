// The errors that a system's calls can give, as Deno reports them: some with a
// class of their own, the others as an `Error` with a `code`.

import type { Random } from "../support/random_bets.ts";

/** Calls for connections. */
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

/** Errors of the route, possible in each call. */
const OF_ROUTE = [
  ...["EHOSTUNREACH", "EHOSTDOWN", "ENETUNREACH", "ENETDOWN", "ENETRESET"],
  ...["ENOBUFS", "ENOMEM", "EPERM", "EPROTO", "ETIMEDOUT", "ENONET"],
];

const CODES: Readonly<Record<NetworkCall, readonly string[]>> = {
  connect: [
    ...OF_ROUTE,
    ...["ECONNREFUSED", "ECONNRESET", "EADDRNOTAVAIL", "EACCES", "EINTR"],
  ],
  // Errors of this machine, such as EMFILE, are another fault.
  accept: [
    ...["ECONNABORTED", "ECONNRESET", "ENOTCONN", "EPERM", "EPROTO"],
    ...["EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "ETIMEDOUT"],
  ],
  read: [...OF_ROUTE, "ECONNRESET", "ECONNABORTED", "ENOTCONN", "EIO"],
  write: [...OF_ROUTE, "ECONNRESET", "EPIPE", "ENOTCONN", "EIO"],
};

const TEXTS = {
  EIO: "Input/output error (os error 5)",
  EMFILE: "Too many open files (os error 24)",
  ENOSPC: "No space left on device (os error 28)",
} as const;

/** Makes an error that has no class of its own. */
export function systemError(code: keyof typeof TEXTS): Error {
  return Object.assign(new Error(TEXTS[code]), { code });
}

/** Makes the error of a call on something closed. */
export function closedError(): Error {
  return new Deno.errors.BadResource("Bad resource ID");
}

/** Makes the error of a pending call on something that is being closed. */
export function interruptedError(): Error {
  return new Deno.errors.Interrupted("operation canceled");
}

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
