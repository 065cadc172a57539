import { delay } from "../support/deadline.ts";
import type { Random } from "../support/random_bets.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { assertNoOkTakenBack, assertStoredOnce } from "./guarantee.ts";
import { testFault as test, times } from "./plan.ts";
import { RecordingAgency } from "./recording_agency.ts";
import { SECURITIES } from "./security.ts";
import { sendUntil } from "./sending_agency.ts";

const CRASHES = times(3, 120);
/** Most OKs that a recording agency gets in one life of the central. */
const MAX_OKS = 40;
/** Milliseconds from there to the kill. */
const MAX_PAUSE_MS = 5;
/** Part of the lives in which the central is killed while it starts. */
const EARLY_CRASH_CHANCE = 0.15;
/** Longest time from a start to the kill, in milliseconds. */
const START_MS = 300;
const BETS_OF_FILE = 1_000;

for (const security of SECURITIES) {
  test(`${security.name}a central killed at random moments loses no acknowledged bet and stores none twice`, async ({ dir, random }) => {
    const env = await security.central(dir);
    await using central = await CrashingCentral.start(`${dir}/bets.csv`, env);
    const { port } = central;
    const recorders = [6, 7].map((agency) =>
      new RecordingAgency({ agency, port, random: random.fork(), security })
    );
    let isDone = false;
    const sent = sendUntil(dir, {
      agencies: [1, 2, 3],
      bets: BETS_OF_FILE,
      random: random.fork(),
      isDone: () => isDone,
      port,
      envOf: (id) => ({ CLI_BATCH_MAXAMOUNT: "5", ...security.agency(id) }),
    });
    const crashes = crashOften(central, recorders, random).finally(() => {
      isDone = true;
      for (const recorder of recorders) recorder.finish();
    });
    const recorded = recorders.map((recorder) => recorder.run());
    const [files] = await Promise.all([sent, crashes, ...recorded]);
    await central.stop();
    await assertStoredOnce(central.store, [
      ...files,
      ...recorders.map((recorder) => recorder.acknowledged),
    ]);
  });
}

async function crashOften(
  central: CrashingCentral,
  recorders: readonly RecordingAgency[],
  random: Random,
): Promise<void> {
  for (let i = 0; i < CRASHES; i++) {
    await random.pick(recorders).moreOks(random.between(0, MAX_OKS));
    // Otherwise it is killed right after an OK.
    if (random.happens(0.3)) await delay(random.between(1, MAX_PAUSE_MS));
    await crash(central, recorders);
    while (random.happens(EARLY_CRASH_CHANCE)) {
      central.revive();
      await delay(random.between(0, START_MS));
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
