/**
 * Shows a value in full, strings in quotes, as upstream does.
 *
 * @param value The value to show.
 * @returns The text that goes into a message.
 */
export function show(value: unknown): string {
  return Deno.inspect(value, {
    depth: Infinity,
    iterableLimit: Infinity,
    strAbbreviateSize: Infinity,
    sorted: true,
    trailingComma: true,
    compact: false,
    getters: true,
  });
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
