import { inspect } from "node:util";

/**
 * Shows a value in full, on one line where possible, strings in quotes.
 *
 * @param value The value to show.
 * @returns The text that goes into a message.
 */
export function show(value: unknown): string {
  return typeof value === "string"
    ? JSON.stringify(value)
    : inspect(value, { depth: Infinity, maxArrayLength: Infinity });
}

/**
 * Ends a sentence: with the caller's words if there are any, else with a
 * period.
 *
 * @param sentence What is wrong, without its period.
 * @param msg The caller's words.
 * @returns The whole message.
 */
export function withReason(sentence: string, msg: string | undefined): string {
  return msg ? `${sentence}: ${msg}` : `${sentence}.`;
}
