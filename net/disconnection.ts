// Distinguishes a lost connection from a bug.

/** Deno's errors that no network causes: a missing permission, or a file. */
const OTHERS = [
  Deno.errors.NotCapable,
  Deno.errors.NotSupported,
  Deno.errors.NotFound,
  Deno.errors.AlreadyExists,
  Deno.errors.IsADirectory,
  Deno.errors.NotADirectory,
  Deno.errors.FilesystemLoop,
];
const KINDS = Object.values(Deno.errors);
/**
 * A system error code, such as `EHOSTUNREACH`; Node's own begin with `ERR_`.
 */
const SYSTEM_CODE_REGEXP = /^E[A-Z0-9]+$/;

/**
 * True if an error only means that the connection ended, on either side.
 * Networks fail in too many ways to list (no route, a firewall, an interface
 * that is down), so every system error counts.
 */
export function isDisconnection(error: unknown): boolean {
  if (OTHERS.some((kind) => error instanceof kind)) return false;
  return KINDS.some((kind) => error instanceof kind) || hasSystemCode(error);
}

function hasSystemCode(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    typeof error.code === "string" && SYSTEM_CODE_REGEXP.test(error.code);
}
