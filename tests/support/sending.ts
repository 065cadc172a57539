/**
 * A delivery inside the tests' own process, to a central of the tests' own.
 *
 * @module
 */

import { BatchSender } from "../../agency/batch_sender.ts";
import { ProblemLog } from "../../agency/problem_log.ts";
import { RejectedFile } from "../../agency/rejected_file.ts";
import { BatchLoader } from "../../agency/outgoing_batch.ts";
import {
  RetryingConnection,
  type RetryingConnectionOptions,
} from "../../agency/retrying_connection.ts";
import { SourceFile } from "../../agency/source/source_file.ts";
import { RecordReader } from "../../agency/source/record_reader.ts";
import { messageOf } from "../../program/errors.ts";
import { CapturedLog } from "./captured_log.ts";
import { FakeCentral, type FakeSession, type Script } from "./fake_central.ts";
import { testInFolder } from "./folder.ts";
import { testWith } from "./permissions.ts";
import { csvOf, rows } from "./rows.ts";

/** Describes a delivery. */
export interface SendingOptions extends Partial<RetryingConnectionOptions> {
  /** Bets in the agency's file. @default {30} */
  bets?: number;
  /** Text of the file, instead of made bets. */
  csv?: string;
  /** Largest number of bets in a batch. @default {10} */
  maxAmount?: number;
  /** Batches that may be under way at once. @default {1} */
  window?: number;
  /** Whether refused batches are sent again without bad rows. @default {true} */
  retryRefused?: boolean;
  /** Scripts of the central, one per connection. */
  scripts: readonly SendingScript[];
}

/** Like {@linkcode Script}, with the path of the agency's file. */
export type SendingScript = (
  session: FakeSession,
  path: string,
) => Promise<unknown>;

/** Result of a delivery. */
export interface Delivered {
  /** The central. */
  central: FakeCentral;
  /** Number of bets answered with OK. */
  stored: number;
  /** Content of the file of refused rows; empty without one. */
  rejected: string;
  /** The log. */
  log: CapturedLog;
  /** Reason for giving up; empty if the delivery was completed. */
  error: string;
}

/**
 * Registers a test that looks at how a delivery ended.
 *
 * @param name Name of the test.
 * @param options What is delivered, and to what.
 * @param check The test.
 */
export function testSending(
  name: string,
  options: SendingOptions,
  check: (delivered: Delivered) => void | Promise<void>,
): void {
  const { state } = Deno.permissions.querySync({ name: "net" });
  if (state !== "granted") return testWith(["net"], name, () => {});
  testInFolder(name, async (dir) => {
    const path = `${dir}/agency.csv`;
    const log = CapturedLog.start();
    await using central = new FakeCentral(
      ...options.scripts.map((script): Script => (session) =>
        script(session, path)
      ),
    );
    await Deno.writeTextFile(
      path,
      options.csv ?? csvOf(rows(options.bets ?? 30)),
    );
    const { stored, error } = await deliver(path, central.port, options);
    const rejected = await readIfThere(`${path}.rejected.csv`);
    await check({ central, stored, rejected, log, error });
  });
}

async function deliver(
  path: string,
  port: number,
  { maxAmount = 10, window = 1, retryRefused = true, ...options }:
    SendingOptions,
): Promise<{ stored: number; error: string }> {
  using source = await SourceFile.open(path);
  const file = new RecordReader(source);
  const problems = new ProblemLog();
  using rejected = new RejectedFile(source, {
    path: `${path}.rejected.csv`,
    separator: ",",
  });
  const loader = new BatchLoader(file, {
    agency: 9,
    fingerprint: "0123456789abcdef",
    maxAmount,
    onProblem: ({ bytes }) => rejected.add(bytes),
  });
  const central = new RetryingConnection({
    addresses: [{ hostname: "127.0.0.1", port }],
    maxAttempts: 5,
    baseDelayMs: 1,
    replyTimeoutMs: 60_000,
    signal: new AbortController().signal,
    ...options,
  });
  let sender: BatchSender | undefined;
  try {
    sender = new BatchSender(central, loader, {
      agency: 9,
      window,
      source,
      rejected,
      problems,
      retryRefused,
      onProgress(): void {},
    });
    await sender.run();
    return { stored: sender.stored, error: "" };
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    const text = `${name}: ${messageOf(error)}`;
    return { stored: sender?.stored ?? 0, error: text };
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
