/**
 * The kinds of value that a configuration key can have.
 *
 * @module
 */

import type { LevelName } from "@std/log";
import { parseDuration } from "./duration.ts";

/** A kind of value: how it is written, read and described. */
export interface Setting<T> {
  /** What YAML makes of it. */
  readonly yaml: "string" | "number" | "boolean";
  /** What a value has to be, for people. */
  readonly expected: string;
  /**
   * Reads a value.
   *
   * @param text How it is written in a variable, or in YAML as text.
   * @returns The value, or `undefined` if it is not one.
   */
  parse(text: string): T | undefined;
  /**
   * Writes a value.
   *
   * @param value The value.
   * @returns The text that reads as it.
   */
  format(value: T): string;
}

/** Where a server is. */
export interface Address {
  /** A name or an IP address. */
  hostname: string;
  /** A TCP port. */
  port: number;
}

const LEVELS = ["DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"] as const;
const ADDRESS_REGEXP = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/;

/** Any text but none. */
export const TEXT: Setting<string> = {
  yaml: "string",
  expected: "a text that is not empty",
  parse: (text) => text === "" ? undefined : text,
  format: String,
};

/** `true` or `false`. */
export const BOOLEAN: Setting<boolean> = {
  yaml: "boolean",
  expected: "true or false",
  parse: (text) =>
    text === "true" ? true : text === "false" ? false : undefined,
  format: String,
};

/** A duration in milliseconds, written as Go does. */
export const DURATION: Setting<number> = {
  yaml: "string",
  expected: "a duration such as 5s, 250ms or 1m30s",
  parse: parseDuration,
  format: (duration) =>
    duration % 1000 === 0 ? `${duration / 1000}s` : `${duration}ms`,
};

/** The least level that is logged. */
export const LEVEL: Setting<LevelName> = {
  yaml: "string",
  expected: `one of ${LEVELS.join(", ")}`,
  parse: (text) => LEVELS.find((level) => level === text.toUpperCase()),
  format: String,
};

/** `host:port`, with brackets around an IPv6 address. */
export const ADDRESS: Setting<Address> = {
  yaml: "string",
  expected: "an address such as localhost:12345 or [::1]:12345",
  parse: parseAddress,
  format: formatAddress,
};

/**
 * A whole number in decimal.
 *
 * @param min The least allowed.
 * @param max The most allowed.
 * @returns The kind of value.
 */
export function wholeNumber(min: number, max: number): Setting<number> {
  return {
    yaml: "number",
    expected: `a whole number from ${min} to ${max}`,
    parse(text): number | undefined {
      const value = /^\d+$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? value : undefined;
    },
    format: String,
  };
}

/**
 * Writes an address.
 *
 * @param address The address.
 * @returns `host:port`.
 */
export function formatAddress({ hostname, port }: Address): string {
  return hostname.includes(":")
    ? `[${hostname}]:${port}`
    : `${hostname}:${port}`;
}

function parseAddress(text: string): Address | undefined {
  const match = ADDRESS_REGEXP.exec(text);
  if (!match) return undefined;
  const port = Number(match[3]);
  if (port < 1 || port > 65535) return undefined;
  return { hostname: match[1] ?? match[2]!, port };
}
