import { assertEquals } from "@std/assert";
import {
  type MadeFile,
  makeFile,
  randomRow,
  winnersOf,
} from "../../support/made_bets.ts";
import { testFault as test } from "../../faults/plan.ts";
import { runAgency } from "../../faults/sending_agency.ts";
import { askWinners, betOf } from "../../support/draw_wire.ts";
import { betFrame, Code, readError, Type } from "../../support/frames.ts";
import type { Random } from "../../support/random_bets.ts";
import { Wire } from "../../support/wire.ts";
import { Cluster } from "../support/cluster.ts";
import { assertStored, startOn } from "../support/database_central.ts";

const AGENCIES = [1, 2, 3, 4, 5];
const MAX_BETS = 3_000;
const WIN_CHANCE = 0.01;
const DRAW = { SERVER_DRAW_AGENCIES: String(AGENCIES.length) };

test("two centrals store every bet once and hold one draw", async ({ dir, random }) => {
  await using cluster = await Cluster.start();
  const files = await Promise.all(
    AGENCIES.map((agency) => makeWinningFile(dir, agency, random)),
  );
  // Both create the tables.
  const centrals = await Promise.all([
    startOn(cluster.url, DRAW),
    startOn(cluster.url, DRAW),
  ]);
  await using one = centrals[0]!;
  await using other = centrals[1]!;
  for (let time = 1; time <= 2; time++) {
    await Promise.all(files.map(async (file, i) => {
      const { port } = (i + time) % 2 === 0 ? one : other;
      await runAgency(file, port, {
        CLI_DRAW_AWAIT: "true",
        CLI_BATCH_MAXAMOUNT: "40",
      });
    }));
    await assertStored(cluster, files);
  }
  for (const file of files) {
    for (const { port } of [one, other]) {
      const winners = await askWinners(port, file.agency);
      assertEquals(winners, winnersOf(file), file.path);
    }
  }
  const held = [...one.program.lines, ...other.program.lines]
    .filter((line) => line.includes("action: sorteo | result: success"));
  assertEquals(held.length, 1);
  for (const { port } of [one, other]) await assertClosed(port, files[0]!);
  await assertStored(cluster, files);
  // A central that starts later knows the draw too.
  await other.crash();
  await other.restart();
  await assertClosed(other.port, files[0]!);
  await one.stop();
  await other.stop();
});

/** A stored bet is answered with OK, any other is refused. */
async function assertClosed(port: number, file: MadeFile): Promise<void> {
  const { agency, fingerprint, rows } = file;
  using wire = await Wire.connect(port);
  const stored = betFrame({ agency, fingerprint, rows: rows.slice(0, 5) });
  assertEquals((await wire.ask(stored))?.type, Type.OK);
  const late = await wire.ask(betFrame({ agency, rows: [betOf("1")] }));
  assertEquals(readError(late).code, Code.BETTING_CLOSED);
  const unknown = await wire.ask(betFrame({ agency: 6, rows: [betOf("1")] }));
  assertEquals(readError(unknown).code, Code.UNKNOWN_AGENCY);
}

function makeWinningFile(
  dir: string,
  agency: number,
  random: Random,
): Promise<MadeFile> {
  const count = random.between(1, MAX_BETS);
  const rows = Array.from({ length: count }, () => {
    const row = randomRow(random);
    return random.happens(WIN_CHANCE) ? row.with(4, "7574") : row;
  });
  return makeFile(`${dir}/agency-${agency}.csv`, agency, rows);
}
