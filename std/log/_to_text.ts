/**
 * Makes a record's message of whatever was logged, on one line except for an
 * error, which is its stack.
 *
 * @param value What was logged.
 * @returns The message.
 */
export function toText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.stack ?? String(value);
  if (typeof value !== "object" || value === null) return String(value);
  const properties = Object.entries(value).map(([key, property]) =>
    `${JSON.stringify(key)}:${
      typeof property === "string" ? JSON.stringify(property) : toText(property)
    }`
  );
  return `{${properties.join(",")}}`;
}
