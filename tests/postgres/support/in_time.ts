/**
 * Tests that take milliseconds, unless something waits for ever.
 *
 * @module
 */

import { within } from "../../support/deadline.ts";

/** Far longer than such a test takes on a busy machine. */
const LIMIT_MS = 10_000;

/** Registers a test that fails soon if it does not end. */
export function testInTime(
  name: string,
  fn: () => void | Promise<void>,
): void {
  Deno.test(
    name,
    () => within(Promise.try(fn), () => "the test has not ended", LIMIT_MS),
  );
}
