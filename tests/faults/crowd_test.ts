import { assertLess } from "@std/assert";
import { betFrame, Type } from "../support/frames.ts";
import type { Chance } from "../support/seeded.ts";
import { Wire } from "../support/wire.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { randomRows, randomSource } from "./made_bets.ts";
import { testFault, times } from "./plan.ts";
import { assertStoredOnce, type Sent } from "./promise.ts";

const CONNECTIONS = times(200, 2_000);
const BATCHES = 10;
const BATCH_SIZE = 5;
/** The slowest may take so many times as long as the median. */
const FAIRNESS = 4;

testFault(
  "every connection of a crowd is served, the slowest not much later",
  async ({ dir, random }) => {
    await using central = await CrashingCentral.start(`${dir}/bets.csv`, {
      SERVER_LISTEN_BACKLOG: "4096",
    });
    const wires = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => Wire.connect(central.port)),
    );
    const sent = wires.map((_, i) => madeBets(i + 1, random));
    const start = performance.now();
    const durations = await Promise.all(wires.map(async (wire, i) => {
      await sendBatches(wire, sent[i]!);
      return performance.now() - start;
    }));
    for (const wire of wires) wire.close();
    durations.sort((a, b) => a - b);
    const median = durations[durations.length >> 1]!;
    assertLess(durations.at(-1)!, FAIRNESS * median);
    await central.stop();
    await assertStoredOnce(central.store, sent);
  },
);

function madeBets(agency: number, random: Chance): Sent {
  return {
    agency,
    fingerprint: randomSource(random),
    rows: randomRows(random, BATCHES * BATCH_SIZE),
  };
}

async function sendBatches(
  wire: Wire,
  { agency, fingerprint, rows }: Sent,
): Promise<void> {
  for (let betIndex = 0; betIndex < rows.length; betIndex += BATCH_SIZE) {
    const batch = rows.slice(betIndex, betIndex + BATCH_SIZE);
    const reply = await wire.ask(
      betFrame({ agency, fingerprint, betIndex, rows: batch }),
    );
    if (reply?.type !== Type.OK) {
      throw new Error(`Cannot store batch of ${agency}: type ${reply?.type}`);
    }
  }
}
