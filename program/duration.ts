/**
 * Durations as Go writes them: `5s`, `250ms`, `1m30s`.
 *
 * @module
 */

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const DURATION_REGEXP = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;
const PART_REGEXP = /(\d+(?:\.\d+)?)(ms|s|m|h)/g;
/** What a timer can wait at most, some 24 days. */
const MAX_DURATION_MS = 2 ** 31 - 1;

/**
 * Parses a duration.
 *
 * @param text One or more numbers, each with its unit: `ms`, `s`, `m` or `h`.
 * @returns Milliseconds, more than 0; `undefined` if it is not a duration that a
 * timer can wait.
 *
 * @example Usage
 * ```ts
 * import { parseDuration } from "./duration.ts";
 *
 * console.assert(parseDuration("1m30s") === 90_000);
 * console.assert(parseDuration("90") === undefined);
 * ```
 */
export function parseDuration(text: string): number | undefined {
  if (!DURATION_REGEXP.test(text)) return undefined;
  let duration = 0;
  for (const [, amount, unit] of text.matchAll(PART_REGEXP)) {
    duration += Number(amount) * MILLISECONDS[unit!]!;
  }
  return duration > 0 && duration <= MAX_DURATION_MS ? duration : undefined;
}
