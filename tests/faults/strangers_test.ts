import { assert, assertEquals, assertLess } from "@std/assert";
import { authFrame, Code, readError } from "../support/frames.ts";
import { writeCredentials } from "../support/guarded.ts";
import { Wire } from "../support/wire.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { makeFile, randomRows } from "./made_bets.ts";
import { memoryOf } from "./memory.ts";
import { sleep, testFault, times } from "./plan.ts";
import { assertStoredOnce } from "./guarantee.ts";
import { isDisconnection } from "./recording_agency.ts";
import { PATIENT, runAgency } from "./sending_agency.ts";

const AGENCIES = [1, 2];
/** Connections that never authenticate. */
const SILENT = times(20, 1_000);
/** Wrong tokens that one sender tries, some at a time. */
const GUESSES = times(40, 10_000);
const GUESSES_AT_ONCE = times(20, 200);
const BETS = times(3_000, 100_000);
/** A quarter of these places is for connections without a token so far. */
const MAX_CONNECTIONS = times(100, 1_000);
/** Tolerance in bytes for garbage that is not collected yet. */
const MEMORY_SLACK = 64 << 20;
const MEMORY_OF_PEER = 64 << 10;
const RETRY_DELAY = 10;

testFault(
  "agencies with tokens are served among strangers without, whose resources are freed",
  async ({ dir, random }) => {
    const credentials = `${dir}/credentials.csv`;
    await writeCredentials(credentials, { 1: "token 1", 2: "token 2" });
    await using central = await CrashingCentral.start(`${dir}/bets.csv`, {
      SERVER_CREDENTIALS: credentials,
      SERVER_AUTH_TIMEOUT: "1s",
      SERVER_MAX_CONNECTIONS: String(MAX_CONNECTIONS),
    });
    const { port, program } = central;
    const files = await Promise.all(
      AGENCIES.map((agency) =>
        makeFile(`${dir}/${agency}.csv`, agency, randomRows(random, BETS))
      ),
    );
    const before = await memoryOf(program.pid);
    const send = () =>
      Promise.all(files.map((file) =>
        runAgency(file, port, {
          ...PATIENT,
          CLI_BATCH_MAXAMOUNT: "10",
          CLI_TOKEN: `token ${file.agency}`,
        })
      ));
    const guessers = Array.from({ length: GUESSES_AT_ONCE }, async () => {
      for (let i = 0; i < GUESSES / GUESSES_AT_ONCE; i++) await guess(port);
    });
    const silent = Array.from({ length: SILENT }, () => beDropped(port));
    await Promise.all([send(), ...guessers, ...silent]);
    const after = await memoryOf(program.pid);
    if (before && after) {
      const peers = SILENT + GUESSES_AT_ONCE;
      const limit = peers * MEMORY_OF_PEER + MEMORY_SLACK;
      assertLess(after.peak - before.resident, limit);
    }
    // All their places are free again: no one is refused.
    const places = Math.floor(MAX_CONNECTIONS / 4);
    const wires = await Promise.all(
      Array.from({ length: places - 1 }, () => Wire.connect(port)),
    );
    const last = await Wire.connect(port);
    const reply = await last.ask(authFrame(1, "token 1"));
    assertEquals(reply?.type, 2);
    for (const wire of [...wires, last]) wire.close();
    await central.stop();
    await assertStoredOnce(central.store, files);
  },
);

/** Tries a wrong token until the reply is not BUSY. */
async function guess(port: number): Promise<void> {
  for (;;) {
    const code = await codeOf(port, authFrame(1, crypto.randomUUID()));
    if (code === Code.UNAUTHORIZED) return;
    assert(code === Code.BUSY || code === undefined, `code ${code}`);
    await sleep(RETRY_DELAY);
  }
}

/** Sends nothing until the connection is refused or dropped. */
async function beDropped(port: number): Promise<void> {
  const code = await codeOf(port, new Uint8Array(0));
  assert(code === Code.BUSY || code === undefined, `code ${code}`);
}

/** The code of the ERROR reply; `undefined` if the connection closes. */
async function codeOf(
  port: number,
  bytes: Uint8Array,
): Promise<number | undefined> {
  using wire = await Wire.connect(port);
  try {
    const reply = await wire.ask(bytes);
    return reply ? readError(reply).code : undefined;
  } catch (error) {
    assert(error instanceof Error && isDisconnection(error), String(error));
    return undefined;
  }
}
