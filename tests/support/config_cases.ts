// What each key of the configuration can be and cannot be, from the README.

import type { ConfigKey } from "../../program/config/config.ts";

/** Everything to try with a key. */
export interface KeyCase {
  fallback: unknown;
  /** The variable of each program that reads it. */
  variables: { client?: string; server?: string };
  /** Accepted values in YAML or a variable, and their results. */
  good: Record<string, unknown>;
  /** Values that are refused, in YAML and in a variable. */
  bad: string[];
  /** YAML values of a wrong type. */
  mistyped: string[];
  /** The expectation that a refusal names. */
  expected: string;
}

type Variables = KeyCase["variables"];

function wholeNumber(
  fallback: number,
  [least, most]: readonly [number, number],
  variables: Variables,
): KeyCase {
  return {
    fallback,
    variables,
    good: { [least]: least, [most]: most },
    bad: [String(least - 1), String(most + 1), "1.5", "x"],
    mistyped: ['"80"', "true", "[80]", "null", "{a: 1}"],
    expected: `a whole number from ${least} to ${most}`,
  };
}

function onOff(fallback: boolean, variables: Variables): KeyCase {
  return {
    fallback,
    variables,
    good: { "true": true, "false": false },
    bad: ["yes", "1", "on"],
    mistyped: ['"true"', "null"],
    expected: "true or false",
  };
}

function duration(fallback: number, variables: Variables): KeyCase {
  return {
    fallback,
    variables,
    good: { "5s": 5000, "250ms": 250, "1m30s": 90_000 },
    bad: ["5", "0s", "-1s", "5 s", "soon"],
    mistyped: ["5", "true", "null"],
    expected: "a duration such as 5s, 250ms or 1m30s",
  };
}

function text(fallback: string, variables: Variables): KeyCase {
  return {
    fallback,
    variables,
    good: { "/tmp/a b.csv": "/tmp/a b.csv", "x": "x" },
    bad: [],
    mistyped: ['""', "5", "[a]", "null"],
    expected: "a text that is not empty",
  };
}

function optional(fallback: string, variables: Variables): KeyCase {
  return {
    ...text(fallback, variables),
    mistyped: ["5", "[a]", "null"],
    expected: "a text, or an empty one for none",
  };
}

const PORT = [0, 65535] as const;
const ADDRESSES = {
  "central:1": [{ hostname: "central", port: 1 }],
  "127.0.0.1:65535": [{ hostname: "127.0.0.1", port: 65535 }],
  "[::1]:80": [{ hostname: "::1", port: 80 }],
  "a:1,[::1]:2": [{ hostname: "a", port: 1 }, { hostname: "::1", port: 2 }],
};

export const CASES: Record<ConfigKey, KeyCase> = {
  "server.address": {
    fallback: [{ hostname: "localhost", port: 12345 }],
    variables: { client: "CLI_SERVER_ADDRESS" },
    good: ADDRESSES,
    bad: [
      ...["central", "central:", ":80", "a:0", "a:65536", "a:b", "::1:80"],
      ...["a:1,", ",a:1", "a:1,b", "a:1;b:2"],
    ],
    mistyped: ["12345", "{central: 1}", "null"],
    expected:
      "an address such as localhost:12345 or [::1]:12345, or several, separated by commas",
  },
  "server.host": text("0.0.0.0", { server: "SERVER_HOST" }),
  "server.port": wholeNumber(12345, PORT, { server: "SERVER_PORT" }),
  "server.listenBacklog": wholeNumber(4096, [1, 65535], {
    server: "SERVER_LISTEN_BACKLOG",
  }),
  "server.maxConnections": wholeNumber(4096, [1, 1_000_000], {
    server: "SERVER_MAX_CONNECTIONS",
  }),
  "server.idleTimeout": duration(60_000, { server: "SERVER_IDLE_TIMEOUT" }),
  "server.credentials": optional("", { server: "SERVER_CREDENTIALS" }),
  "server.authTimeout": duration(5000, { server: "SERVER_AUTH_TIMEOUT" }),
  "tls.certificate": optional("", { server: "SERVER_TLS_CERTIFICATE" }),
  "tls.key": optional("", { server: "SERVER_TLS_KEY" }),
  "tls.ca": optional("", { client: "CLI_TLS_CA" }),
  "status.port": wholeNumber(0, PORT, { server: "SERVER_STATUS_PORT" }),
  "status.host": text("127.0.0.1", { server: "SERVER_STATUS_HOST" }),
  "store.file": text(".data/bets.csv", { server: "SERVER_STORE_FILE" }),
  "store.url": optional("", { server: "SERVER_STORE_URL" }),
  "store.fsync": onOff(true, { server: "SERVER_STORE_FSYNC" }),
  "draw.agencies": wholeNumber(0, [0, 1_000_000], {
    server: "SERVER_DRAW_AGENCIES",
  }),
  "draw.await": onOff(false, { client: "CLI_DRAW_AWAIT" }),
  "agency.id": {
    ...wholeNumber(0, [1, 4294967295], { client: "CLI_ID" }),
    fallback: undefined,
  },
  "agency.file": text(".data/agency-{id}.csv", { client: "CLI_AGENCY_FILE" }),
  "agency.tokenFile": optional("", { client: "CLI_AGENCY_TOKENFILE" }),
  "agency.separator": {
    fallback: ",",
    variables: { client: "CLI_AGENCY_SEPARATOR" },
    good: { ",": ",", ";": ";", "\\t": "\t", "\t": "\t" },
    bad: [";;", "|", " ", "t", '"'],
    mistyped: ["5", "null", "true"],
    expected: '"," or ";" or a tab, also written \\t',
  },
  "agency.rejectedFile": text("{file}.rejected.csv", {
    client: "CLI_AGENCY_REJECTEDFILE",
  }),
  "agency.sentFolder": optional(".data/sent", {
    client: "CLI_AGENCY_SENTFOLDER",
  }),
  "batch.maxAmount": wholeNumber(150, [1, 65535], {
    client: "CLI_BATCH_MAXAMOUNT",
  }),
  "batch.window": wholeNumber(1, [1, 1024], { client: "CLI_BATCH_WINDOW" }),
  "batch.retryRefused": onOff(true, { client: "CLI_BATCH_RETRYREFUSED" }),
  "retry.maxAttempts": wholeNumber(20, [1, 1_000_000], {
    client: "CLI_RETRY_MAXATTEMPTS",
  }),
  "retry.baseDelay": duration(100, { client: "CLI_RETRY_BASEDELAY" }),
  "retry.replyTimeout": duration(60_000, { client: "CLI_RETRY_REPLYTIMEOUT" }),
  "loop.amount": wholeNumber(5, [0, 1_000_000_000], {
    client: "CLI_LOOP_AMOUNT",
  }),
  "loop.period": duration(5000, { client: "CLI_LOOP_PERIOD" }),
  "log.level": {
    fallback: "INFO",
    variables: { client: "CLI_LOG_LEVEL", server: "LOGGING_LEVEL" },
    good: { "DEBUG": "DEBUG", "warn": "WARN", "CRITICAL": "CRITICAL" },
    bad: ["TRACE", "NOTSET", "INFO2"],
    mistyped: ["10", "true", "null"],
    expected: "one of DEBUG, INFO, WARN, ERROR, CRITICAL",
  },
};
