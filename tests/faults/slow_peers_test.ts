import { assert, assertEquals, assertLess } from "@std/assert";
import { betFrame } from "../support/frames.ts";
import { Wire } from "../support/wire.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { makeFile, randomRow, randomRows } from "./made_bets.ts";
import { memoryOf } from "./memory.ts";
import { type FaultContext, testFault, times } from "./plan.ts";
import { assertStoredOnce } from "./guarantee.ts";
import { isDisconnection } from "./recording_agency.ts";
import { runAgency } from "./sending_agency.ts";

const SLOW_PEERS = times(10, 300);
/** Most bytes that a peer sends: a header and a bit of the payload. */
const STALL_SIZE = 10;
/** Each keeps the central as busy as it can. */
const DEAF_PEERS = times(3, 20);
const BETS = times(3_000, 30_000);
/** Long enough for an agency on a busy machine. */
const IDLE_TIMEOUT = "1s";
/** Most memory that one connection may cost the central, in bytes. */
const MEMORY_OF_PEER = 256 << 10;
/**
 * The central's heap in MiB. V8 keeps garbage while there is room. In a small
 * heap the central keeps only what it needs, and dies if that is more.
 */
const HEAP_SIZE = 16;
/** Memory of V8 beside that of the peers, in bytes. */
const MEMORY_SLACK = 64 << 20;
/** One attempt: an agency whose connection is dropped fails. */
const IMPATIENT = { CLI_RETRY_MAXATTEMPTS: "1", CLI_BATCH_MAXAMOUNT: "10" };

testFault(
  "central drops peers that are silent or stall after a header, without effect on others",
  async (context) => {
    const { random } = context;
    const bytes = betFrame({ rows: [randomRow(random)] });
    await dropPeers(
      context,
      SLOW_PEERS,
      // A peer that has sent nothing cannot learn that it was never accepted.
      (wire) => wire.send(bytes.subarray(0, 1 + random.below(STALL_SIZE))),
    );
  },
);

testFault(
  "central drops peers that do not read replies, without effect on others",
  async (context) => {
    // Each of these gets a reason of hundreds of bytes.
    const bytes = betFrame({ rows: [["\0".repeat(255), "", "", "", ""]] });
    await dropPeers(context, DEAF_PEERS, async (wire) => {
      for (;;) await wire.send(bytes);
    });
  },
);

/** Bad peers use all places but one, while an agency sends on that one. */
async function dropPeers(
  { dir, random }: FaultContext,
  count: number,
  misbehave: (wire: Wire) => Promise<void>,
): Promise<void> {
  await using central = await CrashingCentral.start(`${dir}/bets.csv`, {
    DENO_V8_FLAGS: `--max-old-space-size=${HEAP_SIZE}`,
    SERVER_IDLE_TIMEOUT: IDLE_TIMEOUT,
    SERVER_MAX_CONNECTIONS: String(count + 1),
    // All of them connect at once.
    SERVER_LISTEN_BACKLOG: String(count + 1),
  });
  const { port, program } = central;
  const file = await makeFile(`${dir}/1.csv`, 1, randomRows(random, BETS));
  const before = await memoryOf(program.pid);
  const sending = runAgency(file, port, IMPATIENT);
  const peers = Array.from({ length: count }, () => beDropped(port, misbehave));
  await Promise.all([sending, ...peers]);
  const after = await memoryOf(program.pid);
  if (before && after) {
    const limit = count * MEMORY_OF_PEER + MEMORY_SLACK;
    assertLess(after.peak - before.resident, limit);
  }
  // Their places must be free again.
  const wires = await Promise.all(
    Array.from({ length: count }, () => Wire.connect(port)),
  );
  await runAgency(file, port, IMPATIENT);
  for (const wire of wires) wire.close();
  await central.stop();
  await assertStoredOnce(central.store, [file]);
}

async function beDropped(
  port: number,
  misbehave: (wire: Wire) => Promise<void>,
): Promise<void> {
  using wire = await Wire.connect(port);
  try {
    await misbehave(wire);
    assertEquals(await wire.reply(), null);
  } catch (error) {
    assert(error instanceof Error && isDisconnection(error), String(error));
  }
}
