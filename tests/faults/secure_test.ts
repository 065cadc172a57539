import { assertEquals } from "@std/assert";
import { PEM } from "../support/certificates.ts";
import { writeCredentials } from "../support/guarded.ts";
import { FaultyProxy } from "../support/proxy.ts";
import { startAgency } from "../support/programs.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { type MadeFile, makeFile, randomRows } from "./made_bets.ts";
import { type FaultContext, testFault, times } from "./plan.ts";
import { assertStoredOnce } from "./guarantee.ts";
import { PATIENT, sendUntil } from "./sending_agency.ts";

const AGENCIES = [1, 2, 3];
const CRASHES = times(3, 40);
const FAULTS = times(2, 100);
const BETS = times(400, 2_000);
/** Longest life of a central, in milliseconds. */
const MAX_LIFE = 500;

testFault(
  "with TLS and tokens, a central killed at random moments loses no bet and stores none twice",
  async ({ dir, random }) => {
    await using central = await startSecure(dir);
    let isDone = false;
    const sent = AGENCIES.map((agency) =>
      sendUntil(agency, dir, {
        bets: BETS,
        random: random.fork(),
        isDone: () => isDone,
        port: central.port,
        env: { CLI_BATCH_MAXAMOUNT: "5", ...secureEnv(agency) },
      })
    );
    const [files] = await Promise.all([
      Promise.all(sent),
      central.crashOften({ times: CRASHES, maxLife: MAX_LIFE, random }).finally(
        () => isDone = true,
      ),
    ]);
    await central.stop();
    await assertStoredOnce(central.store, files.flat());
  },
);

testFault(
  "with TLS and tokens, a network that cuts, stalls, delays, splits and joins loses no bet and stores none twice",
  async ({ dir, random }) => {
    await using central = await startSecure(dir, {
      SERVER_IDLE_TIMEOUT: "500ms",
    });
    await using proxy = new FaultyProxy({
      targetPort: central.port,
      chances: { cut: 30, stall: 10, delay: 50, split: 150, join: 50 },
      stallTime: 600,
      random: random.fork(),
    });
    const { port, counts } = proxy;
    const files = await Promise.all(
      AGENCIES.map((agency) =>
        sendUntil(agency, dir, {
          bets: BETS,
          random: random.fork(),
          isDone: () => Object.values(counts).every((count) => count >= FAULTS),
          port,
          env: {
            CLI_BATCH_MAXAMOUNT: "10",
            CLI_RETRY_REPLYTIMEOUT: "500ms",
            ...secureEnv(agency),
          },
        })
      ),
    );
    await central.stop();
    await assertStoredOnce(central.store, files.flat());
  },
);

testFault(
  "with TLS and tokens, agencies get their winners from a central that is killed",
  drawSecurely,
);

async function drawSecurely({ dir, random }: FaultContext): Promise<void> {
  await using central = await startSecure(dir, {
    SERVER_DRAW_AGENCIES: String(AGENCIES.length),
  });
  const files = await Promise.all(AGENCIES.map((agency) => {
    const rows = randomRows(random, BETS);
    const winners = rows.map((row, i) =>
      i % 50 === 7 ? row.with(4, "7574") : row
    );
    return makeFile(`${dir}/${agency}.csv`, agency, winners);
  }));
  await Promise.all([
    ...files.map((file) => awaitWinners(file, central.port)),
    central.crashOften({ times: CRASHES, maxLife: MAX_LIFE, random }),
  ]);
  await central.stop();
  await assertStoredOnce(central.store, files);
}

async function awaitWinners(
  { path, agency, rows }: MadeFile,
  port: number,
): Promise<void> {
  await using program = startAgency(agency, path, port, {
    ...PATIENT,
    CLI_DRAW_AWAIT: "true",
    ...secureEnv(agency),
  });
  const { code, stdout, stderr } = await program.ending();
  assertEquals({ code, stderr }, { code: 0, stderr: "" }, stdout);
  const winners = rows.filter((row) => Number(row[4]) === 7574).length;
  assertEquals(
    /cant_ganadores: (\d+)/.exec(stdout)?.[1],
    String(winners),
    stdout,
  );
}

async function startSecure(
  dir: string,
  env: Record<string, string> = {},
): Promise<CrashingCentral> {
  const credentials = `${dir}/credentials.csv`;
  const tokens = AGENCIES.map((agency) => [agency, tokenOf(agency)]);
  await writeCredentials(credentials, Object.fromEntries(tokens));
  return await CrashingCentral.start(`${dir}/bets.csv`, {
    SERVER_CREDENTIALS: credentials,
    SERVER_TLS_CERTIFICATE: PEM.server,
    SERVER_TLS_KEY: PEM.serverKey,
    ...env,
  });
}

function secureEnv(agency: number): Record<string, string> {
  return { CLI_TLS_CA: PEM.ca, CLI_TOKEN: tokenOf(agency) };
}

function tokenOf(agency: number): string {
  return `the token of agency ${agency}`;
}
