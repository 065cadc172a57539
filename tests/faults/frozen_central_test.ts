import { CrashingCentral } from "./crashing_central.ts";
import { makeFile, randomRows } from "./made_bets.ts";
import { type FaultContext, sleep, testFault, times } from "./plan.ts";
import { assertStoredOnce } from "./promise.ts";
import { RecordingAgency } from "./recording_agency.ts";
import { runAgency, sendUntil } from "./sending_agency.ts";

const AGENCIES = [1, 2, 3, 4, 5];
const FREEZES = times(3, 100);
const REPLY_TIMEOUT = 100;
/** Milliseconds, most of them longer than agencies wait. */
const MAX_FREEZE = 400;
const MAX_OKS = 20;
const IDLE_TIMEOUT = 200;
/** Milliseconds between two freezes. */
const MAX_PAUSE = 100;
const BETS_IN_A_FREEZE = 200;

testFault(
  "agencies that give up on a frozen central and come back double nothing",
  freezeCentral,
);

testFault(
  "a central that was frozen for longer than its idle timeout drops no agency that waits for it",
  async ({ dir, random }) => {
    await using central = await CrashingCentral.start(`${dir}/bets.csv`, {
      SERVER_IDLE_TIMEOUT: `${IDLE_TIMEOUT}ms`,
    });
    const { port, program } = central;
    const rows = randomRows(random, FREEZES * BETS_IN_A_FREEZE);
    const file = await makeFile(`${dir}/1.csv`, 1, rows);
    let isDone = false;
    // One attempt: an agency that is dropped does not end well.
    const env = { CLI_RETRY_MAXATTEMPTS: "1", CLI_BATCH_MAXAMOUNT: "5" };
    const sending = runAgency(file, port, env).finally(() => isDone = true);
    while (!isDone) {
      await program.line(/apuesta_recibida/);
      program.kill("SIGSTOP");
      await sleep(2 * IDLE_TIMEOUT);
      program.kill("SIGCONT");
      await sleep(random.between(0, MAX_PAUSE));
    }
    await sending;
    await central.stop();
    await assertStoredOnce(central.store, [file]);
  },
);

/** What was sent before the freeze is still read when it is over. */
async function freezeCentral({ dir, random }: FaultContext): Promise<void> {
  await using central = await CrashingCentral.start(`${dir}/bets.csv`);
  const { port, program } = central;
  const recorder = new RecordingAgency({
    agency: 6,
    port,
    random: random.fork(),
  });
  let isDone = false;
  const recorded = recorder.run();
  const sent = Promise.all(AGENCIES.map((agency) =>
    sendUntil(agency, dir, {
      bets: 1_000,
      random: random.fork(),
      isDone: () => isDone,
      port,
      env: {
        CLI_BATCH_MAXAMOUNT: "5",
        CLI_RETRY_REPLYTIMEOUT: `${REPLY_TIMEOUT}ms`,
      },
    })
  ));
  for (let i = 0; i < FREEZES; i++) {
    await recorder.moreOks(random.between(1, MAX_OKS));
    program.kill("SIGSTOP");
    await sleep(random.between(0, MAX_FREEZE));
    program.kill("SIGCONT");
  }
  isDone = true;
  recorder.finish();
  await recorded;
  const files = (await sent).flat();
  await central.stop();
  await assertStoredOnce(central.store, [...files, recorder.acknowledged]);
}
