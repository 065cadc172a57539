import { assertEquals, assertLess } from "@std/assert";
import { readFinishers } from "../support/stored.ts";
import { Code, readError, Type } from "../support/frames.ts";
import type { ForkableRandom } from "../support/seeded.ts";
import { Wire } from "../support/wire.ts";
import { CrashingCentral } from "./crashing_central.ts";
import {
  malformedCorpus,
  type MalformedFrame,
  randomMalformed,
} from "./malformed_frames.ts";
import { memoryOf } from "./memory.ts";
import { inTime, testFault, times } from "./plan.ts";
import { assertStoredOnce } from "./guarantee.ts";
import { RecordingAgency } from "./recording_agency.ts";

const FRAMES = times(2_000, 120_000);
/** Connections at once. */
const LANES = 16;
/** Longest time for a reply, in milliseconds. */
const ANSWER_LIMIT = 10_000;
/** Tolerance in bytes for garbage that is not collected yet. */
const MEMORY_LIMIT = 100 << 20;
/** Part of the frames that is sent before memory is first measured. */
const WARM_UP = 0.1;
/** Errors after which the connection stays open. */
const GOES_ON: readonly number[] = [Code.INVALID_BET, Code.UNKNOWN_AGENCY];

testFault(
  "central answers malformed frames correctly, stores and leaks nothing",
  async ({ dir, random }) => {
    await using central = await CrashingCentral.start(`${dir}/bets.csv`);
    const { port, program } = central;
    const recorder = new RecordingAgency({
      agency: 2,
      port,
      random: random.fork(),
    });
    async function sendMalformed(): Promise<void> {
      await sendAll(port, malformedCorpus(random));
      await sendRandom(port, random, WARM_UP * FRAMES);
      const before = await memoryOf(program.pid);
      await sendRandom(port, random, (1 - WARM_UP) * FRAMES);
      const after = await memoryOf(program.pid);
      if (before && after) {
        assertLess(after.resident - before.resident, MEMORY_LIMIT);
      }
      recorder.finish();
    }
    await Promise.all([sendMalformed(), recorder.run()]);
    await central.stop();
    await assertStoredOnce(central.store, [recorder.acknowledged]);
    assertEquals(await readFinishers(central.store), []);
  },
);

async function sendRandom(
  port: number,
  random: ForkableRandom,
  count: number,
): Promise<void> {
  const lanes = Array.from({ length: LANES }, async () => {
    const own = random.fork();
    const frames = Array.from(
      { length: count / LANES },
      () => randomMalformed(own),
    );
    await sendAll(port, frames);
  });
  await Promise.all(lanes);
}

/** Sends them one by one over a connection, and opens another if it ends. */
async function sendAll(
  port: number,
  frames: readonly MalformedFrame[],
): Promise<void> {
  let wire: Wire | undefined;
  try {
    for (const frame of frames) {
      wire ??= await Wire.connect(port);
      if (await inTime(send(wire, frame), ANSWER_LIMIT)) continue;
      wire.close();
      wire = undefined;
    }
  } finally {
    wire?.close();
  }
}

/** Sends a frame and asserts the reply. True if the connection stays open. */
async function send(
  wire: Wire,
  { bytes, error }: MalformedFrame,
): Promise<boolean> {
  await wire.send(bytes);
  if (error) {
    const { code, index } = readError(await wire.reply());
    assertEquals({ code, index }, error, bytes.toHex());
    if (GOES_ON.includes(code)) return true;
    assertEquals(await wire.reply(), null, bytes.toHex());
    return false;
  }
  await wire.closeWrite();
  for (;;) {
    const reply = await wire.reply();
    if (!reply) return false;
    assertEquals(reply.type, Type.ERROR, bytes.toHex());
  }
}
