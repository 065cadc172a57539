// A delivery inside the tests' own process, to a central of the tests' own.

import { assertEquals, assertMatch } from "@std/assert";
import { Agency } from "../../client.ts";
import type { AgencyOptions, SendOptions, Summary } from "../../client.ts";
import { messageOf } from "../../program/errors.ts";
import { CapturedLog } from "./captured_log.ts";
import { FakeCentral, type FakeSession, type Script } from "./fake_central.ts";
import { testInFolder } from "./folder.ts";
import { csvOf, rows } from "./rows.ts";

/** Describes a delivery. */
interface SendingOptions
  extends Omit<Partial<AgencyOptions>, "id">, SendOptions {
  /** Bets in the agency's file. @default {30} */
  bets?: number;
  /** Text of the file, instead of made bets. */
  csv?: string;
  /** Scripts of the central, one per connection. */
  scripts: readonly SendingScript[];
}

/** Like {@linkcode Script}, with the path of the agency's file. */
type SendingScript = (session: FakeSession, path: string) => Promise<unknown>;

/** What a delivery has to come to. */
interface Expected {
  /** Number of bets answered with OK. */
  stored?: number;
  /** Number of bets that were stored before. */
  repeated?: number;
  /** Every frame that the central has received. */
  frames?: readonly string[];
  connections?: number;
  /** Content of the file of refused rows; empty without one. @default {""} */
  rejected?: string;
  /** Whether the central has recorded the agency's end. */
  isFinished?: boolean | undefined;
  /** Why the agency gives up. @default {/^$/} */
  error?: RegExp;
  /** Looks at everything else. */
  check?: (delivered: Delivered) => void;
}

/** A delivery that has ended. */
interface Delivered {
  central: FakeCentral;
  log: CapturedLog;
  /** What was returned, if the delivery was completed. */
  summary: Summary | undefined;
}

/** Registers a test of how a delivery ends. */
export function testSending(
  name: string,
  options: SendingOptions,
  { error: problem = /^$/, check = () => {}, ...expected }: Expected,
): void {
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
    const { stored, summary, error } = await deliver(
      path,
      central.port,
      options,
    );
    assertMatch(error, problem);
    const found = {
      stored,
      repeated: summary?.repeated,
      frames: central.names,
      connections: central.connections,
      rejected: await readIfThere(`${path}.rejected.csv`),
      isFinished: summary?.isFinished,
    };
    assertEquals(found, { ...found, rejected: "", ...expected });
    check({ central, log, summary });
  }, ["net"]);
}

async function deliver(
  path: string,
  port: number,
  options: SendingOptions,
): Promise<{ stored: number; summary?: Summary; error: string }> {
  const agency = new Agency({
    id: 9,
    server: `127.0.0.1:${port}`,
    maxAmount: 10,
    maxAttempts: 5,
    baseDelayMs: 1,
    ...options,
  });
  let stored = 0;
  try {
    const summary = await agency.send(path, {
      ...options,
      rejectedFile: "{file}.rejected.csv",
      onProgress: ({ bets }) => stored = bets,
    });
    return { stored, summary, error: "" };
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    return { stored, error: `${name}: ${messageOf(error)}` };
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
