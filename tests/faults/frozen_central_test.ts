import { delay } from "../support/deadline.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { assertStoredOnce } from "./guarantee.ts";
import { testFault as test, times } from "./plan.ts";
import { sendUntil } from "./sending_agency.ts";

const FREEZES = times(4, 100);
/** Milliseconds between two freezes. */
const MAX_PAUSE_MS = 200;
const BETS_OF_FILE = 1_000;
const IDLE_TIMEOUT_MS = 200;

/** Milliseconds of each freeze, and the settings of both sides. */
const CASES = {
  "agencies that give up on a frozen central and come back store no bet twice":
    {
      freezeMs: { min: 0, max: 400 },
      central: {},
      agency: { CLI_RETRY_REPLYTIMEOUT: "100ms" },
    },
  "a central that was frozen for longer than its idle timeout drops no agency":
    {
      freezeMs: { min: 2 * IDLE_TIMEOUT_MS, max: 2 * IDLE_TIMEOUT_MS },
      central: { SERVER_IDLE_TIMEOUT: `${IDLE_TIMEOUT_MS}ms` },
      // One attempt: an agency whose connection is dropped fails.
      agency: { CLI_RETRY_MAXATTEMPTS: "1" },
    },
};

for (const [name, { freezeMs, ...env }] of Object.entries(CASES)) {
  test(name, async ({ dir, random }) => {
    const store = `${dir}/bets.csv`;
    await using central = await CrashingCentral.start(store, env.central);
    const { port, program } = central;
    let isDone = false;
    async function freezeOften(): Promise<void> {
      for (let i = 0; i < FREEZES; i++) {
        await delay(random.between(0, MAX_PAUSE_MS));
        program.kill("SIGSTOP");
        await delay(random.between(freezeMs.min, freezeMs.max));
        program.kill("SIGCONT");
      }
      isDone = true;
    }
    const sent = sendUntil(dir, {
      agencies: [1, 2, 3],
      bets: BETS_OF_FILE,
      random: random.fork(),
      isDone: () => isDone,
      port,
      envOf: () => ({ CLI_BATCH_MAXAMOUNT: "5", ...env.agency }),
    });
    const [files] = await Promise.all([sent, freezeOften()]);
    await central.stop();
    await assertStoredOnce(store, files);
  });
}
