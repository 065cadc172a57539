// The types of configuration values.

import type { LevelName } from "@std/log";
import { LEVELS } from "../logging.ts";

export interface Setting<T> {
  readonly yaml: "string" | "number" | "boolean";
  /** What was expected, for error messages. */
  readonly expected: string;
  /** Parses a variable or a YAML value; `undefined` if it is invalid. */
  parse(text: string): T | undefined;
}

export interface Address {
  hostname: string;
  port: number;
}

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const DURATION_REGEXP = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;
const PART_REGEXP = /(\d+(?:\.\d+)?)(ms|s|m|h)/g;
/** The longest wait of a timer, about 24 days. */
const MAX_DURATION_MS = 2 ** 31 - 1;

const ADDRESS_REGEXP = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/;

export const TEXT: Setting<string> = {
  yaml: "string",
  expected: "a text that is not empty",
  parse: (text) => text === "" ? undefined : text,
};

/** "" for none. */
export const OPTIONAL_TEXT: Setting<string> = {
  yaml: "string",
  expected: "a text, or an empty one for none",
  parse: (text) => text,
};

export const BOOLEAN: Setting<boolean> = {
  yaml: "boolean",
  expected: "true or false",
  parse: (text) =>
    text === "true" ? true : text === "false" ? false : undefined,
};

/**
 * A duration in milliseconds, written as in Go. Not 0, and no longer than a
 * timer can wait.
 */
export const DURATION: Setting<number> = {
  yaml: "string",
  expected: "a duration such as 5s, 250ms or 1m30s",
  parse(text): number | undefined {
    if (!DURATION_REGEXP.test(text)) return undefined;
    let duration = 0;
    for (const [, amount, unit] of text.matchAll(PART_REGEXP)) {
      duration += Number(amount) * MILLISECONDS[unit!]!;
    }
    return duration > 0 && duration <= MAX_DURATION_MS ? duration : undefined;
  },
};

export const LEVEL: Setting<LevelName> = {
  yaml: "string",
  expected: `one of ${LEVELS.join(", ")}`,
  parse: (text) => LEVELS.find((level) => level === text.toUpperCase()),
};

/** One or more `host:port`, with brackets around an IPv6 address. */
export const ADDRESSES: Setting<readonly Address[]> = {
  yaml: "string",
  expected:
    "an address such as localhost:12345 or [::1]:12345, or several, separated by commas",
  parse(text): Address[] | undefined {
    const addresses = text.split(",").map((one) => parseAddress(one.trim()));
    return addresses.every((one) => one !== undefined) ? addresses : undefined;
  },
};

export const SEPARATOR: Setting<string> = {
  yaml: "string",
  expected: '"," or ";" or a tab, also written \\t',
  parse(text): string | undefined {
    const separator = text === "\\t" ? "\t" : text;
    return [",", ";", "\t"].find((one) => one === separator);
  },
};

export function wholeNumber(min: number, max: number): Setting<number> {
  return {
    yaml: "number",
    expected: `a whole number from ${min} to ${max}`,
    parse(text): number | undefined {
      const value = /^\d+$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

export function formatAddresses(addresses: readonly Address[]): string {
  return addresses.map(formatAddress).join();
}

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

export function formatDuration(duration: number): string {
  return duration % 1000 === 0 ? `${duration / 1000}s` : `${duration}ms`;
}
