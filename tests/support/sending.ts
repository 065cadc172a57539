// A delivery inside the tests' own process, to a central of the tests' own.

import { Agency } from "../../client.ts";
import type { AgencyOptions, SendOptions, Summary } from "../../client.ts";
import { messageOf } from "../../program/errors.ts";
import { CapturedLog } from "./captured_log.ts";
import { FakeCentral, type FakeSession, type Script } from "./fake_central.ts";
import { testInFolder } from "./folder.ts";
import { csvOf, rows } from "./rows.ts";

/** Describes a delivery. */
export interface SendingOptions
  extends Omit<Partial<AgencyOptions>, "id">, SendOptions {
  /** Bets in the agency's file. @default {30} */
  bets?: number;
  /** Text of the file, instead of made bets. */
  csv?: string;
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
  log: CapturedLog;
  /** What was returned, if the delivery was completed. */
  summary: Summary | undefined;
  /** Reason for giving up; empty if the delivery was completed. */
  error: string;
}

/** Registers a test that looks at how a delivery ended. */
export function testSending(
  name: string,
  options: SendingOptions,
  check: (delivered: Delivered) => void | Promise<void>,
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
    const rejected = await readIfThere(`${path}.rejected.csv`);
    await check({ central, stored, rejected, log, summary, error });
  }, ["net"]);
}

async function deliver(
  path: string,
  port: number,
  options: SendingOptions,
): Promise<Pick<Delivered, "stored" | "summary" | "error">> {
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
    const text = `${name}: ${messageOf(error)}`;
    return { stored, summary: undefined, error: text };
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
