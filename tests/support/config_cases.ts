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

/** Cases that all keys of a kind share. */
type KindCase = Pick<KeyCase, "good" | "bad" | "mistyped" | "expected">;

const PORT: KindCase = {
  good: { "0": 0, "65535": 65535 },
  bad: ["65536", "-1", "1.5", "x"],
  mistyped: ['"80"', "true", "[80]", "null", "{a: 1}"],
  expected: "a whole number from 0 to 65535",
};
const SWITCH: KindCase = {
  good: { "true": true, "false": false },
  bad: ["yes", "1", "on"],
  mistyped: ['"true"', "null"],
  expected: "true or false",
};
const TIME: KindCase = {
  good: { "5s": 5000, "250ms": 250, "1m30s": 90_000 },
  bad: ["5", "0s", "-1s", "5 s", "soon"],
  mistyped: ["5", "true", "null"],
  expected: "a duration such as 5s, 250ms or 1m30s",
};
const PATH: KindCase = {
  good: { "/tmp/a b.csv": "/tmp/a b.csv", "x": "x" },
  bad: [],
  mistyped: ['""', "5", "[a]", "null"],
  expected: "a text that is not empty",
};

const OPTIONAL_PATH: KindCase = {
  good: { "/tmp/a b.pem": "/tmp/a b.pem", "x": "x" },
  bad: [],
  mistyped: ["5", "[a]", "null"],
  expected: "a text, or an empty one for none",
};

