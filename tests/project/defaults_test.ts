import { assertEquals } from "@std/assert";
import { type ConfigKey, KEYS } from "../../program/config/config_keys.ts";

/** The options of the libraries that have a default, and their keys. */
const OPTIONS: Record<string, Record<string, ConfigKey>> = {
  "agency/agency.ts agency/options.ts": {
    maxAmount: "batch.maxAmount",
    window: "batch.window",
    retryRefused: "batch.retryRefused",
    maxAttempts: "retry.maxAttempts",
    baseDelayMs: "retry.baseDelay",
    replyTimeoutMs: "retry.replyTimeout",
  },
  "central/central.ts central/central.ts": {
    backlog: "server.listenBacklog",
    maxConnections: "server.maxConnections",
    idleTimeoutMs: "server.idleTimeout",
    authTimeoutMs: "server.authTimeout",
  },
};

for (const [files, keys] of Object.entries(OPTIONS)) {
  const [defaults, docs] = files.split(" ").map(read);
  for (const [name, key] of Object.entries(keys)) {
    Deno.test(`${name} has the default of ${key}, and says so`, () => {
      const { type, fallback: text } = KEYS[key];
      const fallback = String(type.parse(text));
      assertEquals(
        find(defaults!, `\\nconst DEFAULTS = \\{[^}]*\\b${name}: (\\w+),`),
        fallback,
      );
      assertEquals(
        find(docs!, `@default \\{(\\w+)\\}\\s*(?:\\*\\s*)*\\*/\\s*${name}\\?:`),
        fallback,
      );
    });
  }
}

/** A number without its separators. */
function find(text: string, regexp: string): string | undefined {
  return new RegExp(regexp).exec(text)?.[1]?.replaceAll("_", "");
}

function read(path: string): string {
  return Deno.readTextFileSync(`${import.meta.dirname}/../../${path}`);
}
