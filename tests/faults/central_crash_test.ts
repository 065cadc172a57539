import type { ForkableRandom } from "../support/seeded.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { type FaultContext, sleep, testFault, times } from "./plan.ts";
import { assertNoOkTakenBack, assertStoredOnce } from "./guarantee.ts";
import { RecordingAgency } from "./recording_agency.ts";
import { sendUntil } from "./sending_agency.ts";

const CRASHES = times(4, 200);
/** Most OKs that a recording agency gets in one life of the central. */
const MAX_OKS = 40;
/** Milliseconds from there to the kill. */
const MAX_PAUSE = 5;
/** Part of the lives in which the central is killed while it starts. */
const EARLY_CRASH_CHANCE = 0.15;
/** Longest time from the start to such a kill, in milliseconds. */
const START_TIME = 300;
const BETS_OF_FILE = 2_000;

testFault(
  "a central killed at random moments loses no acknowledged bet",
  crashCentral,
);

async function crashCentral({ dir, random }: FaultContext): Promise<void> {
  await using central = await CrashingCentral.start(`${dir}/bets.csv`);
  const { port } = central;
  const recorders = [6, 7].map((agency) =>
    new RecordingAgency({ agency, port, random: random.fork() })
  );
  let isDone = false;
  async function crashAll(): Promise<void> {
    await crashOften(central, recorders, random);
    isDone = true;
    for (const recorder of recorders) recorder.finish();
  }
  const sent = [1, 2, 3, 4, 5].map((agency) =>
    sendUntil(agency, dir, {
      bets: BETS_OF_FILE,
      random: random.fork(),
      isDone: () => isDone,
      port,
      env: { CLI_BATCH_MAXAMOUNT: "5" },
    })
  );
  const recorded = recorders.map((recorder) => recorder.run());
  const [files] = await Promise.all([
    Promise.all(sent),
    crashAll(),
    ...recorded,
  ]);
  await central.stop();
  await assertStoredOnce(central.store, [
    ...files.flat(),
    ...recorders.map((recorder) => recorder.acknowledged),
  ]);
}

async function crashOften(
  central: CrashingCentral,
  recorders: readonly RecordingAgency[],
  random: ForkableRandom,
): Promise<void> {
  for (let i = 0; i < CRASHES; i++) {
    await random.pick(recorders).moreOks(random.between(0, MAX_OKS));
    // Otherwise it is killed right after an OK.
    if (random.happens(0.3)) await sleep(random.between(1, MAX_PAUSE));
    await crash(central, recorders);
    while (random.happens(EARLY_CRASH_CHANCE)) {
      central.revive();
      await sleep(random.between(0, START_TIME));
      await crash(central, recorders);
    }
    await central.restart();
  }
}

async function crash(
  central: CrashingCentral,
  recorders: readonly RecordingAgency[],
): Promise<void> {
  await central.crash();
  await assertNoOkTakenBack(
    central.store,
    recorders.map((recorder) => recorder.acknowledged),
  );
}
