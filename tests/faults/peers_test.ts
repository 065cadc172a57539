import { assert, assertLess } from "@std/assert";
import { authFrame, betFrame, Code, readError } from "../support/frames.ts";
import { writeCredentials } from "../support/served.ts";
import { isDisconnection, Wire } from "../support/wire.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { assertStoredOnce } from "./guarantee.ts";
import { makeFile, randomRow, randomRows } from "../support/made_bets.ts";
import { memoryOf } from "./memory.ts";
import { type FaultContext, testFault as test, times } from "./plan.ts";
import { runAgency } from "./sending_agency.ts";

const SLOW_PEERS = times(10, 300);
/** Most bytes that a peer sends: a header and a bit of the payload. */
const STALL_BYTES = 10;
/** Each keeps the central as busy as it can. */
const DEAF_PEERS = times(2, 20);
/** Peers without a token; the central authenticates some at a time. */
const STRANGERS = times(20, 1_000);
const BETS = times(3_000, 30_000);
/** Long enough for an agency on a busy machine. */
const TIMEOUT = "1s";
/** Most memory that one connection may cost the central, in bytes. */
const MEMORY_OF_PEER = 256 << 10;
/**
 * The central's heap in MiB. V8 keeps garbage while there is room. In a small
 * heap the central keeps only what it needs, and dies if that is more.
 */
const HEAP_SIZE = 16;
/** Memory of V8 beside that of the peers, in bytes. */
const MEMORY_SLACK = 64 << 20;
const TOKEN = "the token";

test("central drops peers that are silent or stall after a header, without effect on others", async (context) => {
  const { random } = context;
  const bytes = betFrame({ rows: [randomRow(random)] });
  await dropPeers(context, {
    peers: SLOW_PEERS,
    // A peer that has sent nothing cannot learn that it was never accepted.
    misbehave: (wire) =>
      wire.send(bytes.subarray(0, 1 + random.below(STALL_BYTES))),
  });
});

test("central drops peers that do not read replies, without effect on others", async (context) => {
  // Each of these gets a reason of hundreds of bytes.
  const bytes = betFrame({ rows: [["\0".repeat(255), "", "", "", ""]] });
  await dropPeers(context, {
    peers: DEAF_PEERS,
    async misbehave(wire): Promise<void> {
      for (;;) await wire.send(bytes);
    },
  });
});

test("central drops strangers that are silent or guess tokens, without effect on agencies", async (context) => {
  const credentials = `${context.dir}/credentials.csv`;
  await writeCredentials(credentials, { 1: TOKEN });
  await dropPeers(context, {
    peers: STRANGERS,
    async misbehave(wire): Promise<void> {
      if (context.random.happens(0.5)) return;
      await wire.send(authFrame(1, crypto.randomUUID()));
    },
    // Most places are not for strangers.
    maxConnections: 4 * STRANGERS + 8,
    env: { SERVER_CREDENTIALS: credentials, SERVER_AUTH_TIMEOUT: TIMEOUT },
  });
});

/** What the bad peers do, and settings of the central. */
interface BadPeers {
  peers: number;
  misbehave: (wire: Wire) => Promise<void>;
  /** One place more, if it is not given. */
  maxConnections?: number;
  env?: Record<string, string>;
}

/** Bad peers connect all at once, while an agency sends. */
async function dropPeers(
  { dir, random }: FaultContext,
  { peers, misbehave, maxConnections = peers + 1, env = {} }: BadPeers,
): Promise<void> {
  await using central = await CrashingCentral.start(`${dir}/bets.csv`, {
    DENO_V8_FLAGS: `--max-old-space-size=${HEAP_SIZE}`,
    SERVER_IDLE_TIMEOUT: TIMEOUT,
    SERVER_MAX_CONNECTIONS: String(maxConnections),
    SERVER_LISTEN_BACKLOG: String(peers + 1),
    ...env,
  });
  const { port, program } = central;
  const file = await makeFile(`${dir}/1.csv`, 1, randomRows(random, BETS));
  // One attempt: an agency whose connection is dropped fails.
  const send = () =>
    runAgency(file, port, {
      CLI_RETRY_MAXATTEMPTS: "1",
      CLI_BATCH_MAXAMOUNT: "10",
      CLI_TOKEN: TOKEN,
    });
  const before = await memoryOf(program.pid);
  await Promise.all([
    send(),
    ...Array.from({ length: peers }, () => beDropped(port, misbehave)),
  ]);
  const after = await memoryOf(program.pid);
  if (before && after) {
    const limit = peers * MEMORY_OF_PEER + MEMORY_SLACK;
    assertLess(after.peak - before.resident, limit);
  }
  // Their places must be free again.
  const wires = await Promise.all(
    Array.from({ length: peers }, () => Wire.connect(port)),
  );
  await send();
  for (const wire of wires) wire.close();
  await central.stop();
  await assertStoredOnce(central.store, [file]);
}

/** Misbehaves until the central closes the connection. */
async function beDropped(
  port: number,
  misbehave: (wire: Wire) => Promise<void>,
): Promise<void> {
  using wire = await Wire.connect(port);
  try {
    await misbehave(wire);
    const reply = await wire.reply();
    if (!reply) return;
    const { code } = readError(reply);
    assert(code === Code.UNAUTHORIZED || code === Code.BUSY, `code ${code}`);
    await wire.closed();
  } catch (error) {
    assert(isDisconnection(error), String(error));
  }
}
