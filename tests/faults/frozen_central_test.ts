import type { RunningProgram } from "../support/programs.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { type FaultContext, sleep, testFault, times } from "./plan.ts";
import { assertStoredOnce } from "./guarantee.ts";
import { RecordingAgency } from "./recording_agency.ts";
import { sendUntil } from "./sending_agency.ts";

const AGENCIES = [1, 2, 3, 4, 5];
const FREEZES = times(4, 100);
const REPLY_TIMEOUT = 100;
/** Milliseconds of a freeze; most are longer than the agencies' time limit. */
const MAX_FREEZE = 400;
const MAX_OKS = 20;
const IDLE_TIMEOUT = 200;
/** Milliseconds between two freezes. */
const MAX_PAUSE = 200;
const BETS_OF_FILE = 1_000;

testFault(
  "agencies that give up on a frozen central and come back store no bet twice",
  freezeCentral,
);

testFault(
  "a central that was frozen for longer than its idle timeout drops no agency that waits for it",
  async ({ dir, random }) => {
    await using central = await CrashingCentral.start(`${dir}/bets.csv`, {
      SERVER_IDLE_TIMEOUT: `${IDLE_TIMEOUT}ms`,
    });
    const { port, program } = central;
    let isDone = false;
    async function freezeOften(): Promise<void> {
      for (let i = 0; i < FREEZES; i++) {
        await sleep(random.between(0, MAX_PAUSE));
        await freeze(program, 2 * IDLE_TIMEOUT);
      }
      isDone = true;
    }
    const sent = sendUntil(1, dir, {
      bets: BETS_OF_FILE,
      random: random.fork(),
      isDone: () => isDone,
      port,
      // One attempt: an agency whose connection is dropped fails.
      env: { CLI_RETRY_MAXATTEMPTS: "1", CLI_BATCH_MAXAMOUNT: "5" },
    });
    const [files] = await Promise.all([sent, freezeOften()]);
    await central.stop();
    await assertStoredOnce(central.store, files);
  },
);

/** Frames sent before the freeze are still read after it. */
async function freezeCentral({ dir, random }: FaultContext): Promise<void> {
  await using central = await CrashingCentral.start(`${dir}/bets.csv`);
  const { port, program } = central;
  const recorder = new RecordingAgency({
    agency: 6,
    port,
    random: random.fork(),
  });
  let isDone = false;
  async function freezeOften(): Promise<void> {
    for (let i = 0; i < FREEZES; i++) {
      await recorder.moreOks(random.between(1, MAX_OKS));
      await freeze(program, random.between(0, MAX_FREEZE));
    }
    isDone = true;
    recorder.finish();
  }
  const sent = Promise.all(AGENCIES.map((agency) =>
    sendUntil(agency, dir, {
      bets: BETS_OF_FILE,
      random: random.fork(),
      isDone: () => isDone,
      port,
      env: {
        CLI_BATCH_MAXAMOUNT: "5",
        CLI_RETRY_REPLYTIMEOUT: `${REPLY_TIMEOUT}ms`,
      },
    })
  ));
  const [files] = await Promise.all([sent, freezeOften(), recorder.run()]);
  await central.stop();
  await assertStoredOnce(central.store, [
    ...files.flat(),
    recorder.acknowledged,
  ]);
}

async function freeze(program: RunningProgram, time: number): Promise<void> {
  program.kill("SIGSTOP");
  await sleep(time);
  program.kill("SIGCONT");
}
