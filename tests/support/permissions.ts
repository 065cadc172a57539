// Tests that need permissions: run where they are granted, and elsewhere
// ignored under a name that says why, so that a bare `deno test` passes.

import { within } from "./deadline.ts";

/** Far longer than any test without programs, even on a busy machine. */
const LIMIT_MS = 10_000;

/**
 * Registers a test that needs permissions. It may not hang; programs take
 * longer, and their tests have limits of their own.
 */
export function testWith(
  needs: readonly Deno.PermissionName[],
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  const missing = needs.filter((need) => !isGranted(need));
  const flags = missing.map((need) => `--allow-${need}`).join(" ");
  Deno.test({
    name: missing.length > 0 ? `${name} (ignored: needs ${flags})` : name,
    ignore: missing.length > 0,
    async fn(t): Promise<void> {
      try {
        const running = Promise.resolve(fn(t));
        await (needs.includes("run")
          ? running
          : within(running, () => "the test has not ended", LIMIT_MS));
      } catch (error) {
        throw firstFailure(error);
      }
    },
  });
}

/** Registers a test that uses this machine's network, and may read files. */
export function testOnline(
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  testWith(["net", "read"], name, fn);
}

/** Registers a test that reads files of the project. */
export function testReading(
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  testWith(["read"], name, fn);
}

function isGranted(name: Deno.PermissionName): boolean {
  return Deno.permissions.querySync({ name }).state === "granted";
}

/** What failed first: Deno would print only what failed in its clean-up. */
function firstFailure(error: unknown): unknown {
  return error instanceof SuppressedError
    ? firstFailure(error.suppressed)
    : error;
}
