import { assertEquals } from "@std/assert";
import {
  DatabaseTimeoutError,
  ERROR_CLASSES,
  explainDatabase,
  isCrowded,
  isUnprepared,
  type Remedy,
  remedyOf,
  sqlState,
} from "../../postgres/connection/errors.ts";
import { StoreCounts } from "../../postgres/store_counts.ts";
import { CapturedLog } from "../support/captured_log.ts";

/** One code of each class, as a server would give it. */
const CODES: readonly (readonly [string, Remedy])[] = [
  ["40001", "repeat"],
  ["40P01", "repeat"],
  ["26000", "repeat"],
  ["42P05", "repeat"],
  ["22008", "split"],
  ["23514", "split"],
  ["57014", "wait"],
  ["55P03", "wait"],
  ["53100", "wait"],
  ["08006", "reconnect"],
  ["25006", "reconnect"],
  ["53200", "reconnect"],
  ["57P03", "reconnect"],
  ["XX000", "reconnect"],
  ["42501", "reconnect"],
  ["40003", "reconnect"],
];

function databaseError(code: unknown, message = "no", severity?: string) {
  return Object.assign(new Error(message), { code, severity });
}

Deno.test("every class of errors has its remedy", () => {
  for (const [prefix] of ERROR_CLASSES) {
    assertEquals(CODES.some(([code]) => code.startsWith(prefix)), true, prefix);
  }
  for (const [code, remedy] of CODES) {
    assertEquals(remedyOf(databaseError(code, "no", "ERROR")), remedy, code);
  }
  assertEquals(remedyOf(new Error("no")), "reconnect");
  // The system's codes have no severity, and may look like the database's.
  assertEquals(remedyOf(databaseError("40001")), "reconnect");
});

Deno.test("sqlState() knows the database's codes", () => {
  assertEquals(sqlState(databaseError("57014", "no", "ERROR")), "57014");
  for (const code of [57014, "ECONNRESET", "5701", "570144", "5701a"]) {
    assertEquals(sqlState(databaseError(code, "no", "ERROR")), undefined);
  }
});

Deno.test("isUnprepared() is about prepared statements", () => {
  for (const [code] of CODES) {
    const isOne = code === "26000" || code === "42P05";
    assertEquals(isUnprepared(databaseError(code, "no", "ERROR")), isOne);
  }
});

/** Codes and messages of refusals, and whether others were too many. */
const CROWDED: readonly (readonly [string, string, boolean])[] = [
  ["53300", "sorry, too many clients already", true],
  ["53200", "out of memory", false],
  ["08P01", "no more connections allowed (max_client_conn)", true],
  [
    "08P01",
    "client connections exceeded (max_user_client_connections)",
    true,
  ],
  ["08P01", "client_login_timeout", false],
  ["08P01", "query_wait_timeout (max_client_conn) or so", false],
  ["53100", "no more connections allowed (max_client_conn)", false],
];

Deno.test("isCrowded() looks at the error or its cause", () => {
  for (const [code, message, isSo] of CROWDED) {
    const cause = databaseError(code, message, "FATAL");
    for (const error of [cause, new Error("two hosts", { cause })]) {
      assertEquals(isCrowded(error), isSo, `${code} ${message}`);
    }
  }
});

Deno.test("explainDatabase() explains in one line, with the code once", () => {
  const both = [databaseError("ECONNREFUSED", "one"), new Error("other")];
  const cases: readonly (readonly [unknown, string])[] = [
    [
      databaseError("53100", "it says\n  no,\tand\n why"),
      "it says no, and why (53100)",
    ],
    [databaseError("ENOENT", "connect ENOENT /run"), "connect ENOENT /run"],
    [new AggregateError(both), "one; other"],
    [new AggregateError(both, "several"), "several"],
    [new DatabaseTimeoutError(9000), "no answer within 9 s"],
    ["text", "text"],
    [new Error(""), ""],
  ];
  for (const [error, expected] of cases) {
    assertEquals(explainDatabase(error), expected);
  }
});

Deno.test("StoreCounts.report() logs the first problem, and the end of all", () => {
  const log = CapturedLog.start();
  const counts = new StoreCounts();
  counts.report("commit", undefined);
  for (
    const [subject, problem, shown] of [
      ["read", "a", "a"],
      ["commit", "b", "b"],
      ["read", "c", "b"],
      ["commit", undefined, "c"],
      ["read", undefined, undefined],
      ["commit", "d", "d"],
      ["commit", undefined, undefined],
    ] as const
  ) {
    counts.report(subject, problem);
    assertEquals(counts.problem, shown);
  }
  const success = "INFO action: database | result: success";
  assertEquals(log.lines, [
    "ERROR action: database | result: fail | error: a",
    success,
    "ERROR action: database | result: fail | error: d",
    success,
  ]);
});
