import { assertEquals } from "@std/assert";
import { type ConfigKey, KEYS } from "../../program/config/config_keys.ts";
import agency from "../../agency/agency.ts" with { type: "text" };
import agencyOptions from "../../agency/options.ts" with { type: "text" };
import central from "../../central/central.ts" with { type: "text" };

interface Library {
  /** The source with the defaults. */
  defaults: string;
  /** The source with the options' documentation. */
  docs: string;
  /** The options that have a default, and their keys. */
  keys: Readonly<Record<string, ConfigKey>>;
}

const LIBRARIES: readonly Library[] = [
  {
    defaults: agency,
    docs: agencyOptions,
    keys: {
      maxAmount: "batch.maxAmount",
      window: "batch.window",
      retryRefused: "batch.retryRefused",
      maxAttempts: "retry.maxAttempts",
      baseDelayMs: "retry.baseDelay",
      replyTimeoutMs: "retry.replyTimeout",
    },
  },
  {
    defaults: central,
    docs: central,
    keys: {
      backlog: "server.listenBacklog",
      maxConnections: "server.maxConnections",
      idleTimeoutMs: "server.idleTimeout",
      authTimeoutMs: "server.authTimeout",
    },
  },
];

for (const { defaults, docs, keys } of LIBRARIES) {
  for (const [name, key] of Object.entries(keys)) {
    Deno.test(`${name} has the default of ${key}, and says so`, () => {
      const { type, fallback: text } = KEYS[key];
      const fallback = String(type.parse(text));
      assertEquals(
        find(defaults, `\\nconst DEFAULTS = \\{[^}]*\\b${name}: (\\w+),`),
        fallback,
      );
      assertEquals(
        find(docs, `@default \\{(\\w+)\\}\\s*(?:\\*\\s*)*\\*/\\s*${name}\\?:`),
        fallback,
      );
    });
  }
}

/** A number without its separators. */
function find(text: string, regexp: string): string | undefined {
  return new RegExp(regexp).exec(text)?.[1]?.replaceAll("_", "");
}
