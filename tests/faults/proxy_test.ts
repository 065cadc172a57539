import { FaultyProxy } from "../support/proxy.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { assertStoredOnce } from "./guarantee.ts";
import { testFault, times } from "./plan.ts";
import { RecordingAgency } from "./recording_agency.ts";
import { SECURITIES } from "./security.ts";
import { sendUntil } from "./sending_agency.ts";

const AGENCIES = [1, 2, 3];
/** Fewest faults of each kind. */
const FAULTS = times(2, 200);
const BETS_OF_FILE = times(300, 3_000);
/** Longer than the time limits of both sides. */
const STALL_MS = 600;
const REPLY_TIMEOUT = "400ms";
const IDLE_TIMEOUT = "500ms";
const CHANCES = { cut: 30, stall: 10, delay: 50, split: 150, join: 50 };

for (const security of SECURITIES) {
  testFault(
    `${security.name}a network that cuts, stalls, delays, splits and joins loses no bet and stores none twice`,
    async ({ dir, random }) => {
      await using central = await CrashingCentral.start(`${dir}/bets.csv`, {
        SERVER_IDLE_TIMEOUT: IDLE_TIMEOUT,
        ...await security.central(dir),
      });
      await using proxy = new FaultyProxy({
        targetPort: central.port,
        chances: CHANCES,
        stallTime: STALL_MS,
        random: random.fork(),
      });
      const { port, counts } = proxy;
      const recorder = new RecordingAgency({
        agency: 6,
        port,
        random: random.fork(),
        security,
      });
      const sent = Promise.all(AGENCIES.map((agency) =>
        sendUntil(agency, dir, {
          bets: BETS_OF_FILE,
          random: random.fork(),
          isDone: () => Object.values(counts).every((count) => count >= FAULTS),
          port,
          env: {
            CLI_BATCH_MAXAMOUNT: "10",
            CLI_RETRY_REPLYTIMEOUT: REPLY_TIMEOUT,
            ...security.agency(agency),
          },
        })
      ));
      const [files] = await Promise.all([
        sent.finally(() => recorder.finish()),
        recorder.run(),
      ]);
      await central.stop();
      await assertStoredOnce(central.store, [
        ...files.flat(),
        recorder.acknowledged,
      ]);
    },
  );
}