export const CASES: Record<ConfigKey, KeyCase> = {
  "server.address": {
    fallback: [{ hostname: "localhost", port: 12345 }],
    variables: { client: "CLI_SERVER_ADDRESS" },
    good: {
      "central:1": [{ hostname: "central", port: 1 }],
      "127.0.0.1:65535": [{ hostname: "127.0.0.1", port: 65535 }],
      "[::1]:80": [{ hostname: "::1", port: 80 }],
      "a:1,[::1]:2": [
        { hostname: "a", port: 1 },
        { hostname: "::1", port: 2 },
      ],
    },
    bad: [
      ...["central", "central:", ":80", "a:0", "a:65536", "a:b", "::1:80"],
      ...["a:1,", ",a:1", "a:1,b", "a:1;b:2"],
    ],
    mistyped: ["12345", "{central: 1}", "null"],
    expected:
      "an address such as localhost:12345 or [::1]:12345, or several, separated by commas",
  },
  "server.host": {
    ...PATH,
    fallback: "0.0.0.0",
    variables: { server: "SERVER_HOST" },
  },
  "server.port": {
    ...PORT,
    fallback: 12345,
    variables: { server: "SERVER_PORT" },
  },
  "server.listenBacklog": {
    fallback: 4096,
    variables: { server: "SERVER_LISTEN_BACKLOG" },
    good: { "1": 1, "65535": 65535 },
    bad: ["0", "65536", "x"],
    mistyped: ['"1"', "null"],
    expected: "a whole number from 1 to 65535",
  },
  "server.maxConnections": {
    fallback: 4096,
    variables: { server: "SERVER_MAX_CONNECTIONS" },
    good: { "1": 1, "1000000": 1_000_000 },
    bad: ["0", "1000001", "x"],
    mistyped: ['"1"', "null"],
    expected: "a whole number from 1 to 1000000",
  },
  "server.idleTimeout": {
    ...TIME,
    fallback: 60_000,
    variables: { server: "SERVER_IDLE_TIMEOUT" },
  },
  "server.credentials": {
    ...OPTIONAL_PATH,
    fallback: "",
    variables: { server: "SERVER_CREDENTIALS" },
  },
  "server.authTimeout": {
    ...TIME,
    fallback: 5000,
    variables: { server: "SERVER_AUTH_TIMEOUT" },
  },
  "tls.certificate": {
    ...OPTIONAL_PATH,
    fallback: "",
    variables: { server: "SERVER_TLS_CERTIFICATE" },
  },
  "tls.key": {
    ...OPTIONAL_PATH,
    fallback: "",
    variables: { server: "SERVER_TLS_KEY" },
  },
  "tls.ca": {
    ...OPTIONAL_PATH,
    fallback: "",
    variables: { client: "CLI_TLS_CA" },
  },
  "status.port": {
    ...PORT,
    fallback: 0,
    variables: { server: "SERVER_STATUS_PORT" },
  },
  "status.host": {
    ...PATH,
    fallback: "127.0.0.1",
    variables: { server: "SERVER_STATUS_HOST" },
  },
  "store.file": {
    ...PATH,
    fallback: ".data/bets.csv",
    variables: { server: "SERVER_STORE_FILE" },
  },
  "store.url": {
    ...OPTIONAL_PATH,
    fallback: "",
    variables: { server: "SERVER_STORE_URL" },
  },
  "store.fsync": {
    ...SWITCH,
    fallback: true,
    variables: { server: "SERVER_STORE_FSYNC" },
  },
  "draw.agencies": {
    fallback: 0,
    variables: { server: "SERVER_DRAW_AGENCIES" },
    good: { "0": 0, "5": 5 },
    bad: ["-1", "1000001", "x"],
    mistyped: ['"5"', "null"],
    expected: "a whole number from 0 to 1000000",
  },
  "draw.await": {
    ...SWITCH,
    fallback: false,
    variables: { client: "CLI_DRAW_AWAIT" },
  },
  "agency.id": {
    fallback: 0,
    variables: { client: "CLI_ID" },
    good: { "1": 1, "5": 5, "4294967295": 4294967295 },
    bad: ["0", "-1", "4294967296", "1.5", "x"],
    mistyped: ['"5"', "true", "null"],
    expected: "a whole number from 1 to 4294967295",
  },
  "agency.file": {
    ...PATH,
    fallback: ".data/agency-{id}.csv",
    variables: { client: "CLI_AGENCY_FILE" },
  },
  "agency.tokenFile": {
    ...OPTIONAL_PATH,
    fallback: "",
    variables: { client: "CLI_AGENCY_TOKENFILE" },
  },
  "agency.separator": {
    fallback: ",",
    variables: { client: "CLI_AGENCY_SEPARATOR" },
    good: { ",": ",", ";": ";", "\\t": "\t", "\t": "\t" },
    bad: [";;", "|", " ", "t", '"'],
    mistyped: ["5", "null", "true"],
    expected: '"," or ";" or a tab, also written \\t',
  },
  "agency.rejectedFile": {
    ...PATH,
    fallback: "{file}.rejected.csv",
    variables: { client: "CLI_AGENCY_REJECTEDFILE" },
  },
  "agency.sentFolder": {
    ...OPTIONAL_PATH,
    fallback: ".data/sent",
    variables: { client: "CLI_AGENCY_SENTFOLDER" },
  },
  "batch.maxAmount": {
    fallback: 150,
    variables: { client: "CLI_BATCH_MAXAMOUNT" },
    good: { "1": 1, "65535": 65535 },
    bad: ["0", "65536", "x"],
    mistyped: ['"1"', "null"],
    expected: "a whole number from 1 to 65535",
  },
  "batch.window": {
    fallback: 1,
    variables: { client: "CLI_BATCH_WINDOW" },
    good: { "1": 1, "1024": 1024 },
    bad: ["0", "1025", "x"],
    mistyped: ['"1"', "null"],
    expected: "a whole number from 1 to 1024",
  },
  "batch.retryRefused": {
    ...SWITCH,
    fallback: true,
    variables: { client: "CLI_BATCH_RETRYREFUSED" },
  },
  "retry.maxAttempts": {
    fallback: 20,
    variables: { client: "CLI_RETRY_MAXATTEMPTS" },
    good: { "1": 1, "1000000": 1_000_000 },
    bad: ["0", "x"],
    mistyped: ['"1"', "null"],
    expected: "a whole number from 1 to 1000000",
  },
  "retry.baseDelay": {
    ...TIME,
    fallback: 100,
    variables: { client: "CLI_RETRY_BASEDELAY" },
  },
  "retry.replyTimeout": {
    ...TIME,
    fallback: 60_000,
    variables: { client: "CLI_RETRY_REPLYTIMEOUT" },
  },
  "loop.amount": {
    fallback: 5,
    variables: { client: "CLI_LOOP_AMOUNT" },
    good: { "0": 0, "1000000000": 1_000_000_000 },
    bad: ["-1", "1000000001", "x"],
    mistyped: ['"5"', "null"],
    expected: "a whole number from 0 to 1000000000",
  },
  "loop.period": {
    ...TIME,
    fallback: 5000,
    variables: { client: "CLI_LOOP_PERIOD" },
  },
  "log.level": {
    fallback: "INFO",
    variables: { client: "CLI_LOG_LEVEL", server: "LOGGING_LEVEL" },
    good: { "DEBUG": "DEBUG", "warn": "WARN", "CRITICAL": "CRITICAL" },
    bad: ["TRACE", "NOTSET", "INFO2"],
    mistyped: ["10", "true", "null"],
    expected: "one of DEBUG, INFO, WARN, ERROR, CRITICAL",
  },
};
