// The project's version, and the oldest Deno that it runs on.

import { ProgramError } from "./errors.ts";

export const VERSION = "1.0.0";

/**
 * The first in which closing a connection ends a write that its peer does not
 * read. Older ones never free the place of such a peer.
 */
export const LEAST_DENO = "2.9.5";

/**
 * Throws a `ProgramError` for an older Deno, which would fail later with an
 * error that names no version.
 */
export function checkDeno(version = Deno.version.deno): void {
  const found = numbersOf(version);
  const least = numbersOf(LEAST_DENO);
  const at = least.findIndex((number, index) => found[index] !== number);
  if (at < 0 || found[at]! > least[at]!) return;
  throw new ProgramError(
    `Cannot run on Deno ${version}: expected ${LEAST_DENO} or later (npx -y deno@2.9.6, or deno upgrade)`,
  );
}

function numbersOf(version: string): number[] {
  return version.split(".").map((part) => parseInt(part));
}
