import { assertEquals, assertLess } from "@std/assert";
import { askMalformed, randomMalformed } from "../support/malformed_frames.ts";
import type { Random } from "../support/random_bets.ts";
import { readFinishers } from "../support/stored.ts";
import { Wire } from "../support/wire.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { assertStoredOnce } from "./guarantee.ts";
import { memoryOf } from "./memory.ts";
import { testFault, times } from "./plan.ts";
import { RecordingAgency } from "./recording_agency.ts";

const FRAMES = times(2_000, 120_000);
/** Connections at once. */
const LANES = 16;
/** Tolerance in bytes for garbage that is not collected yet. */
const MEMORY_LIMIT = 100 << 20;
/** Part of the frames that is sent before memory is first measured. */
const WARM_UP = 0.1;

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
  random: Random,
  count: number,
): Promise<void> {
  const lanes = Array.from({ length: LANES }, async () => {
    const own = random.fork();
    let wire: Wire | undefined;
    for (let left = count / LANES; left > 0; left--) {
      wire ??= await Wire.connect(port);
      if (await askMalformed(wire, randomMalformed(own))) continue;
      wire.close();
      wire = undefined;
    }
    wire?.close();
  });
  await Promise.all(lanes);
}
