import { assertGreater } from "@std/assert";
import { CrashingCentral } from "./crashing_central.ts";
import { makeFile, randomRows } from "./made_bets.ts";
import { testFault, times } from "./plan.ts";
import { assertStoredOnce } from "./guarantee.ts";
import { runAgency } from "./sending_agency.ts";

const AGENCIES = Array.from({ length: times(5, 20) }, (_, i) => i + 1);
const BETS = times(500, 5_000);
const MAX_CONNECTIONS = 2;

testFault(
  "agencies that get BUSY come back and succeed",
  async ({ dir, random }) => {
    await using central = await CrashingCentral.start(`${dir}/bets.csv`, {
      SERVER_MAX_CONNECTIONS: String(MAX_CONNECTIONS),
    });
    const files = await Promise.all(
      AGENCIES.map((agency) =>
        makeFile(`${dir}/${agency}.csv`, agency, randomRows(random, BETS))
      ),
    );
    await Promise.all(
      files.map((file) =>
        runAgency(file, central.port, { CLI_BATCH_MAXAMOUNT: "5" })
      ),
    );
    const turnedAway = central.program.lines
      .filter((line) => line.endsWith("error: BUSY"));
    await central.stop();
    assertGreater(turnedAway.length, 0);
    await assertStoredOnce(central.store, files);
  },
);
